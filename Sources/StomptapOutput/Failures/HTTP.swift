import STOMPTransport

extension HTTPFailure {
    var explanation: Explanation {
        Explanation(layer: TransportError.Layer.http.rawValue, sentence, hint: hint)
    }

    private var sentence: String {
        switch self {
        case .invalidPath(let path): "the path \"\(printable(path))\" has characters that a URL cannot have"
        case .invalidHeaderName(let name): "\"\(printable(name))\" cannot be the name of a header"
        case .invalidValue(let name): "the value of the header \(name) has control characters"
        case .cannotSendToEventStream: "nothing can be sent where server-sent events come from"
        case .noAnswer(let request, let span): "no answer to \(request.phrase) within \(span.readable)"
        case .connectionClosed(let request): "\(request.asked), and the connection ended unanswered"
        case .answerCutShort(let url): "the connection ended in the midst of an answer of \(url)"
        case .malformedAnswer(let url): "the answer of \(url) is broken HTTP"
        case .notHTTP(let url, let line, _): "\(url) answered \"\(printable(line, limit: 60))\", which is no HTTP"
        case .compressedAnswer(let encoding): "the server has compressed the answer with \(printable(encoding))"
        case .headTooLarge(let url): "the head of the answer of \(url) is too large"
        case .tooManyInformationalAnswers(let peer, let limit):
            "\(peer) sent more than \(limit) octets of informational answers and no final one"
        case .lineTooLong(let limit): "the server sent a line of more than \(limit) octets"
        case .eventTooLong(let limit): "the server sent an event of more than \(limit) octets"
        case .notEventStream(let refusal, let url): Self.sentence(ofNoEventStream: refusal, from: url)
        }
    }

    private static func sentence(ofNoEventStream refusal: HTTPRefusal, from url: String) -> String {
        switch refusal.status {
        case 200:
            switch refusal.contentType ?? "" {
            case "": "\(url) names no content type, where text/event-stream was asked for"
            case let type: "\(url) answered \(printable(type)), which is no event stream"
            }
        case 204: "\(refusal) from \(url): the server wants nobody to connect again"
        case 401, 403: "\(refusal) from \(url)"
        default: "\(refusal) from \(url), not an event stream"
        }
    }

    private var hint: String? {
        switch self {
        case .invalidPath: "write them percent-encoded"
        case .noAnswer: "does this port speak HTTP? A server that is slow may need --connect-timeout 30s"
        case .connectionClosed(let request):
            request.purpose == .webSocket && !request.isSecure ? "where this port speaks TLS, try wss://" : nil
        case .notHTTP(_, _, let spoken): spoken?.hint
        case .notEventStream(let refusal, _):
            switch refusal.status {
            case 200:
                refusal.mediaType == "text/html" ? "that is a page for a browser: the events have another URL" : nil
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
        case .webSocket: "the WebSocket upgrade from \(url)"
        }
    }

    /// A clause saying that the request was made.
    fileprivate var asked: String {
        switch purpose {
        case .method(let method): "\(url) was sent a \(method) request"
        case .webSocket: "\(url) was asked for a WebSocket"
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
        case .echo: "the server sent back what it got; is this the path of its STOMP endpoint?"
        case .ssh, .smtp: "this port speaks \(rawValue)"
        }
    }
}

extension HTTPRefusal {
    /// The likely cause when the peer does not speak WebSocket or SockJS.
    package var hint: String? {
        switch status {
        case _ where hasLargeHeaders: Self.largeHeadersHint
        case 200, 404, 405: "is the path right? RabbitMQ's is /ws, Spring's what addEndpoint names"
        case 400: "is the path right, and does a proxy in front pass on the Upgrade header?"
        case 426: "does a proxy in front pass on the Upgrade header?"
        case 502, 503, 504: "a proxy in front may have no backend: is the application running, and at the proxy's port?"
        default: nil
        }
    }

    /// Whether the request's headers were too large for the server: 431, or 400 with that phrase.
    fileprivate var hasLargeHeaders: Bool {
        status == 431 || status == 400 && ServerPhrases.saysHeadersAreTooLarge(self)
    }

    fileprivate static let largeHeadersHint =
        "the headers of the request are too large for it: send smaller cookies (--cookie) or headers (--http-header)"

    /// The hint for a 401 or 403 where server-sent events were expected.
    fileprivate var eventStreamHint: String {
        if status == 401, let hint = identity.refusalHint { return hint }
        return "give credentials by --http-header or --cookie, "
            + (identity.origin == nil ? "or an --origin that it knows" : "or another --origin")
    }
}
