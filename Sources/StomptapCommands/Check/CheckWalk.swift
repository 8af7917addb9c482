import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// Turns wire events into the steps of opening a session, each with the time since the previous step.
struct CheckWalk: Sendable {
    /// A certificate that expires in fewer days than this gets a warning.
    static let fewDays = 14

    private var stepEnded: NIODeadline
    /// The request that is not answered yet.
    private var request: Request?
    /// How long a response took that rejected the WebSocket; the event that follows has the reason.
    private var refusedIn: TimeAmount?
    /// The response of SockJS's `/info`, until it is known whether the server speaks SockJS.
    private var info: CheckStep?
    private var connectSent: NIODeadline?
    /// When the connection ended on which CONNECT was sent.
    private var ended: NIODeadline?
    /// Whether the session uses HTTP.
    private var isWeb = false
    private var seen: Set<CheckStep.Name> = []
    /// The current time, for the days until a certificate expires.
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

    /// The steps that end with this event.
    mutating func receive(_ event: WireEvent, at time: NIODeadline) -> [CheckStep] {
        switch event.content {
        case .connecting where event.layer == .tcp:
            // The time before, for example for loading CA certificates, was spent on this machine.
            stepEnded = time
            return foundSockJS()
        case .connected where event.layer == .tcp:
            // A SockJS session has several connections; only the first one is timed.
            let duration = end(at: time)
            return seen.insert(.tcp).inserted ? [CheckStep(.tcp, .ok, duration, event.text)] : []
        case .fellBack, .fellBackToWebSocket: return [endSockJS(.warn, event)]
        case .sockJSOpened: return [endSockJS(.ok, event)]
        case .closed where event.layer == .tcp:
            // Over HTTP it may be a connection other than the session's.
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

    /// The time from CONNECT to CONNECTED, for a session that opened at `time`; nil if CONNECT was not seen.
    func connected(at time: NIODeadline) -> TimeAmount? {
        connectSent.map { time - $0 }
    }

    /// The step that ends with a failure at `time` in this layer.
    func failed(in layer: String, at time: NIODeadline, _ message: String, remedy: String?) -> CheckStep {
        var name = CheckStep.Name(layer: layer)
        // A connection that breaks after it was opened is a failure of a later step.
        if name == .tcp, seen.contains(.tcp) {
            name = connectSent != nil ? .stomp : request.map { $0.isUpgrade ? .upgrade : .http } ?? .tcp
        }
        let began = request?.time ?? connectSent ?? stepEnded
        let duration = refusedIn ?? info?.duration ?? (ended ?? time) - began
        return CheckStep(name, .fail, duration, message, remedy: remedy)
    }

    /// Ends the SockJS step: SockJS, or one of its transports, has succeeded or failed.
    private mutating func endSockJS(_ result: CheckStep.Result, _ event: WireEvent) -> CheckStep {
        defer { (info, refusedIn) = (nil, nil) }
        return CheckStep(.sockjs, result, info?.duration ?? refusedIn, event.text)
    }

    private mutating func end(at time: NIODeadline) -> TimeAmount {
        defer { stepEnded = time }
        return time - stepEnded
    }

    /// The `/info` step, once a later event confirms that the response was valid. There is none if a WebSocket was
    /// rejected before: `/info` was then requested only to explain that.
    private mutating func foundSockJS() -> [CheckStep] {
        defer { info = nil }
        return info.map { [$0] } ?? []
    }

    /// - Parameters:
    ///   - status: nil if the response is not HTTP.
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
        // An open session polls repeatedly; only the first success is reported.
        let isSuccess = status.map { (200..<300).contains($0) } ?? false
        guard seen.insert(.http).inserted || !isSuccess else { return [] }
        return [CheckStep(.http, isSuccess ? .ok : .warn, duration, "\(target): \(answer)")]
    }

    private func certificate(_ summary: TLSSummary) -> CheckStep {
        guard let certificate = summary.chain.first else { return CheckStep(.tls, .ok, nil, "no certificate") }
        let name = certificate.subject.isEmpty ? certificate.names.first ?? certificate.sha256 : certificate.subject
        let days = certificate.notAfter.map { ($0 - Int(now.nanoseconds / 1_000_000_000)) / 86400 }
        let left = days.map { $0 == 1 ? "1 day left" : "\($0) days left" } ?? "no valid expiry date"
        let chain = summary.chain.count == 1 ? "1 certificate" : "\(summary.chain.count) certificates"
        let detail = "\(name), \(left), chain of \(chain)"
        switch summary.trust {
        case .unverified(let failures):
            return CheckStep(
                .tls, .warn, nil, "\(detail), not verified: \(failures.map(\.sentence).joined(separator: ", "))",
                remedy: "remove -k, or trust it with --ca FILE")
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
    /// The step to which a failure of this layer belongs.
    fileprivate init(layer: String) {
        switch layer {
        case "WebSocket": self = .upgrade
        default: self = CheckStep.Name(rawValue: layer.lowercased()) ?? .stomp
        }
    }
}

/// Resolves host names.
enum NameLookup {
    /// The addresses of a host, in numeric form.
    ///
    /// - Parameter ask: the blocking look-up; it is abandoned if it takes too long.
    /// - Throws: `STOMPClientError`, `CancellationError`.
    static func addresses(
        of host: String, within limit: Duration, by ask: @escaping @Sendable (String) throws -> [String] = ask
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: [String].self) { group in
            group.addTask { try await BlockingThread.names.run { try ask(host) } }
            group.addTask {
                try await Task.sleep(for: limit)
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
