import NIOCore
import STOMPTransport
import TestSupport
import Testing

/// The errors for a proxy that misbehaves; no connection may stay open.
@Suite struct ProxyFailureTests {
    private static let target = TransportTarget.tcp(61613, host: "broker.invalid")

    /// The error when connecting through such a proxy, and the proxy's URL.
    private static func failure(
        _ manner: ScriptedProxy.Manner, proxy scheme: String = "http://", within limit: TimeAmount = .seconds(20),
        target: TransportTarget = target
    ) async throws -> (error: TransportError?, proxy: String) {
        let proxy = try await ScriptedProxy(manner)
        var options = TransportOptions()
        let proxyTarget = try ProxyTarget("\(scheme)127.0.0.1:\(proxy.port)")
        options.proxy = proxyTarget
        let error = await transportError {
            let stream = try await TransportConnector(options: options).connect(
                to: target, on: group.next(), deadline: .now() + limit, receiver: Inbox().factory)
            stream.abort()
        }
        try await Self.waitForEnd(of: proxy)
        await proxy.stop()
        return (error, "\(proxyTarget)")
    }

    /// Waits until the only connection has ended.
    private static func waitForEnd(of proxy: ScriptedProxy) async throws {
        try await eventually {
            proxy.connections == (1, 1) ? () : nil
        } otherwise: {
            "\(proxy.connections)"
        }
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        var bytes: String
        var closes = false
        var code: TransportError.Kind
        /// Receives the URL of the proxy.
        var failure: @Sendable (String) -> ProxyFailure
        var testDescription: String { bytes.debugDescription }

        static func refusal(
            _ bytes: String, closes: Bool = false, _ code: TransportError.Kind, _ status: Int, _ reason: String
        ) -> Answer {
            Answer(bytes: bytes, closes: closes, code: code) {
                .httpRefusal(
                    by: $0, askedFor: "broker.invalid:61613", status: status, reason: reason, withCredentials: false)
            }
        }

        static func notHTTP(_ bytes: String, _ line: String, _ spoken: ProxyTarget.Scheme? = nil) -> Answer {
            Answer(bytes: bytes, code: .protocolViolation) { .notHTTP(from: $0, firstLine: line, spoken) }
        }
    }

    @Test(arguments: [
        Answer.refusal(
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\n", .refused, 407,
            "Proxy Authentication Required"),
        .refusal("HTTP/1.0 403 Forbidden\r\n\r\n", closes: true, .refused, 403, "Forbidden"),
        .refusal("HTTP/1.1 502 \r\n\r\n<html>", .protocolViolation, 502, ""),
        .refusal("HTTP/1.1 503\r\n\r\n", .protocolViolation, 503, ""),
        .refusal("HTTP/1.1 101 Switching Protocols\r\n\r\n", .protocolViolation, 101, "Switching Protocols"),
        .notHTTP("SSH-2.0-OpenSSH_9\r\n", "SSH-2.0-OpenSSH_9"),
        .notHTTP("HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 OK"),
        .notHTTP("\u{5}\u{7F}", "\u{5}\u{7F}", .socks5),
        Answer(
            bytes: "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 20_000), code: .limitExceeded
        ) { .headTooLarge(from: $0, limit: 16384) },
        Answer(
            bytes: String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 1000), code: .limitExceeded
        ) { .tooManyInformationalAnswers(from: $0, limit: 16384) },
        Answer(bytes: "HTTP/1.1 200 OK\r\n", closes: true, code: .connectionLost) {
            .connectionClosed(by: $0, askedFor: "broker.invalid:61613", nil)
        },
    ])
    func anHTTPProxyThatMakesNoTunnel(_ answer: Answer) async throws {
        let (error, proxy) = try await Self.failure(.answer(Array(answer.bytes.utf8), closes: answer.closes))
        #expect(error == .proxy(answer.failure(proxy)))
        #expect(error?.kind == answer.code)
        #expect(error?.layer == .proxy)
    }

    @Test func credentialsThatAreNotTaken() async throws {
        let (error, proxy) = try await Self.failure(
            .answer(Array("HTTP/1.1 407 No\r\n\r\n".utf8), closes: false), proxy: "http://user:secret@")
        #expect(
            error
                == .proxy(
                    .httpRefusal(
                        by: proxy, askedFor: "broker.invalid:61613", status: 407, reason: "No", withCredentials: true)))
        #expect(error?.kind == .refused)
        #expect(error?.description.contains("secret") == false)
        #expect(String(reflecting: error).contains("secret") == false)
    }

    @Test(arguments: [
        (UInt8(1), TransportError.Kind.cannotConnect, SOCKSReply.generalFailure), (2, .refused, .notAllowed),
        (3, .cannotConnect, .networkUnreachable), (4, .cannotConnect, .hostUnreachable),
        (5, .cannotConnect, .connectionRefused), (6, .cannotConnect, .ttlExpired),
        (7, .protocolViolation, .commandNotSupported), (8, .protocolViolation, .addressTypeNotSupported),
        (99, .protocolViolation, .unknown(99)),
    ])
    func aSOCKSProxyThatMakesNoTunnel(_ code: UInt8, _ kind: TransportError.Kind, _ reply: SOCKSReply) async throws {
        let (error, proxy) = try await Self.failure(.socksReply([5, code, 0, 1, 0, 0, 0, 0, 0, 0]), proxy: "socks5://")
        #expect(error == .proxy(.socksRefusal(by: proxy, askedFor: "broker.invalid:61613", reply)))
        #expect(error?.kind == kind)
    }

    struct Bytes: Sendable, CustomTestStringConvertible {
        var bytes: [UInt8]
        var kind: TransportError.Kind
        /// Receives the URL of the proxy.
        var failure: @Sendable (String) -> ProxyFailure
        var testDescription: String { "\(bytes)" }
    }

    @Test(arguments: [
        Bytes(bytes: [5, 0xFF], kind: .refused) { .authenticationRequired(by: $0) },
        Bytes(bytes: [5, 2], kind: .refused) { .authenticationRequired(by: $0) },
        Bytes(bytes: [5, 1], kind: .protocolViolation) { .unofferedMethod(1, by: $0) },
        Bytes(bytes: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), kind: .protocolViolation) {
            .notSOCKS(from: $0, .http)
        },
        Bytes(bytes: [4, 0], kind: .protocolViolation) { .notSOCKS(from: $0, nil) },
    ])
    func whatIsNoSOCKS(_ answer: Bytes) async throws {
        let (error, proxy) = try await Self.failure(.answer(answer.bytes, closes: false), proxy: "socks5://")
        #expect(error == .proxy(answer.failure(proxy)))
        #expect(error?.kind == answer.kind)
        #expect(error?.layer == .proxy)
    }

    @Test(arguments: [
        Bytes(bytes: [5, 2, 1, 1], kind: .refused) { .credentialsRejected(by: $0) },
        Bytes(bytes: [5, 0xFF], kind: .refused) { .otherAuthenticationRequired(by: $0) },
        Bytes(bytes: [5, 2, 9], kind: .protocolViolation) { .invalidAnswer(toCredentialsBy: $0) },
    ])
    func credentialsThatSOCKSDoesNotTake(_ answer: Bytes) async throws {
        let (error, proxy) = try await Self.failure(
            .answer(answer.bytes, closes: false), proxy: "socks5://ann:s%40cret@")
        #expect(error == .proxy(answer.failure(proxy)))
        #expect(error?.kind == answer.kind)
        #expect(error?.layer == .proxy)
        #expect(error?.description.contains("cret") == false)
    }

    @Test(arguments: [[5, 0, 7], [5, 0, 0, 9], [4, 90, 0, 0]] as [[UInt8]])
    func aReplyThatIsNoSOCKS(_ reply: [UInt8]) async throws {
        let (error, proxy) = try await Self.failure(.socksReply(reply), proxy: "socks5://")
        #expect(error == .proxy(.invalidReply(toConnectBy: proxy)))
        #expect(error?.kind == .protocolViolation)
    }

    @Test(arguments: [[], [5], [5, 0], [5, 0, 5, 0, 0]] as [[UInt8]])
    func aSOCKSProxyThatBreaksOff(_ bytes: [UInt8]) async throws {
        let (error, _) = try await Self.failure(.answer(bytes, closes: true), proxy: "socks5://")
        #expect(error?.kind == .connectionLost)
        #expect(error?.layer == .proxy)
    }

    @Test(arguments: ["http://", "socks5://"]) func aProxyThatSaysNothing(_ scheme: String) async throws {
        // Long enough for TCP on a busy machine.
        let (error, proxy) = try await Self.failure(
            .answer([], closes: false), proxy: scheme, within: .seconds(3))
        #expect(error?.kind == .timedOut)
        guard case .proxy(.noAnswer(proxy, let span)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(span.readable == "3 s")
    }

    @Test func aProxyThatIsNotThere() async throws {
        let port = try Loopback.freePorts(1)[0]
        var options = TransportOptions()
        options.proxy = try ProxyTarget("http://user:secret@127.0.0.1:\(port)")
        let error = await transportError {
            _ = try await TransportConnector(options: options).connect(
                to: Self.target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
        #expect(
            error
                == .proxy(
                    .cannotReach("http://127.0.0.1:\(port)", .tcp(.connectionRefused(by: ["127.0.0.1:\(port)"])))))
        #expect(error?.kind == .cannotConnect)
        #expect(error?.layer == .proxy)
    }

    @Test func aTargetThatNoProxyCanBeAskedFor() async throws {
        var options = TransportOptions()
        options.proxy = try ProxyTarget("socks5://127.0.0.1:1")
        let long = String(repeating: "x", count: 256)
        for (host, place) in [(long, "\(long):61613"), ("a\r\nX: y", "[a\r\nX: y]:61613"), ("", ":61613")] {
            let error = await transportError {
                _ = try await TransportConnector(options: options).connect(
                    to: .tcp(61613, host: host), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
            }
            #expect(error == .proxy(.unusableTarget(place)))
            #expect(error?.kind == .badConfiguration)
        }
    }

    /// Cancelling leaves no connection open.
    @Test func cancellingEndsTheHandshake() async throws {
        let proxy = try await ScriptedProxy(.answer([], closes: false))
        var options = TransportOptions()
        options.proxy = try ProxyTarget(proxy.http)
        let connector = TransportConnector(options: options)
        let attempt = Task {
            _ = try await connector.connect(
                to: Self.target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
        try await eventually {
            proxy.connections.opened == 1 ? () : nil
        } otherwise: {
            "\(proxy.connections)"
        }
        attempt.cancel()
        await #expect(throws: CancellationError.self) { try await attempt.value }
        try await Self.waitForEnd(of: proxy)
        await proxy.stop()
    }
}
