import NIOCore

/// Why an HTTP request got no response, or not the expected one. URLs have no query, because it may contain secrets.
public enum HTTPFailure: Sendable, Hashable {
    // Invalid requests.
    /// A path with characters that are not allowed in a URL.
    case invalidPath(String)
    case invalidHeaderName(String)
    /// The value of this header contains control characters.
    case invalidValue(ofHeader: String)
    /// A stream of server-sent events cannot be written to.
    case cannotSendToEventStream

    // No response, or an incomplete one.
    case noAnswer(to: HTTPRequestSummary, within: Duration)
    case connectionClosed(beforeAnswerTo: HTTPRequestSummary)
    /// The connection ended in the middle of the response from this URL.
    case answerCutShort(of: String)

    // Not HTTP, or not usable.
    case malformedAnswer(of: String)
    /// The response is not HTTP: its first line, and the protocol that it indicates.
    case notHTTP(from: String, firstLine: String, protocol: ForeignProtocol?)
    /// The server compressed a response that must be readable: the value of `Content-Encoding`.
    case compressedAnswer(encoding: String)

    // Larger than a limit of this side, in bytes.
    case headTooLarge(of: String)
    /// Too many bytes of informational responses (1xx) before a final one.
    case tooManyInformationalAnswers(from: String, limit: Int)
    case lineTooLong(limit: Int)
    case eventTooLong(limit: Int)

    /// A response that is not a stream of server-sent events.
    case notEventStream(HTTPRefusal, from: String)

    /// What kind of failure it is.
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

    /// The response that was rejected.
    public var response: HTTPRefusal? {
        if case .notEventStream(let refusal, _) = self { refusal } else { nil }
    }
}

/// The request that a failure is about.
public struct HTTPRequestSummary: Sendable, Hashable, CustomStringConvertible {
    /// What a request asks for.
    public enum Purpose: Sendable, Hashable {
        /// A request with this method.
        case method(String)
        /// An upgrade to WebSocket.
        case webSocket
    }

    /// What the request asks for.
    public var purpose: Purpose
    /// The URL, without the query.
    public var url: String
    /// Whether it was sent over TLS.
    public var isSecure: Bool

    /// Describes a request.
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
