import ArgumentParser
import NIOCore
import STOMPBroker
import STOMPCore
import StomptapRuntime

/// `FROM=TO`.
struct RouteArgument: Sendable {
    let from: String
    let to: String

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw ValidationError("expected FROM=TO, such as /pub/messages=/sub/message")
        }
        (from, to) = (parts[0], parts[1])
    }
}

/// `USER:PASSCODE`.
struct LoginArgument: Sendable {
    let user: String
    let passcode: String

    init(_ text: String) throws {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
            throw ValidationError("expected USER:PASSCODE")
        }
        user = String(text[..<colon])
        passcode = String(text[text.index(after: colon)...])
    }

    static func table(_ logins: [LoginArgument]) -> [String: String] {
        Dictionary(logins.map { ($0.user, $0.passcode) }) { _, last in last }
    }
}

/// `--fail`: `connect|subscribe|send[:REGEX]=TEXT`.
struct FailArgument: Sendable {
    /// The maximum number of bytes of the headers, and of the body, that is searched, because the cost of an
    /// expression may grow with it.
    static let searched = 4 << 10

    let denial: BrokerDenial

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let rule = parts[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let subjects: [Substring: BrokerDenial.Subject] = [
            "connect": .connect, "subscribe": .subscribe, "send": .send,
        ]
        guard parts.count == 2, let subject = subjects[rule[0]] else {
            throw ValidationError(
                "expected connect, subscribe or send, optionally :REGEX, then =TEXT, such as "
                    + "'send:destination:/topic/admin=Access denied'; write = in REGEX as \\x3d")
        }
        var denial = BrokerDenial(subject, text: String(parts[1]))
        if rule.count == 2 {
            let pattern = try BodyPattern(String(rule[1]))
            denial.matches = { frame in Self.matches(frame, pattern, searchesBody: subject == .send) }
            denial.runner = { work, callBack in BodyPattern.search(work, then: callBack) }
        }
        self.denial = denial
    }

    private static func matches(_ frame: Frame, _ pattern: BodyPattern, searchesBody: Bool) -> Bool {
        var left = searched
        for header in frame.headers {
            let line = "\(header.name):\(header.value)".utf8.prefix(left)
            if pattern.matches(ByteBuffer(bytes: line)) { return true }
            left -= line.count
            guard left > 0 else { break }
        }
        guard searchesBody else { return false }
        let body = frame.body
        return pattern.matches(ByteBuffer(bytes: body.readableBytesView.prefix(searched)))
    }
}

/// `--refuse-handshake`: an HTTP status.
struct RefusedHandshakeArgument: Sendable {
    let status: Int

    init(_ text: String) throws {
        guard let status = Int(text), [200, 302, 401, 403].contains(status) else {
            throw ValidationError("expected 200, 302, 401 or 403")
        }
        self.status = status
    }
}

extension ServerProfile: ExpressibleByArgument {}
extension ServletContainer: ExpressibleByArgument {}
