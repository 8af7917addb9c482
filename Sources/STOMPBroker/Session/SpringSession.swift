import STOMPCore

/// A session that behaves like Spring's STOMP endpoint with its simple broker: most errors are not reported, and
/// most receipts are not sent.
struct SpringSession: ServerSession {
    private enum State {
        case waiting
        case open(STOMPVersion)
        case over
    }

    private let release: SpringRelease
    private let name: String
    private let policy: SessionPolicy
    private var state = State.waiting

    init(_ release: SpringRelease = .v6, name: String = "session-1", policy: SessionPolicy) {
        self.release = release
        self.name = name
        self.policy = policy
    }

    var version: STOMPVersion? {
        if case .open(let version) = state { version } else { nil }
    }

    mutating func receive(_ frame: Frame) -> SessionAction {
        switch (state, frame.command) {
        case (.over, _): .ignore(.sessionOver)
        case (.waiting, .connect), (.waiting, .stomp): connect(frame)
        case (.waiting, _): beforeConnect(frame.command)
        case (.open, .connect), (.open, .stomp): connectAgain(frame.command)
        case (.open, .disconnect): disconnect(frame)
        case (.open, .subscribe), (.open, .send), (.open, .unsubscribe): request(frame)
        case (.open, .connected), (.open, .message), (.open, .receipt), (.open, .error): .ignore(.serverFrame)
        // The simple broker supports neither acknowledgements nor transactions.
        case (.open, _): .ignore(.notSupported)
        }
    }

    mutating func receive(_ error: STOMPProtocolError) -> SessionAction {
        // Only over a message transport is it known where the next frame begins.
        if release == .v4, policy.keepsMessages { return answer(Self.text(of: error), .malformed(error)) }
        return end(Self.text(of: error), .malformed(error))
    }

    /// A failed request gets no answer.
    mutating func failed(_ error: BrokerError, _ frame: Frame) -> SessionAction { .ignore(.rejected(error)) }

    mutating func deny(_ text: String, _ frame: Frame) -> SessionAction { refuse(text, .denied(text)) }

    /// Spring's close status for an unusable session: CONNECT timed out, or the client reads too slowly.
    static let unreliable = SessionEnding.close(
        code: 4500, reason: "Failed to send message within the configured send limit")

    mutating func end(_ error: BrokerError) -> SessionAction {
        guard case .waiting = state, error.summary == .timedOut else { return end("Session closed.", error) }
        state = .over
        return .end([], Self.unreliable, error)
    }

    // MARK: CONNECT

    private mutating func connect(_ frame: Frame) -> SessionAction {
        let asked: HeartBeat
        do throws(BrokerError) {
            try policy.check(frame)
            asked = try frame.heartBeat()
        } catch {
            if case .malformedHeartBeat = error { return refuse(error.explanation, error) }
            return refuse(thrown(error.explanation), error)
        }
        var headers: HeaderList = [:]
        switch (frame.headers["accept-version"], release) {
        case (let offered?, _):
            // Version 4 does not support 1.0. An unknown version fails inside Spring and gets no answer.
            let known: [STOMPVersion] = release == .v4 ? [.v11, .v12] : STOMPVersion.allCases
            guard let version = STOMPVersion.negotiate(offered: offered, supported: known) else {
                return .ignore(.unknownVersion(offered))
            }
            headers["version"] = version.rawValue
            state = .open(version)
        case (nil, .v4): state = .open(.v10)
        case (nil, _): return .ignore(.noVersion)
        }
        headers["heart-beat"] = policy.heartBeat.description
        if policy.logins != nil { headers["user-name"] = frame.headers["login"] }
        // Headers are escaped in the same way in all versions.
        return .open(ServerFrame(.connected, headers), .v12, policy.heartBeat.negotiated(with: asked))
    }

    private mutating func beforeConnect(_ command: Command) -> SessionAction {
        guard release == .v6 else { return .ignore(.notConnected) }
        return end("Unknown session: \(name)", .notConnected(command))
    }

    private mutating func connectAgain(_ command: Command) -> SessionAction {
        guard release == .v6 else { return .ignore(.alreadyConnected) }
        return end("Session already exists", .alreadyConnected(command))
    }

    // MARK: Refusals

    /// The message for an exception that an interceptor throws: version 6 does not name the cause.
    private func thrown(_ cause: String) -> String {
        let channel = "Failed to send message to ExecutorSubscribableChannel[clientInboundChannel]"
        guard release < .v6 else { return channel }
        return channel + "; nested exception is org.springframework.security.access.AccessDeniedException: \(cause)"
    }

    /// Answers DISCONNECT with the only receipt that Spring sends. If no receipt was requested, it sends
    /// an ERROR instead.
    private mutating func disconnect(_ frame: Frame) -> SessionAction {
        guard let receipt = ServerFrame.receipt(of: frame) else { return end("Session closed.", nil) }
        state = .over
        return .end([receipt], .leave, nil)
    }

    /// Before 5.2 Spring sends ERROR and keeps the connection, so the client may try again.
    private mutating func refuse(_ message: String, _ error: BrokerError) -> SessionAction {
        release == .v4 ? answer(message, error) : end(message, error)
    }

    private func answer(_ message: String, _ error: BrokerError) -> SessionAction {
        if case .over = state { return .ignore(.sessionOver) }
        return .refuse(error, ServerFrame(.error, ["message": message]))
    }

    private mutating func end(_ message: String, _ error: BrokerError?) -> SessionAction {
        if case .over = state { return .ignore(.sessionOver) }
        state = .over
        return .end([ServerFrame(.error, ["message": message])], .close(code: 1002), error)
    }

    private static func text(of error: STOMPProtocolError) -> String {
        func line(_ excerpt: STOMPProtocolError.Excerpt) -> String { String(decoding: excerpt.bytes, as: UTF8.self) }
        return switch error.reason {
        case .frameTooLarge: "The STOMP frame exceeds configured buffer size limit"
        case .unknownCommand(let excerpt):
            "No enum constant org.springframework.messaging.simp.stomp.StompCommand.\(line(excerpt))"
        case .headerWithoutColon(let excerpt):
            "Illegal header: '\(line(excerpt))'. A header must be of the form <name>:[<value>]."
        case .noNULAfterBody: "Frame must be terminated with a null octet"
        default: error.description
        }
    }

    // MARK: Requests

    /// The simple broker's handling of a frame; ignored if a header is missing or the destination is not served.
    private func request(_ frame: Frame) -> SessionAction {
        if frame.command == .unsubscribe {
            guard let id = frame.headers["id"] else { return .ignore(.missingHeader("id")) }
            return .perform(.unsubscribe(.id(id)))
        }
        guard let destination = frame.headers["destination"] else { return .ignore(.missingHeader("destination")) }
        guard serves(destination, isUsers: frame.command == .send) else { return .ignore(.notServed(destination)) }
        guard frame.command == .subscribe else {
            return .perform(.send(Message(destination: destination, frame: frame), transaction: nil))
        }
        guard let id = frame.headers["id"] else { return .ignore(.missingHeader("id")) }
        guard release < .v6, let selector = frame.headers["selector"] else {
            return .performLater(.subscribe(.id(id), destination: destination, .auto))
        }
        return .performLater(.select(.id(id), destination: destination, HeaderSelector(selector)))
    }

    /// - Parameter isUsers: whether `/user/` is followed by a user name.
    private func serves(_ destination: String, isUsers: Bool) -> Bool {
        if policy.destinationPrefixes.contains(where: { destination.hasPrefix($0) }) { return true }
        guard let user = UserDestination(destination, isNamed: isUsers) else { return false }
        return policy.destinationPrefixes.contains { user.rest.hasPrefix($0) }
    }
}

/// `/user/queue/x`, a separate destination for each session, or `/user/NAME/queue/x`, by which other
/// clients address it.
struct UserDestination: Equatable {
    static let prefix = "/user/"

    /// Nil for the session's own destination.
    var user: String?
    /// `/queue/x`.
    var rest: String

    init(user: String?, rest: String) {
        self.user = user
        self.rest = rest
    }

    /// Nil if the destination does not begin with `/user/`.
    init?(_ destination: String, isNamed: Bool) {
        guard destination.hasPrefix(Self.prefix) else { return nil }
        var rest = destination.dropFirst(Self.prefix.count - 1)
        if isNamed {
            let name = rest.dropFirst().prefix { $0 != "/" }
            user = String(name)
            rest = rest.dropFirst(1 + name.count)
        }
        guard rest.count > 1 else { return nil }
        self.rest = String(rest)
    }
}

/// A parsed `selector`: a message with this header and value, or an unsupported selector.
enum HeaderSelector: Equatable {
    case header(String, String)
    case unknown(String)

    /// Supports only `headers['NAME'] == 'VALUE'`.
    init(_ text: String) {
        var rest = text[...]
        func skip(_ word: String) -> Bool {
            rest = rest.drop { $0 == " " }
            guard rest.hasPrefix(word) else { return false }
            rest = rest.dropFirst(word.count)
            return true
        }
        func quoted() -> String? {
            guard skip("'"), let end = rest.firstIndex(of: "'") else { return nil }
            defer { rest = rest[end...].dropFirst() }
            return String(rest[..<end])
        }
        guard skip("headers"), skip("["), let name = quoted(), skip("]"), skip("=="), let value = quoted(),
            rest.allSatisfy({ $0 == " " })
        else {
            self = .unknown(text)
            return
        }
        self = .header(name, value)
    }

    func matches(_ frame: Frame) -> Bool {
        switch self {
        case .header(let name, let value): frame.headers.has(name, value)
        case .unknown: true
        }
    }
}
