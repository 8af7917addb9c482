import NIOCore
import STOMPCore
import STOMPTap
import STOMPTransport

extension TapSide {
    fileprivate var name: String {
        switch self {
        case .app: "app"
        case .server: "server"
        }
    }
}

extension TapOpening {
    /// The protocol and path, such as `WebSocket /ws`, or `SockJS xhr-streaming /ws/000/abc`.
    package var text: String {
        switch self {
        case .tcp: "TCP"
        case .webSocket(let path): "WebSocket \(path)"
        case .sockJS(let transport, let session):
            "SockJS \(transport.replacing("_", with: "-"))"
                + (transport == "xhr" || transport == "jsonp" ? "-polling" : "") + " \(session)"
        }
    }
}

extension TapEnding {
    /// Which side ended the connection and how: `the app closed the WebSocket: close 1000 normal closure`.
    package var text: String {
        switch self {
        case .webSocketClosed(let side, let close): "the \(side.name) closed the WebSocket: \(close.text)"
        case .sockJSClosed(let code, let reason):
            "the server closed the SockJS session: \(SockJSEnvelope.close(code: code, reason: reason).text)"
        case .connectionClosed(let side): "the \(side.name) closed the connection"
        case .connectionReset(let side): "the \(side.name) reset the connection"
        case .connectionBroken(let side, let error): Self.text(of: error, by: side)
        case .closedByTap: "the tap closed the connection"
        case .tapEnded: "the tap was stopped"
        case .noConnectionToServer: "no connection to the server"
        case .answered(let status, let reason): "the server answered \(status) \(reason)"
        case .noRequest(let span): "no request for \(span.readable)"
        case .over: "closed"
        }
    }

    /// Names the side (app or server) instead of its address, which is clearer here.
    private static func text(of error: TransportError, by side: TapSide) -> String {
        let name = "the \(side.name)"
        return switch error {
        case .tcp(.connectionReset): Explanation(.tcp(.connectionReset(by: name))).sentence
        case .tcp(.connectionLost(_, let cause)): Explanation(.tcp(.connectionLost(to: name, cause))).sentence
        default: Explanation(error).sentence
        }
    }
}

extension TapFault {
    /// What the fault does.
    package var text: String {
        switch self {
        case .connectionRefused: "refused"
        case .slowed(let delay, let jitter, let rate): Self.text(ofDelay: delay, jitter, rate)
        case .closed(let code?): "closed with \(code)"
        case .closed(nil): "cut the connection"
        case .frozen: "frozen: nothing is relayed any more"
        case .droppedFrame(let command, let destination, let size):
            "dropped a \(command)\(destination.map { " to \($0)" } ?? ""), \(size) B"
        case .droppedHeartBeat: "dropped a heart-beat"
        }
    }

    private static func text(ofDelay delay: TimeAmount, _ jitter: TimeAmount, _ rate: Int?) -> String {
        var parts: [String] = []
        if delay > .zero || jitter > .zero {
            let most = delay + jitter
            parts.append("delayed by \(delay.readable)" + (jitter > .zero ? " to \(most.readable)" : ""))
        }
        if let rate { parts.append("limited to \(rate) B/s") }
        return "all traffic is " + parts.joined(separator: " and ") + ", in each direction"
    }
}

extension TapNote {
    /// The note in one line.
    package var text: String {
        switch self {
        case .cannotConnect(let error): Explanation(error).line
        case .noHeaders(let cause): cause
        case .notSTOMP(let error): "no longer valid STOMP, shown unchanged from here on: \(error.sentence)"
        case .invalidFrame(let error, let fault):
            "not a valid STOMP frame, shown unchanged: \(error.sentence)\(FrameFault.text(fault))"
        case .unfinishedFrame(let frame, let destination, let fault):
            "\(frame.sentence(to: destination))\(FrameFault.text(fault))"
        case .tooLateToDrop: "this frame was not dropped: its start had already been relayed"
        case .invalidSockJSFrame(let error): Explanation(error).sentence
        case .invalidSockJSMessages(let fault): "the app sent an invalid SockJS message array: \(fault.sentence)"
        case .requestTooLarge: "not decoded: the request is larger than --max-message"
        case .unsolicitedAnswer: "the server sent a response without a request"
        case .requestFailed(let request): request.text
        case .cookieOfOtherDomain(let name, let domain, let host):
            "the cookie \(printable(name, limit: 60)) is for \(printable(domain, limit: 100)): a browser at \(host) "
                + "ignores it; open the page under a host name of that domain and add --listen-name for that name"
        case .otherUpgrade(let path): "\(path) was upgraded to a protocol other than WebSocket; not decoded"
        case .notTakenApart(let error): "not decoded: \(Explanation(error).line)"
        case .noLongerTakenApart(let error): "no longer decoded: \(Explanation(error).line)"
        case .notHTTP(let side): "the \(side.name) did not send valid HTTP"
        case .headTooLarge(let side): "the \(side.name) sent an HTTP head that is too large"
        case .unfinishedHead(let time): "timed out after \(time.readable): the app did not finish an HTTP head"
        case .moreRefusals: "more HTTP requests were refused; they are no longer listed"
        }
    }
}

extension FrameFault {
    /// Text to append to the sentence about an invalid frame; empty for nil.
    fileprivate static func text(_ fault: FrameFault?) -> String {
        switch fault {
        case nil: ""
        case .lengthInCharacters(let length, let bytes):
            "; content-length counts the \(length) characters of the body, which has \(bytes) bytes"
        case .lengthCountsNUL: "; content-length counts the NUL, which is not part of the body"
        case .textForNUL(let text): "; it ends with the characters \(text) instead of a NUL byte"
        case .missingNUL:
            "; React Native cuts text at its NUL: with @stomp/stompjs, set forceBinaryWSFrames and "
                + "appendMissingNULLonIncoming"
        }
    }
}

extension FailedRequest {
    /// Describes a refused request, such as `/ws/info was answered 403 "Invalid CORS request"; the Origin that was
    /// sent is http://localhost:8080`.
    fileprivate var text: String {
        let reason = reason.isEmpty ? "" : " \(reason)"
        let origin = origin.map { "; the Origin sent was \(printable($0, limit: 100))" }
        let none = status == 401 || status == 403 ? "; no Origin was sent" : ""
        return "\(printable(path)) was answered \(status)\(reason)\(message)\(origin ?? none)"
    }

    /// The first line of the body, if it is text and not an HTML page.
    private var message: String {
        let line = body.readableBytesView.prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.isEmpty, let text = String(validating: line, as: UTF8.self), !text.hasPrefix("<") else { return "" }
        return " \"\(printable(text, limit: 100))\""
    }
}
