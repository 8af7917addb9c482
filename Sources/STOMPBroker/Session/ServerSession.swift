import NIOCore
import STOMPCore

/// The server's side of a STOMP session, from CONNECT to its end, as one kind of server behaves.
///
/// A value without I/O and without a clock: tell it what came, and do what it says.
protocol ServerSession {
    /// The version that was agreed on; nil while the session is not open.
    var version: STOMPVersion? { get }

    /// A frame came.
    mutating func receive(_ frame: Frame) -> SessionAction
    /// What came is no frame; nothing that comes behind it can be read.
    mutating func receive(_ error: STOMPProtocolError) -> SessionAction
    /// A frame came that is to be answered ERROR with this text, whatever it asks for.
    mutating func deny(_ text: String, _ frame: Frame) -> SessionAction
    /// What a frame asked for could not be performed.
    mutating func failed(_ error: BrokerError, _ frame: Frame) -> SessionAction
    /// The broker ends the session for this reason.
    mutating func end(_ error: BrokerError) -> SessionAction
}

/// What is to be done for a session.
enum SessionAction {
    /// The session is open: send CONNECTED, and go on in this version's way of writing, with these heart-beats.
    case open(ServerFrame, STOMPVersion, HeartBeat)
    /// Perform the request, then send the receipts. If it fails, tell ``ServerSession/failed(_:_:)``.
    case perform(ClientRequest, receipts: [ServerFrame] = [])
    /// As `perform`, but not before everything else that the same read brought.
    case performLater(ClientRequest)
    /// Send ERROR for this reason, and go on.
    case refuse(BrokerError, ServerFrame)
    /// The session is over: send these frames, and do with the stream as the ending says. The error is nil where the
    /// client said goodbye.
    case end([ServerFrame], SessionEnding, BrokerError?)
    /// Do nothing, for this reason.
    case ignore(FrameDrop)
}

/// What becomes of the stream when a session is over, once its last frames have left.
enum SessionEnding: Equatable {
    /// Close it; a WebSocket with this code and reason.
    case close(code: Int = 1000, reason: String = "")
    /// Close it, so much later.
    case closeLater(TimeAmount)
    /// Leave it to the client.
    case leave
}

/// Whom a session lets in, and what it says of itself.
struct SessionPolicy: Sendable {
    /// Passcodes by login; nil lets everybody in.
    var logins: [String: String]?
    /// Headers that CONNECT must have, with these values.
    var connectHeaders: [String: String] = [:]
    /// What this side offers and wants.
    var heartBeat = HeartBeat(outgoing: 10_000, incoming: 10_000)
    /// What CONNECTED names as the server.
    var server = "stomptap"
    /// The destinations that a broker of Spring's serves begin so.
    var destinationPrefixes: [String] = []
    /// Destinations that handlers answer.
    var answered: Set<String> = []
    /// Whether the stream is one of messages.
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

    /// The receipt that a frame asks for, if it asks for one.
    static func receipt(of frame: Frame) -> ServerFrame? {
        frame.headers["receipt"].map { ServerFrame(.receipt, ["receipt-id": $0]) }
    }
}

extension SessionPolicy {
    /// Lets a CONNECT in, or says why not.
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
    /// What the client offers and wants.
    func heartBeat() throws(BrokerError) -> HeartBeat {
        do {
            return try HeartBeat(header: headers["heart-beat"])
        } catch {
            throw .malformedHeartBeat(error)
        }
    }
}

extension SessionPolicy {
    /// How a session calls itself.
    static func name(of connection: ConnectionID) -> String { "session-\(connection)" }

    init(_ configuration: BrokerConfiguration, keepsMessages: Bool) {
        self.init(
            logins: configuration.logins, connectHeaders: configuration.connectHeaders,
            heartBeat: configuration.heartBeat ?? configuration.serverProfile.heartBeat, server: configuration.server,
            destinationPrefixes: configuration.destinationPrefixes + configuration.handledDestinations,
            answered: Set(configuration.replies.map(\.from)), keepsMessages: keepsMessages)
    }
}
