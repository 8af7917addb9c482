import STOMPCore

/// A session as Spring's STOMP endpoint with its simple broker has it: silent about most of what goes wrong, and about
/// most receipts.
struct SpringSession: ServerSession {
    private enum State {
        case waiting
        case open(STOMPVersion)
        case over
    }

    private let policy: SessionPolicy
    private var state = State.waiting

    init(policy: SessionPolicy) {
        self.policy = policy
    }

    var version: STOMPVersion? {
        if case .open(let version) = state { version } else { nil }
    }

    mutating func receive(_ frame: Frame) -> SessionAction {
        switch (state, frame.command) {
        case (.waiting, .connect), (.waiting, .stomp): connect(frame)
        case (.open, .disconnect): disconnect(frame)
        case (.open, .subscribe): request(frame).map { .performLater($0) } ?? .ignore
        case (.open, .send), (.open, .unsubscribe): request(frame).map { .perform($0) } ?? .ignore
        // The simple broker knows neither acknowledgements nor transactions.
        default: .ignore
        }
    }

    mutating func receive(_ error: STOMPProtocolError) -> SessionAction {
        if case .frameTooLarge = error.reason {
            return refuse("The STOMP frame exceeds configured buffer size limit", .malformed(error))
        }
        return refuse(error.description, .malformed(error))
    }

    /// A handler that fails says nothing.
    mutating func failed(_ error: BrokerError, _ frame: Frame) -> SessionAction { .ignore }

    /// Spring's close status for a session that is of no use: no CONNECT came in time, or the client reads too slowly.
    static let unreliable = SessionEnding.close(
        code: 4500, reason: "Failed to send message within the configured send limit")

    mutating func end(_ error: BrokerError) -> SessionAction {
        guard case .waiting = state, error.summary == .timedOut else { return refuse("Session closed.", error) }
        state = .over
        return .end([], Self.unreliable, error)
    }

    private mutating func connect(_ frame: Frame) -> SessionAction {
        let asked: HeartBeat
        do throws(BrokerError) {
            try policy.check(frame)
            asked = try frame.heartBeat()
        } catch {
            return refuse(error.explanation, error)
        }
        var headers: HeaderList = [:]
        if let offered = frame.headers["accept-version"] {
            // Versions that are not known, 1.0 among them, fail where nobody answers for it.
            guard let version = STOMPVersion.negotiate(offered: offered, supported: [.v11, .v12]) else {
                return .ignore
            }
            headers["version"] = version.rawValue
            state = .open(version)
        } else {
            state = .open(.v10)
        }
        headers["heart-beat"] = policy.heartBeat.description
        if policy.logins != nil { headers["user-name"] = frame.headers["login"] }
        // Whatever the version, headers are escaped in one way.
        return .open(ServerFrame(.connected, headers), .v12, policy.heartBeat.negotiated(with: asked))
    }

    /// The only receipt there is. Without one asked for, what is sent in its place is an ERROR.
    private mutating func disconnect(_ frame: Frame) -> SessionAction {
        guard let receipt = ServerFrame.receipt(of: frame) else { return refuse("Session closed.", nil) }
        state = .over
        return .end([receipt], .leave, nil)
    }

    /// Each ERROR is followed by a close.
    private mutating func refuse(_ message: String, _ error: BrokerError?) -> SessionAction {
        if case .over = state { return .ignore }
        state = .over
        return .end([ServerFrame(.error, ["message": message])], .close(code: 1002), error)
    }

    /// What the simple broker makes of a frame; nothing where a header is missing or the destination is not served.
    private func request(_ frame: Frame) -> ClientRequest? {
        switch (frame.command, frame.headers["destination"], frame.headers["id"]) {
        case (.send, let destination?, _) where serves(destination):
            .send(Message(destination: destination, frame: frame), transaction: nil)
        case (.subscribe, let destination?, let id?) where serves(destination):
            .subscribe(.id(id), destination: destination, .auto)
        case (.unsubscribe, _, let id?): .unsubscribe(.id(id))
        default: nil
        }
    }

    private func serves(_ destination: String) -> Bool {
        policy.destinationPrefixes.contains { destination.hasPrefix($0) }
    }
}
