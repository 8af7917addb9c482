import NIOCore

/// Why there is no SockJS session, or no longer one. URLs are without their query, which may hold secrets.
public enum SockJSFailure: Sendable, Hashable {
    // The answer to `GET BASE/info`.
    /// 401 or 403. `ownOrigin` is that of the server's own pages.
    case refused(url: String, HTTPRefusal, ownOrigin: String)
    /// Another status than 200; `movedTo` is the URL to try instead, where it redirects.
    case noInfo(url: String, HTTPRefusal, movedTo: String?)
    case infoNotJSON(url: String, HTTPRefusal)
    case infoWithoutWebSocketMember(url: String, HTTPRefusal)
    case invalidInfo(JSONFault, url: String, HTTPRefusal)
    /// The server wants its sessions at another server.
    case sessionsElsewhere(at: String)

    // The choice of a transport.
    case noWebSocketOffered(by: String)
    case nothingToTry
    /// Several were tried at that URL, in this order.
    case noTransportWorks(at: String, [FailedTransport])
    /// There is no SockJS, and no plain WebSocket in its place.
    indirect case neither(TransportError, norWebSocket: TransportError)

    // The opening of a session.
    case notOpened(within: TimeAmount)
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
    /// The frame is given by its beginning, of at most ``SockJSFailure/shownBytes`` and one more.
    case invalidFrame(ByteBuffer, JSONFault)
    case invalidMessage(JSONFault)
    case frameTooLarge(limit: Int)
    case messageNotUTF8
    /// Something else than UTF-8 was to be sent by that end.
    case cannotSendBinary(from: TransportRole)
    case clientGone(after: TimeAmount)

    /// How much of an invalid frame is kept, but for the byte that tells that there is more.
    package static let shownBytes = 60

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

    /// Mostly SockJS; where there is neither SockJS nor a WebSocket, the layer at which the WebSocket failed.
    public var layer: TransportError.Layer {
        if case .neither(_, let webSocket) = self { webSocket.layer } else { .sockJS }
    }

    /// The answer to a request that was refused.
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

/// A transport of SockJS that was tried, and why it does not work.
public struct FailedTransport: Sendable, Hashable, CustomStringConvertible {
    public var transport: SockJSTransport
    public var error: TransportError

    public init(_ transport: SockJSTransport, _ error: TransportError) {
        self.transport = transport
        self.error = error
    }

    public var description: String { "\(transport.rawValue): \(error)" }
}

extension SockJSFailure {
    /// A request of a session that was answered by another status than it should be.
    init(answer: HTTPRefusal, of url: String, isOpen: Bool) {
        switch answer.status {
        case 404 where isOpen: self = .unknownSession(url: url, answer)
        case 401, 403: self = .requestRefused(url: url, answer)
        default: self = .requestFailed(url: url, answer)
        }
    }
}
