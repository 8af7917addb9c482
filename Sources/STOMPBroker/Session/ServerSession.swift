import NIOCore
import STOMPCore

/// The server's side of a STOMP session, from CONNECT to its end, with the behaviour of one kind of server.
///
/// A value without I/O and without a clock: pass it what was received, and perform the action that it returns.
protocol ServerSession {
    /// The negotiated version; nil while the session is not open.
    var version: STOMPVersion? { get }

    /// A frame was received.
    mutating func receive(_ frame: Frame) -> SessionAction
    /// An invalid frame was received; the bytes after it cannot be decoded.
    mutating func receive(_ error: STOMPProtocolError) -> SessionAction
    /// A frame was received that must be answered with ERROR and this text, regardless of its content.
    mutating func deny(_ text: String, _ frame: Frame) -> SessionAction
    /// The request of a frame failed.
    mutating func failed(_ error: BrokerError, _ frame: Frame) -> SessionAction
    /// The broker ends the session with this error.
    mutating func end(_ error: BrokerError) -> SessionAction
}

/// The action for a session.
enum SessionAction {
    /// The session is open: send CONNECTED, then encode frames for this version, with these heart-beats.
    case open(ServerFrame, STOMPVersion, HeartBeat)
    /// Perform the request, then send the receipts. If it fails, call ``ServerSession/failed(_:_:)``.
    case perform(ClientRequest, receipts: [ServerFrame] = [])
    /// Like `perform`, but after everything else in the same read.
    case performLater(ClientRequest)
    /// Send ERROR for this reason, and continue.
    case refuse(BrokerError, ServerFrame)
    /// The session is over: send these frames, then close the stream according to the ending. The error is nil if
    /// the client sent DISCONNECT.
    case end([ServerFrame], SessionEnding, BrokerError?)
    /// Do nothing, for this reason.
    case ignore(FrameDrop)
}

/// How the stream ends after a session is over and its last frames were sent.
enum SessionEnding: Equatable {
    /// Close it; a WebSocket with this code and reason.
    case close(code: Int = 1000, reason: String = "")
    /// Close it after this time.
    case closeLater(TimeAmount)
    /// Wait for the client to close it.
    case leave
}

/// The login rules of a session, and its settings.
struct SessionPolicy: Sendable {
    /// Passcodes by login; nil accepts all clients.
    var logins: [String: String]?
    /// Headers that CONNECT must contain, with these values.
    var connectHeaders: [String: String] = [:]
    /// The heart-beats that this side offers and wants.
    var heartBeat = HeartBeat(outgoing: 10_000, incoming: 10_000)
    /// The `server` header of CONNECTED.
    var server = "stomptap"
    /// The prefixes of the destinations that Spring's broker serves.
    var destinationPrefixes: [String] = []
    /// Destinations that handlers answer.
    var answered: Set<String> = []
    /// Whether the transport preserves message boundaries.
    var keepsMessages = false
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

    /// The receipt that a frame requests; nil if it requests none.
    static func receipt(of frame: Frame) -> ServerFrame? {
        frame.headers["receipt"].map { ServerFrame(.receipt, ["receipt-id": $0]) }
    }
}

extension SessionPolicy {
    /// Accepts a CONNECT, or throws why not.
    func check(_ connect: Frame) throws(BrokerError) {
        for (name, value) in connectHeaders.sorted(by: { $0.key < $1.key }) {
            guard let given = connect.headers[name] else {
                throw .missingCredential(header: name)
            }
            guard given == value else { throw .wrongCredential(header: name) }
        }
        guard let logins else { return }
        guard let login = connect.headers["login"] else {
            throw .noLogin
        }
        guard let passcode = logins[login], connect.headers["passcode"] == passcode else {
            throw .wrongLogin(login)
        }
    }
}

extension Frame {
    /// The heart-beats that the client offers and wants.
    func heartBeat() throws(BrokerError) -> HeartBeat {
        do {
            return try HeartBeat(header: headers["heart-beat"])
        } catch {
            throw .malformedHeartBeat(error)
        }
    }
}

extension SessionPolicy {
    /// The name of a session.
    static func name(of connection: ConnectionID) -> String { "session-\(connection)" }

    init(_ configuration: BrokerConfiguration, keepsMessages: Bool) {
        self.init(
            logins: configuration.logins, connectHeaders: configuration.connectHeaders,
            heartBeat: configuration.heartBeat ?? configuration.serverProfile.heartBeat, server: configuration.server,
            destinationPrefixes: configuration.destinationPrefixes + configuration.handledDestinations,
            answered: Set(configuration.replies.map(\.from)), keepsMessages: keepsMessages)
    }
}
