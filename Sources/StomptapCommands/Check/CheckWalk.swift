import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

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
        var target: String
        var isUpgrade: Bool
        var time: NIODeadline
    }

    init(start: NIODeadline, now: Timestamp) {
        stepEnded = start
        self.now = now
    }

    /// The steps that an event ends.
    mutating func receive(_ event: WireEvent, at time: NIODeadline) -> [CheckStep] {
        switch event.content {
        case .connecting where event.layer == .tcp:
            // What went before, reading the authorities to trust for one, is this machine's own time.
            stepEnded = time
            return foundSockJS()
        case .connected where event.layer == .tcp:
            // A SockJS session has several connections; the first one shows how long it takes.
            let duration = end(at: time)
            return seen.insert(.tcp).inserted ? [CheckStep(.tcp, .ok, duration, event.text)] : []
        case .fellBack, .fellBackToWebSocket: return [endSockJS(.warn, event)]
        case .sockJSOpened: return [endSockJS(.ok, event)]
        case .closed where event.layer == .tcp:
            // Over HTTP it may be another one than the session's.
            if connectSent != nil, !isWeb { ended = ended ?? time }
            return []
        case .handshakeDone(let summary):
            guard seen.insert(.tls).inserted else { return [] }
            return [CheckStep(.tls, .ok, end(at: time), summary.description), certificate(summary)]
        case .responseHead where event.layer == .proxy, .unreadableHead where event.layer == .proxy,
            .socks(.succeeded):
            return [CheckStep(.proxy, .ok, end(at: time), event.text)]
        case .requestHead(_, let target, _, let wantsWebSocket) where event.layer == .http:
            isWeb = true
            request = Request(target: target, isUpgrade: wantsWebSocket, time: time)
            return foundSockJS()
        case .responseHead(_, let status, let reason) where event.layer == .http:
            let words = (reason ?? "").split(separator: " ")
            return answered(status, (["\(status)"] + words).joined(separator: " "), at: time)
        case .unreadableHead(let line) where event.layer == .http:
            return answered(nil, line.split(separator: " ").dropFirst().joined(separator: " "), at: time)
        default: break
        }
        switch (event.layer, event.direction) {
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

    /// It is known what became of SockJS, or of one of its transports.
    private mutating func endSockJS(_ result: CheckStep.Result, _ event: WireEvent) -> CheckStep {
        defer { (info, refusedIn) = (nil, nil) }
        return CheckStep(.sockjs, result, info?.duration ?? refusedIn, event.text)
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

    /// - Parameters:
    ///   - status: nil where what came is no HTTP.
    ///   - answer: the status and the reason phrase.
    private mutating func answered(_ status: Int?, _ answer: String, at time: NIODeadline) -> [CheckStep] {
        guard let request else { return [] }
        self.request = nil
        stepEnded = time
        let (target, duration) = (request.target, time - request.time)
        let path = target.prefix { $0 != "?" }
        if status == 101 { return [CheckStep(.upgrade, .ok, duration, "\(target): \(answer)")] }
        if request.isUpgrade {
            refusedIn = duration
            return []
        }
        if path.hasSuffix("/info") {
            if refusedIn == nil { info = CheckStep(.sockjs, .ok, duration, "\(target): \(answer)") }
            return []
        }
        // The polls of a session that is open come again and again.
        let isSuccess = status.map { (200..<300).contains($0) } ?? false
        guard seen.insert(.http).inserted || !isSuccess else { return [] }
        return [CheckStep(.http, isSuccess ? .ok : .warn, duration, "\(target): \(answer)")]
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

/// The name service.
enum NameLookup {
    /// The addresses of a host, as numbers.
    ///
    /// - Parameter ask: blocks for as long as the service takes; it is left behind where that is too long.
    /// - Throws: `STOMPClientError`, `CancellationError`.
    static func addresses(
        of host: String, within limit: TimeAmount, by ask: @escaping @Sendable (String) throws -> [String] = ask
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: [String].self) { group in
            group.addTask { try await BlockingThread.names.run { try ask(host) } }
            group.addTask {
                try await Task.sleep(nanoseconds: UInt64(limit.nanoseconds))
                throw STOMPClientError.transport(.name(.noAnswer(for: host, within: limit)))
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    /// - Throws: `STOMPClientError`.
    private static func ask(_ host: String) throws -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &found)
        guard status == 0 else {
            let cause = status == EAI_NONAME ? nil : String(cString: gai_strerror(status))
            throw STOMPClientError.transport(.name(.noSuchHost(host, cause: cause)))
        }
        defer { freeaddrinfo(found) }
        return sequence(first: found) { $0?.pointee.ai_next }.compactMap { entry in
            guard let entry = entry?.pointee else { return nil }
            return String(unsafeUninitializedCapacity: Int(NI_MAXHOST)) { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    getnameinfo(
                        entry.ai_addr, entry.ai_addrlen, text.baseAddress, socklen_t(text.count), nil, 0,
                        NI_NUMERICHOST) == 0 ? text.baseAddress.map { strlen($0) } ?? 0 : 0
                }
            }
        }.filter { !$0.isEmpty }
    }
}
