import NIOCore
import STOMPTransport

/// Reads the steps of opening a session off what the wire tells, each with the time since the step before it.
struct CheckWalk: Sendable {
    /// How many days before a certificate ends it should be renewed.
    static let fewDays = 14

    private var stepEnded: NIODeadline
    /// What was asked for and not yet answered.
    private var request: (line: String, at: NIODeadline)?
    private var connectSent: NIODeadline?
    private var seen: Set<CheckStep.Name> = []
    /// For a certificate's days.
    private let now: Timestamp

    init(start: NIODeadline, now: Timestamp) {
        stepEnded = start
        self.now = now
    }

    /// The steps that an event ends.
    mutating func take(_ event: WireEvent, at time: NIODeadline) -> [CheckStep] {
        switch (event.layer, event.direction) {
        case (.tcp, .local) where seen.insert(.tcp).inserted:
            return [CheckStep(.tcp, .ok, end(at: time), event.summary)]
        case (.tcp, .local):
            // A SockJS session has several connections; the first one shows how long it takes.
            stepEnded = time
            return []
        case (.proxy, .incoming):
            return [CheckStep(.proxy, .ok, end(at: time), event.summary)]
        case (.tls, .local):
            guard let summary = event.tls, seen.insert(.tls).inserted else { return [] }
            return [CheckStep(.tls, .ok, end(at: time), summary.description), certificate(summary)]
        case (.http, .outgoing):
            request = (event.summary, time)
            return []
        case (.http, .incoming):
            guard let request else { return [] }
            self.request = nil
            stepEnded = time
            return answered(request.line, by: event.summary, in: time - request.at)
        case (.sockjs, .local):
            return [CheckStep(.sockjs, .ok, nil, event.summary)]
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

    private mutating func end(at time: NIODeadline) -> TimeAmount {
        defer { stepEnded = time }
        return time - stepEnded
    }

    private mutating func answered(_ request: String, by status: String, in duration: TimeAmount) -> [CheckStep] {
        let words = request.split(separator: " ")
        let target = words.count > 1 ? String(words[1]) : request
        let answer = status.split(separator: " ").dropFirst().joined(separator: " ")
        let path = target.prefix { $0 != "?" }
        if answer.hasPrefix("101") { return [CheckStep(.upgrade, .ok, duration, "\(target): \(answer)")] }
        if path.hasSuffix("/info") {
            return [CheckStep(.sockjs, answer.hasPrefix("200") ? .ok : .warn, duration, "\(target): \(answer)")]
        }
        // The polls of a session that is open come again and again.
        guard seen.insert(.http).inserted || !answer.hasPrefix("2") else { return [] }
        return [CheckStep(.http, answer.hasPrefix("2") ? .ok : .warn, duration, "\(target): \(answer)")]
    }

    private func certificate(_ summary: TLSSummary) -> CheckStep {
        guard let certificate = summary.chain.first else { return CheckStep(.tls, .ok, nil, "no certificate") }
        let name = certificate.subject.isEmpty ? certificate.names.first ?? certificate.sha256 : certificate.subject
        let days = certificate.notAfter.map { ($0 - Int(now.nanoseconds / 1_000_000_000)) / 86400 }
        let left = days.map { "\($0) days left" } ?? "no readable end"
        let chain = summary.chain.count == 1 ? "1 certificate" : "\(summary.chain.count) certificates"
        let detail = "\(name), \(left), chain of \(chain)"
        switch summary.trust {
        case .unverified(let reasons):
            return CheckStep(
                .tls, .warn, nil, "\(detail), not verified: \(reasons.joined(separator: ", "))",
                remedy: "leave out -k, or trust it by --ca FILE")
        case .verified(_, let source):
            let isOld = days.map { $0 < Self.fewDays } ?? false
            return CheckStep(
                .tls, isOld ? .warn : .ok, nil, "\(detail), verified by \(source)",
                remedy: isOld ? "renew it" : nil)
        case .notAsked:
            return CheckStep(.tls, .ok, nil, detail)
        }
    }
}
