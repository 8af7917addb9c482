import NIOCore
import STOMPCore
import STOMPTransport

/// An event of the broker, to report to the user.
public struct BrokerEvent: Sendable {
    /// The level of detail.
    public enum Detail: Int, Sendable, Comparable {
        /// Connections, subscriptions and disconnections.
        case connections
        /// Also each frame that has no effect.
        case drops
        /// Also each frame, in both directions.
        case frames

        public static func < (left: Detail, right: Detail) -> Bool { left.rawValue < right.rawValue }
    }

    /// The event. Cases may be added: keep a `default` in a `switch`.
    public enum Kind: Sendable {
        /// A stream was accepted; CONNECT was not received yet.
        case accepted(TransportDescription)
        /// A session was opened.
        case connected(version: STOMPVersion, login: String?)
        case subscribed(destination: String, id: String?, ack: AckMode)
        /// The id of the subscription, or its destination if it had no id.
        case unsubscribed(String)
        /// The selector is not supported: the subscription gets all messages.
        case unknownSelector(String)
        /// The client was answered with ERROR.
        case refused(BrokerError)
        /// A frame of the client has no effect (``Detail/drops``).
        case droppedFrame(Command, destination: String?, FrameDrop)
        /// A frame was sent or received, with these bytes (``Detail/frames``).
        case frame(WireEvent.Direction, ByteBuffer)
        /// The client sent DISCONNECT.
        case disconnected
        /// A binary message ended the session of a client over SockJS, which cannot carry it.
        case endedByBinary
        /// The broker has dropped the client, for this reason.
        case dropped(String)
        /// The stream has ended; the last event of a connection.
        case ended(TransportError?)
    }

    /// The number of the connection, counted from 1.
    public var connection: Int
    public var kind: Kind

    public init(connection: Int, kind: Kind) {
        self.connection = connection
        self.kind = kind
    }
}

/// Why a frame has no effect. Cases may be added: keep a `default` in a `switch`.
public enum FrameDrop: Error, Sendable, Hashable {
    /// The session has ended.
    case sessionOver
    /// CONNECT was not received yet.
    case notConnected
    case alreadyConnected
    /// Only servers may send it.
    case serverFrame
    /// CONNECT contains no version, which this server never answers.
    case noVersion
    /// CONNECT contains only unknown versions, which this server never answers.
    case unknownVersion(String)
    case missingHeader(String)
    /// Neither the broker nor a handler serves this destination.
    case notServed(String)
    /// This server ignores the command.
    case notSupported
    /// This server does not report the error.
    case rejected(BrokerError)
    /// A queue that must exist already does not exist.
    case unknownQueue(String)
    /// There are no subscribers.
    case noSubscriber(String)
    /// The handler of the destination sends no reply.
    case noReply(BrokerReply.Failure)
}

extension BrokerEvent.Kind {
    /// The event for a performed request, if any.
    init?(_ request: ClientRequest) {
        switch request {
        case .subscribe(let name, let destination, let ack):
            self = .subscribed(destination: destination, id: name.header, ack: ack)
        case .select(let name, let destination, _):
            self = .subscribed(destination: destination, id: name.header, ack: .auto)
        case .unsubscribe(.id(let name)), .unsubscribe(.destination(let name)):
            self = .unsubscribed(name)
        default:
            return nil
        }
    }
}
