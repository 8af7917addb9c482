import STOMPCore

/// A session that follows the specifications of STOMP 1.0, 1.1 and 1.2.
struct StandardSession: ServerSession {
    private enum State {
        case waiting
        case open(STOMPVersion)
        case over
    }

    private let name: String
    private let policy: SessionPolicy
    private var state = State.waiting

    /// - Parameter name: the `session` header of CONNECTED.
    init(name: String, policy: SessionPolicy) {
        self.name = name
        self.policy = policy
    }

    var version: STOMPVersion? {
        if case .open(let version) = state { version } else { nil }
    }

    mutating func receive(_ frame: Frame) -> SessionAction {
        do throws(BrokerError) {
            switch (state, frame.command) {
            case (.over, _):
                return .ignore(.sessionOver)
            case (.waiting, .connect), (.waiting, .stomp):
                return try open(frame)
            case (.waiting, _):
                throw .notConnected(frame.command)
            case (.open, .connect), (.open, .stomp):
                throw .alreadyConnected(frame.command)
            case (.open, .disconnect):
                state = .over
                return .end([ServerFrame.receipt(of: frame)].compactMap(\.self), .close(), nil)
            case (.open(let version), _):
                guard let request = try ClientRequest(frame, version: version) else {
                    throw .serverFrame(frame.command)
                }
                guard let receipt = ServerFrame.receipt(of: frame) else { return .perform(request) }
                return .perform(request, receipts: [receipt])
            }
        } catch {
            return refuse(error, frame)
        }
    }

    mutating func receive(_ error: STOMPProtocolError) -> SessionAction { refuse(.malformed(error), nil) }
    mutating func deny(_ text: String, _ frame: Frame) -> SessionAction { refuse(.denied(text), frame) }
    mutating func failed(_ error: BrokerError, _ frame: Frame) -> SessionAction { refuse(error, frame) }
    mutating func end(_ error: BrokerError) -> SessionAction { refuse(error, nil) }

    /// Ends the session with an ERROR; the server must then close the connection (STOMP 1.2, "ERROR").
    private mutating func refuse(_ error: BrokerError, _ frame: Frame?) -> SessionAction {
        if case .over = state { return .ignore(.sessionOver) }
        state = .over
        var headers: HeaderList = ["message": error.title, "content-type": "text/plain"]
        if error.summary == .unsupportedVersion {
            headers.append("version", STOMPVersion.allCases.map(\.rawValue).joined(separator: ","))
        }
        headers["receipt-id"] = frame?.headers["receipt"]
        return .end([ServerFrame(.error, headers, body: error.explanation + "\n")], .close(), error)
    }

    private mutating func open(_ frame: Frame) throws(BrokerError) -> SessionAction {
        let offered = frame.headers["accept-version"]
        guard let version = STOMPVersion.negotiate(offered: offered, supported: STOMPVersion.allCases) else {
            throw .unsupportedVersion(offered: offered)
        }
        try policy.check(frame)
        var headers: HeaderList = ["version": version.rawValue, "session": name, "server": policy.server]
        var heartBeat = HeartBeat.none
        if version > .v10 {
            heartBeat = policy.heartBeat.negotiated(with: try frame.heartBeat())
            headers.append("heart-beat", policy.heartBeat.description)
        }
        state = .open(version)
        return .open(ServerFrame(.connected, headers), version, heartBeat)
    }
}
