import STOMPCore
import STOMPTransport

/// Why a session cannot be opened, or why it ended. Cases may be added: keep a `default` in a `switch`.
public enum STOMPClientError: Error, Sendable {
    /// The transport could not be opened, or it broke.
    case transport(TransportError)
    /// The text is not a valid server URL. The URL is as given, with secrets masked.
    case invalidEndpoint(String, EndpointFault)
    /// No endpoint was given.
    case noEndpoint
    /// The headers of this attempt could not be created (``ClientConfiguration/attemptHeaders``); nothing was sent.
    case noAttemptHeaders(any AttemptHeadersFailure)
    /// The server answered CONNECT with this ERROR frame.
    case refused(Frame, sent: SentCredentials)
    /// The server sent this ERROR frame in an open session. `after` contains the frames sent before it, if known.
    case serverError(Frame, sent: SentCredentials, after: PrecedingFrames)
    /// The server sent bytes that are not STOMP, or a frame that is not allowed at this point.
    case protocolViolation(STOMPProtocolError, ViolationCause?)
    /// A port that should speak STOMP over TCP closed the connection without an answer, but accepts TLS.
    case speaksTLS(Endpoint)
    /// The server closed the connection.
    case closed(TransportClosure?, ClosedStage)
    /// The server has sent nothing for this long, although it had agreed to send a heart-beat every `agreed`
    /// (STOMP 1.2, "Heart-beating").
    case silent(for: Duration, agreed: Duration)
    /// This side called ``STOMPConnection/abort()``.
    case aborted
    /// The session has already ended with ``STOMPConnection/disconnect()``.
    case ended
    /// Something that the server should do was not done in time.
    case timedOut(Awaited, within: Duration)
    /// This side was asked to send something invalid; nothing was sent.
    case cannotSend(SendFault)

    /// When the server closed the connection.
    public enum ClosedStage: Sendable, Hashable {
        /// Before CONNECTED, or ERROR, was received.
        case beforeConnected
        /// In the middle of a frame.
        case insideFrame(UnfinishedFrame)
        /// In an open session, between two frames.
        case betweenFrames
        /// Between frames, after no data had passed in either direction for this long; no heart-beats were
        /// negotiated. Includes the transport's error, if any.
        case afterQuiet(Duration, TransportError?)
        /// Instead of sending the receipt of DISCONNECT.
        case insteadOfReceipt
    }

    /// Why the server's data is not STOMP, if the data shows it.
    public enum ViolationCause: Sendable, Hashable {
        /// The server speaks this protocol.
        case speaks(ForeignProtocol)
        /// A `content-length` of the server counts characters, not bytes.
        case countsCharacters(LengthInCharacters)
    }

    /// What timed out.
    public enum Awaited: Sendable, Hashable {
        /// CONNECTED from this endpoint, with these accepted versions.
        case connected(from: Endpoint, accepting: [STOMPVersion])
        /// A receipt: none was received for this long.
        case receipt
        /// The rest of this frame; no other frame can arrive before it.
        case restOfFrame(UnfinishedFrame)
        /// The receipts of the messages with these numbers, which were sent as binary over a WebSocket.
        /// `isByChoice` is true if `TransportOptions/sendsBinary` is set, and false if they were binary only
        /// because they are not UTF-8.
        case binaryReceipts(messages: [Int], isByChoice: Bool)
        /// The pong that answers a ping.
        case pong
        /// The server to read: this number of bytes is queued.
        case progress(queued: Int)
    }

    /// Why something cannot be sent.
    public enum SendFault: Sendable, Hashable {
        /// STOMP does not allow it, or the session does not.
        case invalid(STOMPProtocolError)
        /// The body of the message with this number is not UTF-8, and the transport carries only text. The number
        /// is nil if there is only one message.
        case notText(message: Int?, over: TransportDescription)
        /// Pings exist only over a plain WebSocket.
        case noPing(over: TransportDescription)
        /// Close frames exist only over a WebSocket.
        case noCloseFrame(over: TransportDescription)
        /// DISCONNECT was sent.
        case afterDisconnect
    }
}

/// What is wrong with a server URL.
public enum EndpointFault: Sendable, Hashable {
    /// It does not begin with a scheme and `://`.
    case noScheme
    /// The scheme is not one of ``Endpoint/Scheme``. `name` is nil if it may be a secret.
    case unknownScheme(name: String?)
    /// A `/`, `#` or `?` before the `@`.
    case separatorInUserinfo
    /// A `#` and text after it.
    case fragment
    /// A `stomp://` URL with a query.
    case query
    /// It has no host.
    case noHost
    /// Characters that a URL cannot have, such as a space.
    case invalidCharacters
    /// The port is not a number from 1 to 65535. `text` is nil if it may be a secret.
    case invalidPort(text: String?)
}

extension STOMPClientError {
    /// Converts the error for a frame that this side cannot send.
    ///
    /// A missing header means that the message to be acknowledged lacks it, which is the server's fault.
    static func sending(_ error: STOMPProtocolError) -> STOMPClientError {
        error.party == .peer ? .protocolViolation(error, nil) : .cannotSend(.invalid(error))
    }

    /// Whether the connection broke, as opposed to a timeout.
    package var isLoss: Bool {
        switch self {
        case .transport(let error): error.kind == .connectionLost
        case .closed, .silent, .aborted, .ended: true
        default: false
        }
    }

    /// Whether another attempt may help. If the server refused this side or speaks another protocol, it would
    /// answer the same again.
    ///
    /// - Parameter hadSession: whether there was a session with this server before.
    public func isRetryable(hadSession: Bool) -> Bool {
        switch self {
        case .transport(let error): error.isRetryable(hadSession: hadSession)
        case .noAttemptHeaders(let failure): failure.isRetryable
        case .closed, .silent, .aborted, .ended, .timedOut: true
        case .refused, .serverError: isTemporaryRefusal
        case .invalidEndpoint, .noEndpoint, .protocolViolation, .speaksTLS, .cannotSend: false
        }
    }

    /// Whether an ERROR is temporary: ActiveMQ frees the client-id of a lost connection after some seconds, and
    /// Spring's relay reconnects to its broker.
    public var isTemporaryRefusal: Bool {
        // The server's own messages.
        switch self {
        case .refused(let frame, _):
            frame.says(["already connected", "Broker not available", "Connection to broker closed"])
        case .serverError(let frame, _, _): frame.says(["Connection to broker closed"])
        default: false
        }
    }

    /// The delay before another attempt that the server requested, if any.
    var retryAfter: Duration? {
        guard case .transport(let error) = self else { return nil }
        return error.response?.retryAfter
    }
}

extension STOMPClientError: CustomStringConvertible {
    /// The error as text, such as `STOMP: timed out receipt within 5 s`.
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
    /// Whether the `message` of an ERROR contains one of these phrases.
    fileprivate func says(_ phrases: [String]) -> Bool {
        guard let text = headers["message"] else { return false }
        return phrases.contains(where: text.contains)
    }
}
