import NIOCore
import STOMPCore
import STOMPTransport

/// Something that was seen between an app and its server.
public struct TapEvent: Sendable {
    /// Which way it went.
    public enum Direction: Sendable, Hashable {
        case toServer, toApp
    }

    /// What was seen.
    public enum Content: Sendable {
        /// A connection has begun, or a SockJS session.
        case opened(TapOpening)
        /// A STOMP frame. One that a fault dropped is told as well, with the ``fault(_:)`` behind it.
        case frame(Frame)
        /// An end-of-line between frames.
        case heartBeat
        /// A message of a WebSocket or of a SockJS session that carries no STOMP.
        case message(ByteBuffer, isText: Bool)
        /// Octets over TCP that are no STOMP.
        case octets(ByteBuffer)
        /// What passes below the messages: the head of an HTTP request, a ping, an envelope of SockJS. It is told only
        /// where ``TapConfiguration/tellsLayers`` asks for it.
        case layer(WireEvent.Layer, WireEvent.Content, octets: ByteBuffer?)
        /// A request was answered by the tap itself, as it is for another host or comes from a foreign page.
        case refused(AdmissionRefusal)
        /// A fault that was asked for strikes.
        case fault(TapFault)
        /// Something that a reader of all this should know, such as why nothing more is shown of a connection.
        case note(TapNote)
        /// The connection, or the session, is over: who ended it, and how.
        case ended(TapEnding)
    }

    /// The connections and SockJS sessions of a tap are counted from 1.
    public var connection: Int
    /// The app's address and port.
    public var app: String
    /// Nil where it went neither way.
    public var direction: Direction?
    public var content: Content

    /// An event on a connection; ``direction`` is nil unless it is said.
    public init(connection: Int, app: String, direction: Direction? = nil, _ content: Content) {
        self.connection = connection
        self.app = app
        self.direction = direction
        self.content = content
    }
}
