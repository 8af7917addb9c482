import NIOCore

/// Why a SockJS session could not be opened, or why it ended. URLs have no query, because it may contain secrets.
public enum SockJSFailure: Sendable, Hashable {
    // The answer to `GET BASE/info`.
    /// Status 401 or 403. `ownOrigin` is the origin of the server's own pages.
    case refused(url: String, HTTPRefusal, ownOrigin: String)
    /// A status other than 200; `movedTo` is the URL to try instead, if the answer is a redirect.
    case noInfo(url: String, HTTPRefusal, movedTo: String?)
    case infoNotJSON(url: String, HTTPRefusal)
    case infoWithoutWebSocketMember(url: String, HTTPRefusal)
    case invalidInfo(JSONFault, url: String, HTTPRefusal)
    /// The server's base URL for sessions is on another server.
    case sessionsElsewhere(at: String)

    // The choice of a transport.
    case noWebSocketOffered(by: String)
    case nothingToTry
    /// Several transports were tried at that URL, in this order.
    case noTransportWorks(at: String, [FailedTransport])
    /// Neither SockJS nor a plain WebSocket is available.
    indirect case neither(TransportError, norWebSocket: TransportError)

    // The opening of a session.
    case notOpened(within: Duration)
    case endedBeforeOpening
    case closedBeforeOpening(code: Int, reason: String)
    case messagesBeforeOpening
    case answerWithoutOpening
    case tooMuchBeforeOpening(bytes: Int)

    // The session.
    case requestRefused(url: String, HTTPRefusal)
    case requestFailed(url: String, HTTPRefusal)
    case unknownSession(url: String, HTTPRefusal)
    case openedAgain
    case emptyAnswers(Int)
    /// The start of the frame: at most ``SockJSFailure/shownBytes`` bytes, plus one that shows that there are
    /// more.
    case invalidFrame(ByteBuffer, JSONFault)
    case invalidMessage(JSONFault)
    case frameTooLarge(limit: Int)
    case messageNotUTF8
    /// That end tried to send bytes that are not UTF-8.
    case cannotSendBinary(from: TransportRole)
    case clientGone(after: Duration)

    /// The number of bytes kept of an invalid frame, not counting the one that shows that there are more.
    package static let shownBytes = 60

    /// What kind of failure it is.
    public var kind: TransportError.Kind {
        switch self {
        case .refused, .requestRefused: .refused
        case .noInfo, .infoNotJSON, .infoWithoutWebSocketMember, .invalidInfo, .sessionsElsewhere, .noWebSocketOffered,
            .nothingToTry, .messagesBeforeOpening, .answerWithoutOpening, .tooMuchBeforeOpening, .requestFailed,
            .emptyAnswers, .invalidFrame, .invalidMessage, .messageNotUTF8:
            .protocolViolation
        case .noTransportWorks(_, let failures): failures.last?.error.kind ?? .protocolViolation
        case .neither(_, let webSocket): webSocket.kind
        case .notOpened: .timedOut
        case .endedBeforeOpening, .closedBeforeOpening, .unknownSession, .openedAgain, .clientGone: .connectionLost
        case .frameTooLarge: .limitExceeded
        case .cannotSendBinary: .badConfiguration
        }
    }

    /// SockJS, unless neither SockJS nor a WebSocket is available: then the layer at which the WebSocket failed.
    public var layer: TransportError.Layer {
        if case .neither(_, let webSocket) = self { webSocket.layer } else { .sockJS }
    }

    /// The server's answer to a refused request.
    public var response: HTTPRefusal? {
        switch self {
        case .refused(_, let refusal, _), .noInfo(_, let refusal, _), .infoNotJSON(_, let refusal),
            .infoWithoutWebSocketMember(_, let refusal), .invalidInfo(_, _, let refusal),
            .requestRefused(_, let refusal), .requestFailed(_, let refusal), .unknownSession(_, let refusal):
            refusal
        case .noTransportWorks(_, let failures): failures.last?.error.response
        case .neither(let sockJS, let webSocket): webSocket.response ?? sockJS.response
        default: nil
        }
    }
}

/// A SockJS transport that was tried, and its error.
public struct FailedTransport: Sendable, Hashable, CustomStringConvertible {
    /// The transport that was tried.
    public var transport: SockJSTransport
    /// Why it failed.
    public var error: TransportError

    /// Describes a transport that failed.
    public init(_ transport: SockJSTransport, _ error: TransportError) {
        self.transport = transport
        self.error = error
    }

    /// The transport and its error, such as `xhr: HTTP: ...`.
    public var description: String { "\(transport.rawValue): \(error)" }
}

extension SockJSFailure {
    /// The failure for a session request that was answered with an unexpected status.
    init(answer: HTTPRefusal, of url: String, isOpen: Bool) {
        switch answer.status {
        case 404 where isOpen: self = .unknownSession(url: url, answer)
        case 401, 403: self = .requestRefused(url: url, answer)
        default: self = .requestFailed(url: url, answer)
        }
    }
}
