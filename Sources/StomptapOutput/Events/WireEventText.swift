import NIOCore
import STOMPTransport

extension WireEvent {
    /// The bytes to show with the event: its own, or several lines about the result of a TLS handshake.
    package var shownBytes: ByteBuffer? {
        if case .handshakeDone(let summary) = content { ByteBuffer(string: summary.text) } else { bytes }
    }

    /// What happened, in a few words. It is the value of `event` in `--trace-file`, which scripts read.
    package var text: String { content.text }
}

extension WireEvent.Content {
    /// What happened, in a few words.
    package var text: String {
        switch self {
        case .connecting(let place): "connecting to \(place)"
        case .connected(let place): "connected to \(place)"
        case .closed: "closed"
        case .handshakeDone(let summary): summary.description
        case .closeNotify: "close_notify"
        case .keysLogged(let path):
            "the keys of this session are written to \(path) (SSLKEYLOGFILE); they decrypt its traffic"
        case .cannotLogKeys(let path): "cannot write SSLKEYLOGFILE=\(path); no keys are logged"
        case .bytes: "octets"
        case .requestHead(let method, let target, let version, _): "\(method) \(target) \(version)"
        case .responseHead(let version, let status, let reason):
            "\(version) \(status)" + (reason.map { " \($0)" } ?? "")
        case .unreadableHead(let line): line
        case .unsolicitedAnswer: "unrequested response; connection dropped"
        case .connectingThroughProxy(let proxy, let target): "connecting to \(target) through \(proxy)"
        case .socks(let step): step.text
        case .failed(let error): error.layer == .tls ? Explanation(error).line : Explanation(error).sentence
        case .request(let method, let target): "\(method) \(target)"
        case .answer(let status, let reason): "\(status) \(reason)"
        case .offerWithheld(let names): "withheld the offer of \(names.joined(separator: ", "))"
        case .compressionAgreed(let answer): "agreed on \(answer)"
        case .compressionDeclined: "not compressed: the server did not accept the offer"
        case .webSocketFrame(let head): head.text
        case .message(let isText, let size):
            "\(isText ? "text" : "binary") message" + (size.map { ", compressed to \($0) B" } ?? "")
        case .ping: "ping"
        case .pong: "pong"
        case .opened(let description): "opened \(description.name) to \(description.remoteAddress)"
        case .ended(let closure): closure.text(closedBy: "the peer")
        case .serverSentEvent(let event): "event \(event.event)"
        case .retry(let milliseconds): "retry \(milliseconds) ms"
        case .close(let close): close.text
        case .sockJSOpened(let transport, let url): "\(TransportDescription.Kind.sockJS(transport)) at \(url)"
        case .fellBack(let transport, let error, let next):
            "\(transport.rawValue) does not work, \(Explanation(error).sentence): trying \(next.rawValue)"
        case .fellBackToWebSocket(let error): "\(Explanation(error).sentence): trying a plain WebSocket"
        case .sockJSFrame(let envelope): envelope.text
        case .sockJSFrameSent: "frame"
        case .sockJSMessages(let count, let bytes): SockJSEnvelope.text(ofMessages: count, bytes: bytes)
        case .sockJSMessageSent: "message"
        case .frame(let command): command
        case .unchecked: "raw"
        case .heartBeat(let agreed?): "heart-beat, every \(agreed.readable)"
        case .heartBeat(nil): "heart-beat, although none was negotiated"
        case .observedHeartBeat: "heart-beat"
        }
    }
}

extension WebSocketFrameHead {
    /// Opcode, flags, masking key and a description of the payload: `frame text FIN mask 01020304  5 B`.
    fileprivate var text: String {
        var text = "frame \(opcode)" + (isLast ? " FIN" : "") + (isCompressed ? " RSV1" : "")
        if let maskKey {
            let digits = String(maskKey, radix: 16)
            text += " mask " + String(repeating: "0", count: 8 - digits.count) + digits
        }
        if let close { text += close.details }
        // The payload of a control frame is described by its own text.
        return opcode.isControl ? text : text + "  \(size) B"
    }
}

extension WebSocketClose {
    /// The closure, such as `close 1001 going away "bye"`.
    package var text: String { "close" + details }

    fileprivate var details: String {
        guard let code else { return "" }
        return " \(code)" + (name.map { " " + $0 } ?? "") + (reason.isEmpty ? "" : " \"\(printable(reason))\"")
    }
}

extension SockJSEnvelope {
    /// A summary of the SockJS frame; a short frame is shown whole.
    package var text: String {
        switch self {
        case .open: "o"
        case .heartBeat: "h"
        case .prelude: "prelude"
        case .messages(let count, let bytes): "a, \(Self.text(ofMessages: count, bytes: bytes))"
        case .close(let code, let reason): "c \(code) \(printable(reason).debugDescription)"
        }
    }

    fileprivate static func text(ofMessages count: Int, bytes: Int) -> String {
        "\(count) \(count == 1 ? "message" : "messages") of \(bytes) bytes"
    }
}

extension WireEvent.Content.SOCKSStep {
    /// The SOCKS message, in a few words.
    var text: String {
        switch self {
        case .greeting: "SOCKS5 greeting"
        case .answer: "SOCKS5 answer"
        case .credentials: "SOCKS5 user and password"
        case .connect(let target): "SOCKS5 CONNECT \(target)"
        case .request: "SOCKS5 request"
        case .reply: "SOCKS5 reply"
        case .succeeded: "SOCKS5 succeeded"
        }
    }
}

extension TLSSummary {
    /// The complete summary in several lines, for users.
    var text: String {
        var lines = [description + (applicationProtocol.map { ", ALPN \($0)" } ?? "")]
        for (index, certificate) in chain.enumerated() {
            lines.append("certificate \(index): \(certificate.title)")
            lines.append("    issuer: \(certificate.issuer)")
            if !certificate.names.isEmpty { lines.append("    names: \(certificate.names.joined(separator: ", "))") }
            lines.append("    valid: \(TLSDate.text(certificate.notBefore)) to \(TLSDate.text(certificate.notAfter))")
            lines.append("    SHA-256: \(certificate.sha256)")
        }
        switch trust {
        case .verified(let anchor, let source): lines.append("verified by: \(anchor.title), from \(source.text)")
        case .unverified(let failures): lines += failures.map { "not verified: \($0.sentence)" }
        case .notAsked: break
        }
        return lines.joined(separator: "\n")
    }
}

extension TransportDescription {
    /// The transport's name for users: `TCP`, `WebSocket`, `SockJS xhr-streaming`, `HTTP`.
    package var name: String { kind.description }
}
