import STOMPClient
import STOMPCore
import STOMPTransport

extension Explanation {
    package init(_ error: STOMPClientError) {
        switch error {
        case .transport(let failure): self.init(failure)
        case .invalidEndpoint(let url, let fault): self.init(url, fault)
        case .noEndpoint: self.init(layer: "endpoint", "missing")
        case .noAttemptHeaders(let failure):
            self = (failure as? HeaderCommandFailure)?.explanation ?? Explanation(layer: "headers", "\(failure)")
        case .refused(let frame, let sent):
            self.init(
                stomp: "CONNECT was refused: \(Self.reason(of: frame))",
                hint: ServerPhrases.hint(refusal: frame, sent: sent))
        case .serverError(let frame, let sent, let preceding):
            let reason = Self.reason(of: frame)
            let about = preceding.phrase(in: frame, unlessIn: reason).map { " (\($0))" } ?? ""
            self.init(stomp: "ERROR: \(reason)\(about)", hint: ServerPhrases.hint(error: frame, sent: sent))
        case .protocolViolation(_, .countsCharacters(let mistake)): self.init(mistake)
        case .protocolViolation(let failure, .speaks(let foreign)): self.init(failure, foreign: foreign)
        case .protocolViolation(let failure, nil): self.init(failure)
        case .speaksTLS(let endpoint):
            self.init(
                layer: TransportError.Layer.tcp.rawValue,
                "\(endpoint) closed the connection without an answer: this port speaks TLS", hint: "try stomps://")
        case .closed(let closure, let stage): self.init(closure, stage)
        case .silent(let silence, let agreed):
            self.init(
                stomp: "nothing received from the server for \(silence.readable), expected a heart-beat every "
                    + "\(agreed.readable)")
        case .aborted: self.init(stomp: "the session was cancelled")
        case .ended: self.init(stomp: "the session has ended")
        case .timedOut(let awaited, let span): self.init(awaited, span.readable)
        case .cannotSend(let fault): self.init(fault)
        }
    }

    /// An invalid frame, from this side or from the server.
    package init(_ error: STOMPProtocolError, foreign: ForeignProtocol? = nil) {
        self.init(
            stomp: error.sentence,
            hint: foreign?.hint ?? (error.party == .peer && error.isLimitOfSize ? Self.raiseLimit : nil))
    }

    private init(_ mistake: LengthInCharacters) {
        let text = String(decoding: mistake.body.readableBytesView.prefix(400), as: UTF8.self)
        let isCut = mistake.body.readableBytes > 400
        self.init(
            stomp: "content-length is \(mistake.length), which is the number of characters; the body has "
                + "\(mistake.body.readableBytes) bytes: "
                + "\"\(visible(SecretMask.hiding.masked(text)))\"\(isCut ? "..." : "")",
            hint: "the server must count the bytes of the UTF-8 body")
    }

    private init(stomp sentence: String, hint: String? = nil) {
        self.init(layer: "STOMP", sentence, hint: hint)
    }

    static let raiseLimit = "raise the limit with --max-message"

    /// The `message` of an ERROR, and the first line of its body if that adds something.
    private static func reason(of frame: Frame) -> String {
        var parts = [frame.headers["message"] ?? "", frame.firstLineOfBody].filter { !$0.isEmpty }
        if parts.count == 2, parts[1].hasPrefix(parts[0]) { parts.removeFirst() }
        return parts.isEmpty ? "no reason given" : parts.joined(separator: ": ")
    }

    private init(_ closure: TransportClosure?, _ stage: STOMPClientError.ClosedStage) {
        let layer = (closure?.layer ?? .tcp).rawValue
        let closed = closure?.text(closedBy: "the server") ?? "closed by the server"
        let hint = closure.flatMap(ServerPhrases.hint(closure:))
        switch stage {
        case .beforeConnected:
            self.init(
                layer: layer, "\(closed) before CONNECTED",
                hint: hint ?? "is this the STOMP port? See the log of the server")
        case .insideFrame(let frame):
            self.init(layer: layer, "\(closed): \(frame.sentence)", hint: hint)
        case .betweenFrames: self.init(layer: layer, closed, hint: hint)
        case .afterQuiet(let quiet, let error):
            let end = error.map(Explanation.init)
            self.init(
                layer: end?.layer ?? layer, "\(end?.sentence ?? closed) after \(quiet.readable) without traffic",
                hint: "perhaps a proxy closes idle connections; try --heart-beat 10s,10s")
        case .insteadOfReceipt:
            self.init(stomp: "the server closed the connection instead of answering DISCONNECT")
        }
    }

    private init(_ awaited: STOMPClientError.Awaited, _ span: String) {
        switch awaited {
        case .connected(let endpoint, let versions):
            self.init(
                stomp: "timed out after \(span) waiting for CONNECTED from \(endpoint)",
                hint: versions == [.v10]
                    ? "Spring does not answer a client that only accepts STOMP 1.0; use --stomp-version 1.2,1.1"
                    : "is this the STOMP port? A slow server may need --connect-timeout 30s")
        case .receipt:
            self.init(
                stomp: "timed out after \(span) waiting for a receipt",
                hint: "Spring's simple broker only answers DISCONNECT with a receipt; use --receipt auto")
        case .restOfFrame(let frame): self.init(stomp: "timed out after \(span): \(frame.sentence)")
        case .binaryReceipts(let messages, let isByChoice):
            let named = messages.prefix(10)
            let more = messages.count > named.count ? " and \(messages.count - named.count) more" : ""
            let numbers = named.map(String.init).joined(separator: ", ") + more
            self.init(
                stomp: "timed out after \(span) waiting for the receipt of message\(messages.count == 1 ? "" : "s") "
                    + "\(numbers), sent as binary over WebSocket",
                hint: "the server may ignore binary messages: \(isByChoice ? "omit --ws-binary" : "use stomp://"); "
                    + "if it sends no receipts, use --receipt none")
        case .pong:
            self.init(layer: TransportError.Layer.webSocket.rawValue, "timed out after \(span) waiting for a pong")
        case .progress(let queued):
            self.init(stomp: "timed out after \(span): the server does not read; \(queued) bytes are not sent")
        }
    }

    private init(_ fault: STOMPClientError.SendFault) {
        switch fault {
        case .invalid(let error): self.init(error)
        case .notText(let number, let transport):
            let layer = transport.kind.layer.rawValue
            let what = number.map { "message \($0)" } ?? "the body"
            self.init(
                layer: layer, "\(what) is not UTF-8, and \(layer) carries only text",
                hint: "send it as base64, or use ws:// with /websocket at the end of the path")
        case .noPing(let transport):
            self.init(layer: "\(transport.kind)", "only a plain WebSocket has pings")
        case .noCloseFrame(let transport):
            self.init(layer: "\(transport.kind)", "only a WebSocket has close frames")
        case .afterDisconnect: self.init(stomp: "nothing can be sent after DISCONNECT")
        }
    }
}

extension Frame {
    /// The first line of the body, of at most 200 bytes.
    var firstLineOfBody: String {
        let text = String(decoding: body.readableBytesView.prefix(200), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }
}

extension STOMPClientError {
    /// The kind of failure as a JSON key; `bench` counts failures by it.
    package var kindName: String {
        switch self {
        case .transport(let error): error.kind.rawValue
        case .invalidEndpoint, .noEndpoint: "invalidEndpoint"
        case .noAttemptHeaders: "noHeaders"
        case .refused: "refused"
        case .serverError: "serverError"
        case .protocolViolation(let error, _): error.isLimit ? "limitExceeded" : "protocolViolation"
        case .speaksTLS: "protocolViolation"
        case .closed, .silent, .aborted, .ended: "connectionLost"
        case .timedOut: "timedOut"
        case .cannotSend: "cannotSend"
        }
    }
}

extension UnfinishedFrame {
    /// What was received, such as `incomplete MESSAGE frame (81 bytes received), the body has 5 bytes but
    /// content-length is 6`.
    package var sentence: String { sentence(to: nil) }

    /// The same, with the destination of the frame.
    package func sentence(to destination: String?) -> String {
        let place = destination.map { " to \(printable($0))" } ?? ""
        let frame = command.map { "\($0) frame" } ?? "frame"
        let what = "incomplete \(frame)\(place) (\(bytes) bytes received)"
        guard let bodyBytes else { return "\(what), no empty line after the headers" }
        guard let contentLength else { return "\(what), no NUL after the \(bodyBytes) bytes of the body" }
        return "\(what), the body has \(bodyBytes) bytes but content-length is \(contentLength)"
    }
}

extension STOMPProtocolError {
    /// Whether the frame exceeded a limit that an option sets.
    fileprivate var isLimitOfSize: Bool {
        switch reason {
        case .lineTooLong(let limit): limit != FrameLimits.longestCommandLine
        case .frameTooLarge: true
        default: false
        }
    }

    /// What happened. A quoted line may contain a secret, which is hidden.
    package var sentence: String {
        sentence { excerpt in
            let text = String(decoding: excerpt.bytes, as: UTF8.self)
            let masked = SecretMask.hiding.masked(typed: text)
            let shown = masked == text ? excerpt.bytes.withUnsafeBytes(visible) : visible(masked)
            return "\"\(shown)\"" + (excerpt.isCut ? "..." : "")
        }
    }
}

/// Limits of common servers.
package enum ServerLimits {
    /// The largest WebSocket message that Tomcat accepts by default; it closes the connection with 1009 at a larger
    /// one.
    package static let tomcatMessage = "16640 bytes"
    /// The largest frame that Spring accepts by default, in bytes.
    static let springFrame = 64 << 10
    /// A message size that Tomcat always accepts, as an option's value.
    package static let messageForTomcat = "8192"
}

extension PrecedingFrames {
    /// The sent frame that the ERROR answers, if that is certain.
    package func subject(of error: Frame) -> LastSent? {
        // RabbitMQ answers in order, and its own ERROR has a `version` header. An ERROR from a Spring relay in front
        // of it has none.
        named ?? (error.headers.contains("version") ? unconfirmed : nil)
    }

    /// Names what was sent, such as `in answer to SUBSCRIBE /topic/a`, or `last sent: a heart-beat`; nil if the
    /// reason already names it.
    fileprivate func phrase(in error: Frame, unlessIn reason: String) -> String? {
        if let subject = subject(of: error) { return subject.phrase(unlessIn: reason).map { "in answer to \($0)" } }
        return last?.phrase(unlessIn: reason).map { "last sent: \($0)" }
    }
}

extension LastSent {
    /// Names what was sent, such as `SUBSCRIBE /topic/a`, `UNSUBSCRIBE sub-0`, or `a heart-beat`; nil if the reason
    /// names the destination.
    fileprivate func phrase(unlessIn reason: String) -> String? {
        switch self {
        case .frame(_, let destination?, _) where reason.contains(destination): nil
        case .frame(let command, let destination, let id):
            (destination ?? id).map { "\(command) \(printable($0, limit: 200))" } ?? "\(command)"
        case .heartBeat: "a heart-beat"
        }
    }
}

extension ClientNotice {
    /// A warning; nil if nothing is wrong yet.
    package var warning: String? {
        switch self {
        case .opening: nil
        case .invalidUTF8: "a text message was not UTF-8; a browser would close the connection with 1007"
        case .strayMessage(let frame): "STOMP: \(Self.stray(frame)); -v shows it"
        case .strayMessages(let count):
            "STOMP: ignored \(count) messages for unknown subscriptions"
        }
    }

    private static func stray(_ frame: Frame) -> String {
        let place = frame.headers["destination"].map { " from \(printable($0))" } ?? ""
        let name = frame.headers["subscription"].map { " for the unknown subscription \"\(printable($0))\"" }
        return "ignored a MESSAGE\(place)\(name ?? " without a subscription")"
    }
}
