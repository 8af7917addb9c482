import STOMPTransport

extension HTTPFailure {
    var explanation: Explanation {
        Explanation(layer: TransportError.Layer.http.rawValue, sentence, hint: hint)
    }

    private var sentence: String {
        switch self {
        case .invalidPath(let path): "the path \"\(printable(path))\" has characters that are not allowed in a URL"
        case .invalidHeaderName(let name): "invalid header name \"\(printable(name))\""
        case .invalidValue(let name): "the value of the header \(name) contains control characters"
        case .cannotSendToEventStream: "nothing can be sent on a server-sent event stream"
        case .noAnswer(let request, let span):
            "timed out after \(span.readable) waiting for an answer to \(request.phrase)"
        case .connectionClosed(let request): "the connection was closed without an answer to \(request.phrase)"
        case .answerCutShort(let url): "the connection was closed in the middle of an answer from \(url)"
        case .malformedAnswer(let url): "the answer from \(url) is not valid HTTP"
        case .notHTTP(let url, let line, _): "\(url) answered \"\(printable(line, limit: 60))\", which is not HTTP"
        case .compressedAnswer(let encoding):
            "the server compressed the answer with \(printable(encoding)), which is not supported"
        case .headTooLarge(let url): "the head of the answer from \(url) is too large"
        case .tooManyInformationalAnswers(let peer, let limit):
            "\(peer) sent more than \(limit) bytes of informational answers and no final one"
        case .lineTooLong(let limit): "the server sent a line of more than \(limit) bytes"
        case .eventTooLong(let limit): "the server sent an event of more than \(limit) bytes"
        case .notEventStream(let refusal, let url): Self.sentence(ofNoEventStream: refusal, from: url)
        }
    }

    private static func sentence(ofNoEventStream refusal: HTTPRefusal, from url: String) -> String {
        switch refusal.status {
        case 200:
            switch refusal.contentType ?? "" {
            case "": "\(url) answered without a content type, expected text/event-stream"
            case let type: "\(url) answered \(printable(type)), expected text/event-stream"
            }
        case 204: "\(refusal) from \(url): the server asks clients not to reconnect"
        case 401, 403: "\(refusal) from \(url)"
        default: "\(refusal) from \(url), not an event stream"
        }
    }

    private var hint: String? {
        switch self {
        case .invalidPath: "percent-encode them"
        case .noAnswer: "does this port speak HTTP? A slow server may need --connect-timeout 30s"
        case .connectionClosed(let request):
            request.purpose == .webSocket && !request.isSecure ? "if this port speaks TLS, try wss://" : nil
        case .notHTTP(_, _, let spoken): spoken?.hint
        case .notEventStream(let refusal, _):
            switch refusal.status {
            case 200:
                refusal.mediaType == "text/html" ? "this is a web page; the event stream has another URL" : nil
            case 204: nil
            case 401, 403: refusal.eventStreamHint
            default: refusal.redirectionHint ?? (refusal.hasLargeHeaders ? HTTPRefusal.largeHeadersHint : nil)
            }
        case .lineTooLong, .eventTooLong: Explanation.raiseLimit
        case .invalidHeaderName, .invalidValue, .cannotSendToEventStream, .answerCutShort, .malformedAnswer,
            .compressedAnswer, .headTooLarge, .tooManyInformationalAnswers:
            nil
        }
    }
}

extension HTTPRequestSummary {
    /// The request, such as `GET http://localhost/ws/info`.
    fileprivate var phrase: String {
        switch purpose {
        case .method(let method): "\(method) \(url)"
        case .webSocket: "the WebSocket upgrade request to \(url)"
        }
    }
}

extension ForeignProtocol {
    /// What to do, for a user who expected STOMP.
    package var hint: String {
        switch self {
        case .http: "this port speaks HTTP: for STOMP over WebSocket try ws://HOST:PORT/PATH"
        case .tls: "this port speaks TLS: try stomps:// or wss://"
        case .amqp: "this port speaks AMQP: RabbitMQ has STOMP on 61613, and on 15674/ws over WebSocket"
        case .stomp: "this port speaks STOMP without WebSocket: try stomp://"
        case .sockJS:
            "this is a SockJS session: use the http:// URL of its endpoint, or ws:// with /websocket right after it"
        case .socketIO: "this endpoint speaks Socket.IO, not STOMP"
        case .json: "the server sent JSON, not STOMP; is this the path of its STOMP endpoint?"
        case .echo: "the server echoes what it receives; is this the path of its STOMP endpoint?"
        case .ssh, .smtp: "this port speaks \(rawValue)"
        }
    }
}

extension HTTPRefusal {
    /// The likely cause when the peer does not speak WebSocket or SockJS.
    package var hint: String? {
        switch status {
        case _ where hasLargeHeaders: Self.largeHeadersHint
        case 200, 404, 405: "is the path right? RabbitMQ uses /ws, Spring the path given to addEndpoint"
        case 400: "is the path right, and does a proxy in front forward the Upgrade header?"
        case 426: "does a proxy in front forward the Upgrade header?"
        case 502, 503, 504:
            "a proxy in front may not reach the application: is it running, on the port that the proxy uses?"
        default: nil
        }
    }

    /// Whether the request's headers were too large for the server: 431, or 400 with that phrase.
    fileprivate var hasLargeHeaders: Bool {
        status == 431 || status == 400 && ServerPhrases.saysHeadersAreTooLarge(self)
    }

    fileprivate static let largeHeadersHint =
        "the request headers are too large for the server: send smaller cookies (--cookie) or headers (--http-header)"

    /// The hint for a 401 or 403 where server-sent events were expected.
    fileprivate var eventStreamHint: String {
        if status == 401, let hint = identity.refusalHint { return hint }
        return "send credentials with --http-header or --cookie, "
            + (identity.origin == nil ? "or an --origin that the server allows" : "or another --origin")
    }
}
