import NIOCore
import STOMPCore
import STOMPTransport

/// Why a session cannot be opened, or why it ended. More may come: keep a `default` in a `switch`.
public enum STOMPClientError: Error, Sendable {
    /// The way to the server could not be opened, or it broke.
    case transport(TransportError)
    /// The text is not a URL of a server. The URL is as it was given, without its secrets.
    case invalidEndpoint(String, EndpointFault)
    /// No endpoint was given.
    case noEndpoint
    /// The headers of this attempt could not be made (``ClientConfiguration/attemptHeaders``); nothing was sent.
    case noAttemptHeaders(any AttemptHeadersFailure)
    /// The server answered CONNECT with this ERROR frame.
    case refused(Frame, sent: SentCredentials)
    /// The server sent this ERROR frame in an open session. `after` is what was sent last, where that is known.
    case serverError(Frame, sent: SentCredentials, after: PrecedingFrames)
    /// The server sent what is not STOMP, or not at this point.
    case protocolViolation(STOMPProtocolError, ViolationCause?)
    /// A port that was to speak STOMP over TCP closed the connection unanswered, and answers TLS.
    case speaksTLS(Endpoint)
    /// The server closed the connection.
    case closed(TransportClosure?, ClosedStage)
    /// Nothing has come from the server for this long, although it had agreed to send a heart-beat at least as often as
    /// `agreed` says.
    case silent(for: TimeAmount, agreed: TimeAmount)
    /// This side's task gave up the session.
    case abandoned
    /// The session is over already.
    case over
    case timedOut(Awaited, within: TimeAmount)
    /// This side was asked to send what cannot be sent; nothing was sent.
    case cannotSend(SendFault)

    /// When the server closed the connection.
    public enum ClosedStage: Sendable, Hashable {
        case beforeConnected
        /// In the middle of a frame.
        case insideFrame(UnfinishedFrame)
        case betweenFrames
        /// Between frames, after nothing had passed either way for this long, as no heart-beats were agreed on; with the
        /// transport's own account of the end where it has one.
        case afterQuiet(TimeAmount, TransportError?)
        /// Where the receipt of DISCONNECT should have come.
        case insteadOfReceipt
    }

    /// What a server does that sends what is not STOMP, where what it sent shows that.
    public enum ViolationCause: Sendable, Hashable {
        case speaks(ForeignProtocol)
        case countsCharacters(LengthInCharacters)
    }

    /// What did not come in time.
    public enum Awaited: Sendable, Hashable {
        /// CONNECTED from this endpoint, where these versions were accepted.
        case connected(from: Endpoint, accepting: [STOMPVersion])
        case receipt
        /// The end of this frame: no other can come before it.
        case restOfFrame(UnfinishedFrame)
        /// The receipts of the messages with these numbers, which went as binary over a WebSocket: `isByChoice` says
        /// whether by ``TransportOptions/sendsBinary``, or only as they are not UTF-8.
        case binaryReceipts(messages: [Int], isByChoice: Bool)
        case pong
        /// The server's reading: so many bytes wait to be taken.
        case progress(queued: Int)
    }

    /// Why something cannot be sent.
    public enum SendFault: Sendable, Hashable {
        case invalid(STOMPProtocolError)
        /// The body of the message of this number (nil where there is one only) is not UTF-8, and the transport carries
        /// only text.
        case notText(message: Int?, over: TransportDescription)
        /// Only a plain WebSocket has pings.
        case noPing(over: TransportDescription)
        /// Only a WebSocket has close frames.
        case noCloseFrame(over: TransportDescription)
        /// DISCONNECT was sent.
        case afterDisconnect
    }
}

/// What is wrong with the URL of a server.
public enum EndpointFault: Sendable, Hashable {
    case noScheme
    /// `name` is nil where it may be a secret.
    case unknownScheme(name: String?)
    /// A `/`, `#` or `?` stands before the `@`.
    case separatorInUserinfo
    case fragment
    /// A `stomp://` URL with a query.
    case query
    case noHost
    case invalidCharacters
    /// `text` is nil where it may be a secret.
    case invalidPort(text: String?)
}

extension STOMPClientError {
    /// What was to be sent is not STOMP, or not at this point.
    ///
    /// A header that is missing is missing in the message that was to be acknowledged: that is the server's fault.
    static func sending(_ error: STOMPProtocolError) -> STOMPClientError {
        error.party == .peer ? .protocolViolation(error, nil) : .cannotSend(.invalid(error))
    }

    /// Whether the connection broke, rather than that nothing came over it in time.
    package var isLoss: Bool {
        switch self {
        case .transport(let error): error.kind == .connectionLost
        case .closed, .silent, .abandoned, .over: true
        default: false
        }
    }

    /// Whether another attempt may help: who was refused, or met a server that speaks another protocol, would get the
    /// same answer again.
    ///
    /// - Parameter hadSession: whether there had been a session with this server.
    public func mayPass(hadSession: Bool) -> Bool {
        switch self {
        case .transport(let error): error.mayPass(hadSession: hadSession)
        case .noAttemptHeaders(let failure): failure.mayPass
        case .closed, .silent, .abandoned, .over, .timedOut: true
        case .refused, .serverError: isRefusedForNow
        case .invalidEndpoint, .noEndpoint, .protocolViolation, .speaksTLS, .cannotSend: false
        }
    }

    /// Whether an ERROR is one that passes: ActiveMQ frees the client-id of a connection that was lost seconds later, and
    /// Spring's relay finds its broker again.
    public var isRefusedForNow: Bool {
        // The server's own words.
        switch self {
        case .refused(let frame, _):
            frame.says(["already connected", "Broker not available", "Connection to broker closed"])
        case .serverError(let frame, _, _): frame.says(["Connection to broker closed"])
        default: false
        }
    }

    /// How long the server wants to be left alone before another attempt, where it says so.
    var retryAfter: TimeAmount? {
        guard case .transport(let error) = self else { return nil }
        return error.response?.retryAfter
    }
}

extension STOMPClientError: CustomStringConvertible {
    /// The reason in plain words, such as `STOMP: timed out receipt within 5 s`.
    public var description: String {
        switch self {
        case .transport(let error): "\(error)"
        case .refused(let frame, _), .serverError(let frame, _, _):
            "STOMP: \(plainWords(of: self)) \(frame.headers["message"].map { printable($0) } ?? "")"
        case .protocolViolation(let error, _): "STOMP: \(error)"
        case .cannotSend(.invalid(let error)): "STOMP: \(error)"
        case .noAttemptHeaders(let failure): "\(failure)"
        default: "STOMP: \(plainWords(of: self))"
        }
    }
}

extension Frame {
    /// Whether the message of an ERROR has one of these phrases.
    fileprivate func says(_ phrases: [String]) -> Bool {
        guard let text = headers["message"] else { return false }
        return phrases.contains(where: text.contains)
    }
}
