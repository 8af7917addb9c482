import NIOCore
import STOMPCore
import STOMPTransport

/// Why the broker answers with ERROR. Cases may be added: keep a `default` in a `switch`.
public enum BrokerError: Error, Sendable, Hashable {
    /// The bytes are not a STOMP frame, are forbidden by its version, or exceed a limit.
    case malformed(STOMPProtocolError)

    // Frames that are not allowed at this point, or not from a client.

    /// The first frame is not CONNECT.
    case notConnected(Command)
    /// CONNECT was sent twice.
    case alreadyConnected(Command)
    /// A frame that only servers may send.
    case serverFrame(Command)

    // Headers.

    case missingHeader(String, of: Command)
    case unknownAckMode(String, STOMPVersion)
    case malformedHeartBeat(STOMPProtocolError)

    // CONNECT.

    /// The broker supports no version that the client accepts.
    case unsupportedVersion(offered: String?)
    case noLogin
    /// The login is unknown, or the passcode is wrong.
    case wrongLogin(String)
    /// CONNECT lacks a required header (``BrokerConfiguration/connectHeaders``).
    case missingCredential(header: String)
    /// A header of CONNECT has a wrong value.
    case wrongCredential(header: String)

    // Subscriptions, messages and transactions of this connection.

    case duplicateSubscription(SubscriptionName)
    case unknownSubscription(SubscriptionName)
    /// An ACK names a different subscription than that of its message.
    case subscriptionMismatch(id: String)
    /// No message with this id waits for an acknowledgement.
    case notWaiting
    /// A message is acknowledged although the ack mode of its subscription is auto.
    case acknowledgedAutomatically(SubscriptionName)
    case duplicateTransaction(String)
    case unknownTransaction(String)
    /// A queue that must exist already does not exist.
    case unknownQueue(String)

    // Optional STOMP features that this server does not support.

    case noSelectors
    case invalidDestination(String)

    // Exceeded limits of ``BrokerLimits``.

    case tooManyConnections
    case tooManySubscriptions(limit: Int)
    case tooManyTransactions(limit: Int)
    case transactionsFull(limit: Int)
    case queueFull(String, messages: Int)
    case brokerFull(bytes: Int, limit: Int)

    // Timeouts.

    case connectTimedOut(after: TimeAmount)
    case silent

    /// This frame of the client is configured to be denied (``BrokerConfiguration/denials``).
    case denied(String)
    /// The error of an emulated server, in its own words.
    case emulated(Summary, String)

    /// The kind of fault: the `message` header of the ERROR frame.
    public enum Summary: String, Sendable, Hashable {
        case malformedFrame = "Malformed frame"
        case unexpectedFrame = "Unexpected frame"
        case missingHeader = "Missing header"
        case badHeader = "Bad header"
        case unsupportedVersion = "Version not supported"
        case badCredentials = "Bad credentials"
        case duplicateID = "Id already in use"
        case unknownSubscription = "Unknown subscription"
        case unknownMessage = "Unknown message"
        case unknownTransaction = "Unknown transaction"
        case unknownQueue = "Unknown queue"
        case notSupported = "Not supported"
        case limitExceeded = "Limit exceeded"
        case timedOut = "Timed out"
        case denied = "Denied"
    }

    /// The `message` of the ERROR frame.
    var title: String { if case .denied(let text) = self { text } else { summary.rawValue } }

    public var summary: Summary {
        switch self {
        case .malformed(let error): error.isLimit ? .limitExceeded : .malformedFrame
        case .notConnected, .alreadyConnected, .serverFrame: .unexpectedFrame
        case .missingHeader: .missingHeader
        case .unknownAckMode, .malformedHeartBeat: .badHeader
        case .unsupportedVersion: .unsupportedVersion
        case .noLogin, .wrongLogin, .missingCredential, .wrongCredential: .badCredentials
        case .duplicateSubscription, .duplicateTransaction: .duplicateID
        case .unknownSubscription, .subscriptionMismatch: .unknownSubscription
        case .notWaiting, .acknowledgedAutomatically: .unknownMessage
        case .unknownTransaction: .unknownTransaction
        case .unknownQueue: .unknownQueue
        case .noSelectors, .invalidDestination: .notSupported
        case .tooManyConnections, .tooManySubscriptions, .tooManyTransactions, .transactionsFull, .queueFull,
            .brokerFull:
            .limitExceeded
        case .connectTimedOut, .silent: .timedOut
        case .denied: .denied
        case .emulated(let summary, _): summary
        }
    }

    /// One sentence for the user, without a full stop: the body of the ERROR frame.
    public var explanation: String {
        switch self {
        case .malformed(let error), .malformedHeartBeat(let error): error.description
        case .notConnected(let command): "the first frame must be CONNECT or STOMP, not \(command)"
        case .alreadyConnected(let command): "unexpected \(command): the session is already open"
        case .serverFrame(let command): "\(command) is a server frame; a client must not send it"
        case .missingHeader(let name, let command): "\(command) needs the header \(name)"
        case .unknownAckMode(let mode, let version): "STOMP \(version) has no ack mode \(mode.debugDescription)"
        case .unsupportedVersion(let offered): "this broker speaks STOMP 1.0, 1.1 and 1.2, not \(offered ?? "")"
        case .noLogin: "login and passcode required"
        case .wrongLogin(let login): "wrong login \(login.debugDescription) or passcode"
        case .missingCredential(let header): "header \(header) required"
        case .wrongCredential(let header): "wrong value of the header \(header)"
        case .duplicateSubscription(let name): "a subscription with \(name) already exists"
        case .unknownSubscription(let name): "there is no subscription with \(name) on this connection"
        case .subscriptionMismatch(let id): "the message belongs to another subscription than \(id.debugDescription)"
        case .notWaiting: "no message with this id is waiting for an acknowledgement on this connection"
        case .acknowledgedAutomatically(let name):
            "the subscription with \(name) has the ack mode auto; do not acknowledge its messages"
        case .duplicateTransaction(let id): "the transaction \(id.debugDescription) has already begun"
        case .unknownTransaction(let id): "no transaction \(id.debugDescription) is open on this connection"
        case .unknownQueue(let name): "there is no queue \(name.debugDescription)"
        case .noSelectors: "selectors are not supported; subscribe without one"
        case .invalidDestination(let name): "invalid destination \(name.debugDescription)"
        case .tooManyConnections: "too many connections"
        case .tooManySubscriptions(let limit): "too many subscriptions; the limit per connection is \(limit)"
        case .tooManyTransactions(let limit): "too many open transactions; the limit per connection is \(limit)"
        case .transactionsFull(let limit): "too many frames in transactions; the limit per connection is \(limit)"
        case .queueFull(let name, let count): "\(name) is full (\(count) messages)"
        case .brokerFull(let bytes, let limit):
            "the broker is full: it keeps \(bytes) bytes of messages; the limit is \(limit)"
        case .connectTimedOut(let time): "no CONNECT received within \(time.readable)"
        case .silent: "no frame or heart-beat received in time"
        case .denied(let text), .emulated(_, let text): text
        }
    }
}

extension BrokerError: CustomStringConvertible {
    public var description: String { "\(summary.rawValue): \(explanation)" }
}
