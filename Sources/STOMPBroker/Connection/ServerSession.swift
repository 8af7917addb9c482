import STOMPCore

/// The server's side of a STOMP session, from CONNECT to its end.
///
/// A value without I/O and without a clock: tell it what came, and do what it says.
struct ServerSession {
    enum Action {
        /// The session is open: send CONNECTED, and go on in this version with these heart-beats.
        case open(ServerFrame, STOMPVersion, HeartBeat)
        /// Perform the request, then send the receipt, if there is one. If the request fails, tell ``refuse(_:frame:)``.
        case perform(ClientRequest, receipt: ServerFrame?)
        /// The client says goodbye: send the receipt, if there is one, and close.
        case disconnect(receipt: ServerFrame?)
        /// The session is over because of this error: send ERROR, and close when it has left.
        case refuse(BrokerError, ServerFrame)
        /// The session is over: what still comes means nothing.
        case ignore
    }

    /// What a session is opened by.
    struct Policy: Sendable {
        /// Passcodes by login; nil lets everybody in.
        var logins: [String: String]?
        /// What this side offers and wants.
        var heartBeat = HeartBeat(outgoing: 10_000, incoming: 10_000)
        /// What CONNECTED names as the server.
        var server = "stomptap"
    }

    private enum State {
        case waiting
        case open(STOMPVersion)
        case over
    }

    private let name: String
    private let policy: Policy
    private var state = State.waiting

    /// - Parameter name: the `session` header of CONNECTED.
    init(name: String, policy: Policy) {
        self.name = name
        self.policy = policy
    }

    /// The version that was agreed on; nil before that.
    var version: STOMPVersion? {
        if case .open(let version) = state { version } else { nil }
    }

    /// A frame came.
    mutating func receive(_ frame: Frame) -> Action {
        do throws(BrokerError) {
            switch (state, frame.command) {
            case (.over, _): return .ignore
            case (.waiting, .connect), (.waiting, .stomp): return try open(frame)
            case (.waiting, _):
                throw BrokerError(
                    .unexpectedFrame, "the first frame must be CONNECT or STOMP, and not \(frame.command)")
            case (.open, .connect), (.open, .stomp):
                throw BrokerError(.unexpectedFrame, "the session is open already: \(frame.command) comes once")
            case (.open, .disconnect):
                state = .over
                return .disconnect(receipt: receipt(of: frame))
            case (.open(let version), _):
                guard let request = try ClientRequest(frame, version: version) else {
                    throw BrokerError(
                        .unexpectedFrame, "\(frame.command) is a server's frame: a client does not send it")
                }
                return .perform(request, receipt: receipt(of: frame))
            }
        } catch {
            return refuse(error, frame: frame)
        }
    }

    /// What came is no frame.
    mutating func receive(_ error: STOMPProtocolError) -> Action {
        refuse(BrokerError(error.isLimit ? .limitExceeded : .malformedFrame, error.message))
    }

    /// Ends the session with an ERROR, after which a server must close (STOMP 1.2, "ERROR").
    mutating func refuse(_ error: BrokerError, frame: Frame? = nil) -> Action {
        if case .over = state { return .ignore }
        state = .over
        var headers: HeaderList = ["message": error.code.description, "content-type": "text/plain"]
        if error.code == .unsupportedVersion {
            headers.append("version", STOMPVersion.allCases.map(\.rawValue).joined(separator: ","))
        }
        headers["receipt-id"] = frame?.headers["receipt"]
        return .refuse(error, ServerFrame(.error, headers, body: error.explanation + "\n"))
    }

    private mutating func open(_ frame: Frame) throws(BrokerError) -> Action {
        let offered = frame.headers["accept-version"]
        guard let version = STOMPVersion.negotiate(offered: offered, supported: STOMPVersion.allCases) else {
            throw BrokerError(.unsupportedVersion, "this broker speaks STOMP 1.0, 1.1 and 1.2, not \(offered ?? "")")
        }
        try checkLogin(frame)
        var headers: HeaderList = ["version": version.rawValue, "session": name, "server": policy.server]
        var heartBeat = HeartBeat.none
        if version > .v10 {
            heartBeat = policy.heartBeat.negotiated(with: try frame.heartBeat())
            headers.append("heart-beat", policy.heartBeat.description)
        }
        state = .open(version)
        return .open(ServerFrame(.connected, headers), version, heartBeat)
    }

    private func checkLogin(_ frame: Frame) throws(BrokerError) {
        guard let logins = policy.logins else { return }
        guard let login = frame.headers["login"] else {
            throw BrokerError(.badCredentials, "this broker wants a login and a passcode")
        }
        guard let passcode = logins[login], frame.headers["passcode"] == passcode else {
            throw BrokerError(.badCredentials, "the login \(login.debugDescription) or its passcode is wrong")
        }
    }

    private func receipt(of frame: Frame) -> ServerFrame? {
        frame.headers["receipt"].map { ServerFrame(.receipt, ["receipt-id": $0]) }
    }
}

/// A frame for the client, other than MESSAGE.
struct ServerFrame: Equatable {
    var command: Command
    var headers: HeaderList
    var body: String

    init(_ command: Command, _ headers: HeaderList, body: String = "") {
        self.command = command
        self.headers = headers
        self.body = body
    }
}

extension Frame {
    fileprivate func heartBeat() throws(BrokerError) -> HeartBeat {
        do {
            return try HeartBeat(header: headers["heart-beat"])
        } catch {
            throw BrokerError(.badHeader, error.message)
        }
    }
}
