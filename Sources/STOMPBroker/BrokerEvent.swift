import NIOCore
import STOMPCore
import STOMPTransport

/// Something that a person who watches the broker may want to know.
public struct BrokerEvent: Sendable {
    /// How much is reported.
    public enum Detail: Int, Sendable, Comparable {
        /// Who comes, subscribes and goes.
        case connections
        /// Also each frame that nothing comes of.
        case drops
        /// Also each frame, of both sides.
        case frames

        public static func < (left: Detail, right: Detail) -> Bool { left.rawValue < right.rawValue }
    }

    /// What happened. More may come: keep a `default` in a `switch`.
    public enum Kind: Sendable {
        /// A stream was accepted; CONNECT has yet to come.
        case accepted(TransportDescription)
        /// A session was opened.
        case connected(version: STOMPVersion, login: String?)
        case subscribed(destination: String, id: String?, ack: AckMode)
        /// By its id, or by its destination if it had no id.
        case unsubscribed(String)
        /// A selector is not understood: the subscription gets all messages.
        case unknownSelector(String)
        /// The client was answered ERROR.
        case refused(BrokerError)
        /// Nothing comes of a frame of the client's (``Detail/drops``).
        case droppedFrame(Command, destination: String?, FrameDrop)
        /// A frame passed, with these bytes (``Detail/frames``).
        case frame(WireEvent.Direction, ByteBuffer)
        /// The client said DISCONNECT.
        case disconnected
        /// A binary message for a client over SockJS, which carries none, ended its session.
        case endedByBinary
        /// The broker has given the client up, for this reason.
        case dropped(String)
        /// The stream is over; the last event of a connection.
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

/// Why nothing comes of a frame. More may come: keep a `default` in a `switch`.
public enum FrameDrop: Error, Sendable, Hashable {
    /// The session has ended.
    case sessionOver
    /// CONNECT has not come yet.
    case notConnected
    case alreadyConnected
    /// Only servers send it.
    case serverFrame
    /// CONNECT names no version, which this server never answers.
    case noVersion
    /// CONNECT names only versions that this server does not know, and never answers.
    case unknownVersion(String)
    case missingHeader(String)
    /// Neither the broker nor a handler serves this destination.
    case notServed(String)
    /// This server does nothing with the command.
    case notSupported
    /// This server does not say what is wrong.
    case rejected(BrokerError)
    /// A queue that must be there already is not.
    case unknownQueue(String)
    /// Nobody is subscribed.
    case noSubscriber(String)
    /// The handler that it is for sends nothing.
    case noReply(BrokerReply.Failure)
}

extension BrokerEvent.Kind {
    /// What to report of a request that was performed, if anything.
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
