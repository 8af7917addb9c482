import NIOCore

/// Why an HTTP request has no answer, or not the one that was wanted. URLs have no query, which may hold secrets.
public enum HTTPFailure: Sendable, Hashable {
    // What cannot be sent.
    /// A path with characters that a URL cannot have.
    case invalidPath(String)
    case invalidHeaderName(String)
    /// The value of this header has control characters.
    case invalidValue(ofHeader: String)
    /// Nothing can be sent where server-sent events come from.
    case cannotSendToEventStream

    // No answer, or not all of it.
    case noAnswer(to: HTTPRequestSummary, within: TimeAmount)
    case connectionClosed(beforeAnswerTo: HTTPRequestSummary)
    /// The connection ended in the middle of the answer of this URL.
    case answerCutShort(of: String)

    // No HTTP.
    case malformedAnswer(of: String)
    /// What came is no HTTP: its first line, and the protocol that it shows.
    case notHTTP(from: String, firstLine: String, protocol: ForeignProtocol?)
    /// The server has compressed an answer that is to be read: the value of `Content-Encoding`.
    case compressedAnswer(encoding: String)

    // What is larger than a limit of this side, in bytes.
    case headTooLarge(of: String)
    /// Too many bytes of informational answers (1xx) before a final one.
    case tooManyInformationalAnswers(from: String, limit: Int)
    case lineTooLong(limit: Int)
    case eventTooLong(limit: Int)

    /// An answer that is not a stream of server-sent events.
    case notEventStream(HTTPRefusal, from: String)

    public var kind: TransportError.Kind {
        switch self {
        case .invalidPath, .invalidHeaderName, .invalidValue, .cannotSendToEventStream: .badConfiguration
        case .noAnswer: .timedOut
        case .connectionClosed, .answerCutShort: .connectionLost
        case .malformedAnswer, .notHTTP, .compressedAnswer: .protocolViolation
        case .headTooLarge, .tooManyInformationalAnswers, .lineTooLong, .eventTooLong: .limitExceeded
        case .notEventStream(let refusal, _):
            switch refusal.status {
            case 204: .connectionLost
            case 401, 403: .refused
            default: .protocolViolation
            }
        }
    }

    /// The answer that was not wanted.
    public var response: HTTPRefusal? {
        if case .notEventStream(let refusal, _) = self { refusal } else { nil }
    }
}

/// The request that a failure is about.
public struct HTTPRequestSummary: Sendable, Hashable, CustomStringConvertible {
    public enum Purpose: Sendable, Hashable {
        /// A request by this method.
        case method(String)
        /// An upgrade to WebSocket.
        case webSocket
    }

    public var purpose: Purpose
    /// Where it went, without the query.
    public var url: String
    /// Whether it went over TLS.
    public var isSecure: Bool

    public init(_ purpose: Purpose, _ url: String, isSecure: Bool) {
        self.purpose = purpose
        self.url = url
        self.isSecure = isSecure
    }

    /// Such as `GET http://localhost/ws/info`, or `WebSocket upgrade of ws://localhost/ws`.
    public var description: String {
        switch purpose {
        case .method(let method): "\(method) \(url)"
        case .webSocket: "WebSocket upgrade of \(url)"
        }
    }
}
