import NIOCore
import STOMPTransport

extension SockJSFailure {
    var explanation: Explanation {
        Explanation(layer: layer.rawValue, sentence, hint: hint)
    }

    private var sentence: String {
        switch self {
        case .refused(let url, let refusal, _), .requestRefused(let url, let refusal):
            "\(refusal) from \(url)\(refusal.refusedOrigin)"
        case .requestFailed(let url, let refusal): "\(refusal) from \(url)"
        case .noInfo(let url, let refusal, _):
            "\(refusal) from \(url)" + (refusal.status == 404 ? ", not a SockJS endpoint" : "")
        case .infoNotJSON(let url, let refusal):
            "\(url) answered \(printable(refusal.contentType ?? "", limit: 60)), expected JSON"
        case .infoWithoutWebSocketMember(let url, _):
            "\(url) answered JSON without the \"websocket\" member that SockJS has"
        case .invalidInfo(let fault, let url, _): "\(url) did not answer with a JSON object: \(fault.sentence)"
        case .sessionsElsewhere: "the SockJS sessions are at another URL"
        case .noWebSocketOffered(let url): "\(url) offers no WebSocket"
        case .nothingToTry: "no transport left to try"
        case .noTransportWorks(let url, let failures):
            "no transport works at \(url): "
                + failures.map { "\($0.transport.rawValue): \(Explanation($0.error).sentence)" }.joined(separator: "; ")
        case .neither(let sockJS, let webSocket):
            "neither SockJS nor a WebSocket: \(Explanation(sockJS).sentence); \(Explanation(webSocket).sentence)"
        case .notOpened(let span): "timed out after \(span.readable) waiting for the session to open"
        case .endedBeforeOpening: "the server closed the connection before it opened the session"
        case .closedBeforeOpening(let code, let reason):
            "the server closed the session before it was open, with \(code) \(printable(reason).debugDescription)"
        case .messagesBeforeOpening: "the server sent messages before it opened the session"
        case .answerWithoutOpening: "the server's answer ended without an open frame"
        case .tooMuchBeforeOpening(let bytes):
            "the server sent \(bytes) bytes without an open frame"
        case .unknownSession(let url, let refusal):
            "the server no longer knows the session: \(refusal) from \(url)"
        case .openedAgain: "the server lost the session and opened a new one"
        case .emptyAnswers(let count): "the server sent \(count) answers in a row without a frame"
        case .invalidFrame(let beginning, let fault):
            "the server sent an invalid SockJS frame: \"\(Self.shown(beginning))\", \(fault.sentence)"
        case .invalidMessage(let fault): "the client sent an invalid SockJS message: \(fault.sentence)"
        case .frameTooLarge(let limit): "the server sent a frame of more than \(limit) bytes"
        case .messageNotUTF8: "the server sent a message that is not UTF-8"
        case .cannotSendBinary: "the message is not UTF-8, and SockJS carries only text"
        case .clientGone(let span): "timed out after \(span.readable) waiting for the client to poll"
        }
    }

    private var hint: String? {
        switch self {
        case .refused(_, let refusal, let ownOrigin):
            refusal.status == 401 ? refusal.credentialsHint : refusal.forbiddenHint(ownOrigin: ownOrigin)
        case .requestRefused(_, let refusal):
            refusal.status == 401 ? refusal.credentialsHint : refusal.forbiddenHint(ownOrigin: nil)
        case .noInfo(_, let refusal, let url):
            (300..<400).contains(refusal.status)
                ? refusal.location.map(ServerPhrases.isLoginPage) == true
                    ? refusal.redirectionHint : url.map { "redirects are not followed; try \(printable($0))" }
                : refusal.hint
        case .infoNotJSON(_, let refusal), .infoWithoutWebSocketMember(_, let refusal), .invalidInfo(_, _, let refusal):
            refusal.hint
        case .sessionsElsewhere(let url): "try \(printable(url))"
        case .noTransportWorks(_, let failures):
            // Without a hint for the last failure, the first one, the WebSocket's, explains most.
            [failures.last, failures.first].lazy.compactMap { $0.flatMap { Explanation($0.error).hint } }.first
        case .neither(let sockJS, let webSocket): Self.hint(sockJS, webSocket)
        case .unknownSession, .openedAgain:
            "was it restarted, or does a load balancer send requests of one session to several servers?"
        case .frameTooLarge: Explanation.raiseLimit
        case .cannotSendBinary(.client): "use the plain WebSocket at /websocket below the SockJS URL"
        case .closedBeforeOpening(let code, let reason):
            ServerPhrases.hint(
                closure: TransportClosure(layer: .sockJS, code: code, reason: reason, isClean: true))
        case .noWebSocketOffered, .nothingToTry, .notOpened, .endedBeforeOpening,
            .messagesBeforeOpening, .answerWithoutOpening, .tooMuchBeforeOpening, .requestFailed,
            .emptyAnswers, .invalidFrame, .invalidMessage, .messageNotUTF8, .cannotSendBinary, .clientGone:
            nil
        }
    }

    /// What to do if the server has neither SockJS nor a WebSocket: the hint for its answer to the WebSocket
    /// request, if it answered. A redirect of the SockJS request is more helpful than that.
    private static func hint(_ sockJS: TransportError, _ webSocket: TransportError) -> String? {
        let (first, second) = (Explanation(sockJS).hint, Explanation(webSocket).hint)
        let redirects = sockJS.response.map { (300..<400).contains($0.status) } ?? false
        if redirects { return first }
        let isSilent = webSocket.layer == .tcp || webSocket.kind == .timedOut
        return isSilent ? first ?? second : second ?? first
    }

    private static func shown(_ beginning: ByteBuffer) -> String {
        let text = String(decoding: beginning.readableBytesView.prefix(shownBytes), as: UTF8.self)
        return printable(text) + (beginning.readableBytes > shownBytes ? "..." : "")
    }
}
