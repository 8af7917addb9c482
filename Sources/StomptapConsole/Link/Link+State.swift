import NIOCore
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// What is known of a link, and told of it.
extension Link {
    /// A subscription that is wanted, on this connection and those after it.
    struct Wanted: Sendable, Equatable {
        var id: String
        var destination: String
        /// What was asked for; nil goes by the destination.
        var ack: AckMode?
        var headers: HeaderList
        /// How its messages are acknowledged on the connection that is there, or was last.
        var policy: AckPolicy?

        var mode: AckMode { policy?.mode ?? ack ?? .auto }

        /// Whether its messages are acknowledged as they are printed, without 'ack' being typed.
        var acknowledgesByItself: Bool { policy.map { !$0.isChosen && $0.scope == .all } ?? false }
    }

    enum Phase: Sendable, Equatable {
        /// An attempt is being made, and none has succeeded before.
        case connecting
        case connected
        /// The connection was lost, and is tried again.
        case lost
        /// Nobody tries.
        case closed
    }

    /// What is told as it happens.
    enum Event: Sendable {
        /// `away` is how long there was no session; nil where the person has asked for this one.
        case connected(STOMPConnection, away: TimeAmount?, subscriptions: Int)
        /// The transaction is the one that was lost with the connection.
        case lost(STOMPClientError, wait: TimeAmount, transaction: String?)
        /// A session has ended, not by the person's will, and nobody tries any more.
        case ended(Failure, transaction: String?)
    }

    /// What the prompt and completion show of it.
    struct View: Sendable, Equatable {
        /// Where the server is, in short.
        var place: String
        var phase: Phase
        var subscriptions: [Wanted]
        var transaction: String?
    }

    struct State: Sendable {
        var reconnection: Reconnection?
        var place = ""
        var phase = Phase.closed
        var connection: STOMPConnection?
        var messages: MessageSequence?
        /// How many connections there were: what came on an earlier one cannot be acknowledged any more.
        var connections = 0
        var wanted: [Wanted] = []
        var transaction: String?
        /// The ids that were made up for subscriptions.
        var idsMade = 0
        /// Messages of queues that were acknowledged by themselves on this connection.
        var acknowledged = 0
        var keeper: Task<Void, Never>?
        /// Since when there is no session, where it is tried again.
        var lostAt: NIODeadline?
        /// Why the last connection ended, where the person has not ended it.
        var failure: Failure?
        /// Whether that was told as it happened.
        var isFailureTold = false
        /// Whether the end that follows is the person's will.
        var isLeaving = false

        /// An id that no subscription has: `sub-0`, `sub-1` and so on.
        mutating func makeID() -> String {
            while true {
                let id = "sub-\(idsMade)"
                idsMade += 1
                if !wanted.contains(where: { $0.id == id }) { return id }
            }
        }

        /// The connection that is there at the moment, and where its messages come.
        ///
        /// - Throws: ``Failure`` that says why there is none.
        func current() throws -> (connection: STOMPConnection, messages: MessageSequence) {
            if let connection, let messages { return (connection, messages) }
            switch phase {
            case .connecting, .lost: throw Failure(.unavailable, "STOMP: not connected; \(place) is being tried")
            case .connected, .closed:
                throw Failure(.unavailable, "STOMP: not connected; 'reconnect' opens a session")
            }
        }
    }
}

extension Endpoint {
    /// A short name for the prompt.
    var place: String { isInProcess ? "demo" : host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
