import NIOCore
import STOMPTransport
import StomptapOutput

/// Reads the steps of opening a session off what the wire tells, each with the time since the step before it.
struct CheckWalk: Sendable {
    /// How many days before a certificate ends it should be renewed.
    static let fewDays = 14

    private var stepEnded: NIODeadline
    /// What was asked for and not yet answered.
    private var request: Request?
    /// How long the answer took that is known to be the wrong one, whose reason is told next.
    private var refusedIn: TimeAmount?
    /// The answer of SockJS's `/info`, until it is known whether it is one.
    private var info: CheckStep?
    private var connectSent: NIODeadline?
    /// When the connection ended that CONNECT went over.
    private var ended: NIODeadline?
    /// Whether HTTP is spoken.
    private var isWeb = false
    private var seen: Set<CheckStep.Name> = []
    /// For a certificate's days.
    private let now: Timestamp

    private struct Request {
        var line: String
        var isUpgrade: Bool
        var time: NIODeadline
    }

    init(start: NIODeadline, now: Timestamp) {
        stepEnded = start
        self.now = now
    }

    /// The steps that an event ends.
    mutating func take(_ event: WireEvent, at time: NIODeadline) -> [CheckStep] {
        switch event.content {
        case .connecting where event.layer == .tcp:
            // What went before, reading the authorities to trust for one, is this machine's own time.
            stepEnded = time
            return foundSockJS()
        case .connected where event.layer == .tcp:
            // A SockJS session has several connections; the first one shows how long it takes.
            let duration = end(at: time)
            return seen.insert(.tcp).inserted ? [CheckStep(.tcp, .ok, duration, event.text)] : []
        case .closed where event.layer == .tcp:
            // Over HTTP it may be another one than the session's.
            if connectSent != nil, !isWeb { ended = ended ?? time }
            return []
        case .handshakeDone(let summary):
            guard seen.insert(.tls).inserted else { return [] }
            return [CheckStep(.tls, .ok, end(at: time), summary.description), certificate(summary)]
        default: break
        }
        switch (event.layer, event.direction) {
        case (.proxy, .incoming) where event.detail == .layers:
            return [CheckStep(.proxy, .ok, end(at: time), event.text)]
        case (.http, .outgoing):
            let head = event.octets.map { String(buffer: $0).lowercased() } ?? ""
            isWeb = true
            request = Request(line: event.text, isUpgrade: head.contains("upgrade: websocket"), time: time)
            return foundSockJS()
        case (.http, .incoming):
            guard let request else { return [] }
            self.request = nil
            stepEnded = time
            return answered(request, by: event.text, in: time - request.time)
        case (.sockjs, .local):
            defer { (info, refusedIn) = (nil, nil) }
            let goesOn = event.text.contains(": trying ")
            return [CheckStep(.sockjs, goesOn ? .warn : .ok, info?.duration ?? refusedIn, event.text)]
        case (.stomp, .outgoing) where event.detail == .frames && connectSent == nil:
            connectSent = time
            return []
        default:
            return []
        }
    }

    /// How long CONNECTED has taken, for a session that opened at `time`; nil where CONNECT was not seen.
    func connected(at time: NIODeadline) -> TimeAmount? {
        connectSent.map { time - $0 }
    }

    /// The step that a failure at `time` in this layer ends.
    func failed(in layer: String, at time: NIODeadline, _ message: String, remedy: String?) -> CheckStep {
        var name = CheckStep.Name(layer: layer)
        // A connection that breaks later on breaks off another step.
        if name == .tcp, seen.contains(.tcp) {
            name = connectSent != nil ? .stomp : request.map { $0.isUpgrade ? .upgrade : .http } ?? .tcp
        }
        let began = request?.time ?? connectSent ?? stepEnded
        let duration = refusedIn ?? info?.duration ?? (ended ?? time) - began
        return CheckStep(name, .fail, duration, message, remedy: remedy)
    }

    private mutating func end(at time: NIODeadline) -> TimeAmount {
        defer { stepEnded = time }
        return time - stepEnded
    }

    /// What comes next shows that the answer of `/info` was one; where a WebSocket was refused before, it was asked only
    /// to explain that.
    private mutating func foundSockJS() -> [CheckStep] {
        defer { info = nil }
        return info.map { [$0] } ?? []
    }

    private mutating func answered(
        _ request: Request, by status: String, in duration: TimeAmount
    ) -> [CheckStep] {
        let words = request.line.split(separator: " ")
        let target = words.count > 1 ? String(words[1]) : request.line
        let answer = status.split(separator: " ").dropFirst().joined(separator: " ")
        let path = target.prefix { $0 != "?" }
        if answer.hasPrefix("101") { return [CheckStep(.upgrade, .ok, duration, "\(target): \(answer)")] }
        if request.isUpgrade {
            refusedIn = duration
            return []
        }
        if path.hasSuffix("/info") {
            if refusedIn == nil { info = CheckStep(.sockjs, .ok, duration, "\(target): \(answer)") }
            return []
        }
        // The polls of a session that is open come again and again.
        guard seen.insert(.http).inserted || !answer.hasPrefix("2") else { return [] }
        return [CheckStep(.http, answer.hasPrefix("2") ? .ok : .warn, duration, "\(target): \(answer)")]
    }

    private func certificate(_ summary: TLSSummary) -> CheckStep {
        guard let certificate = summary.chain.first else { return CheckStep(.tls, .ok, nil, "no certificate") }
        let name = certificate.subject.isEmpty ? certificate.names.first ?? certificate.sha256 : certificate.subject
        let days = certificate.notAfter.map { ($0 - Int(now.nanoseconds / 1_000_000_000)) / 86400 }
        let left = days.map { $0 == 1 ? "1 day left" : "\($0) days left" } ?? "no readable end"
        let chain = summary.chain.count == 1 ? "1 certificate" : "\(summary.chain.count) certificates"
        let detail = "\(name), \(left), chain of \(chain)"
        switch summary.trust {
        case .unverified(let failures):
            return CheckStep(
                .tls, .warn, nil, "\(detail), not verified: \(failures.map(\.sentence).joined(separator: ", "))",
                remedy: "leave out -k, or trust it by --ca FILE")
        case .verified(_, let source):
            let isOld = days.map { $0 < Self.fewDays } ?? false
            return CheckStep(
                .tls, isOld ? .warn : .ok, nil, "\(detail), verified by \(source.text)",
                remedy: isOld ? "renew it" : nil)
        case .notAsked:
            return CheckStep(.tls, .ok, nil, detail)
        }
    }
}

extension CheckStep.Name {
    /// The step in which a failure of this layer shows.
    fileprivate init(layer: String) {
        switch layer {
        case "WebSocket": self = .upgrade
        default: self = CheckStep.Name(rawValue: layer.lowercased()) ?? .stomp
        }
    }
}
