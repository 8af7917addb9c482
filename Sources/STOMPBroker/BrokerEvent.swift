import STOMPCore
import STOMPTransport

/// Something that a person who watches the broker may want to know.
public struct BrokerEvent: Sendable {
    /// What happened. More may come: keep a `default` in a `switch`.
    public enum Kind: Sendable {
        /// A stream was taken; CONNECT has yet to come.
        case accepted(TransportDescription)
        /// A session was opened.
        case connected(version: STOMPVersion, login: String?)
        case subscribed(destination: String, id: String?, ack: AckMode)
        /// By its id, or by its destination where it had none.
        case unsubscribed(String)
        /// The client was answered ERROR.
        case refused(BrokerError)
        /// The client said DISCONNECT.
        case disconnected
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

extension BrokerEvent.Kind {
    /// What to tell of a request that was performed, if anything.
    init?(_ request: ClientRequest) {
        switch request {
        case .subscribe(let name, let destination, let ack):
            self = .subscribed(destination: destination, id: name.header, ack: ack)
        case .unsubscribe(.id(let name)), .unsubscribe(.destination(let name)):
            self = .unsubscribed(name)
        default:
            return nil
        }
    }
}
