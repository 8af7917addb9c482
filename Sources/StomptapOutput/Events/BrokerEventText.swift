import NIOCore
import STOMPBroker
import STOMPCore
import STOMPTransport

/// The lines that `serve` prints on stderr about the embedded broker.
extension BrokerEvent {
    /// The event in one line, such as `connection 1: subscribed to /topic/a as sub-0 (auto)`.
    package var line: String { "connection \(connection): \(kind.text)" }

    /// The first line of a frame and its lines below, with secrets hidden; nil if the event is not a frame.
    package func trace(_ mask: SecretMask) -> [UInt8]? {
        guard case .frame(let direction, let bytes) = kind else { return nil }
        let text = WireText(OutputStyle(mask: mask), largestBody: TracePrinter.largestBody, coversBodies: true)
        var out = OutputBuffer()
        bytes.withUnsafeReadableBytes { bytes in
            let command = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            out.append("stomptap: connection \(connection): \(direction.mark) ")
            out.append(UnsafeRawBufferPointer(rebasing: command), visible: .line)
            text.writePlaceAndSize(of: bytes, to: &out)
            out.append("\n")
            text.write(frame: bytes, indentation: 2, to: &out)
        }
        return Array(out.bytes)
    }
}

extension BrokerEvent.Kind {
    fileprivate var text: String {
        switch self {
        case .accepted(let stream): "\(stream.kind) from \(stream.remoteAddress)"
        case .connected(let version, let login):
            "connected with STOMP \(version)" + (login.map { " as \($0)" } ?? "")
        case .subscribed(let destination, let id, let ack):
            "subscribed to \(destination)" + (id.map { " as \($0)" } ?? "") + " (\(ack.rawValue))"
        case .unsubscribed(let name): "unsubscribed \(name)"
        case .unknownSelector(let selector):
            "ignored the selector \(selector.debugDescription); only headers['NAME'] == 'VALUE' is supported"
        case .refused(.malformed(let error)): "answered ERROR: \(error.sentence)"
        case .refused(.denied(let text)): "answered ERROR: \(text)"
        case .refused(let error): "answered ERROR: \(error)"
        case .droppedFrame(let command, let destination, let reason):
            "dropped \(command)\(destination.map { " \($0)" } ?? ""): \(reason.text)"
        case .frame(let direction, let bytes): "\(direction.mark) frame, \(bytes.readableBytes) B"
        case .disconnected: "disconnected"
        case .endedByBinary: "closed with 1002: SockJS cannot carry a binary message"
        case .dropped(let reason): "dropped: \(reason)"
        case .ended(let error): "closed" + (error.map { ": \(Explanation($0).fact)" } ?? "")
        }
    }
}

extension FrameDrop {
    /// Why the broker ignores a frame.
    package var text: String {
        switch self {
        case .sessionOver: "the session has ended"
        case .notConnected: "no CONNECT before it"
        case .alreadyConnected: "already connected"
        case .serverFrame: "only a server sends it"
        case .noVersion: "no accept-version; Spring 5 and later does not answer"
        case .unknownVersion(let offered): "unknown version \(offered.debugDescription); Spring does not answer"
        case .missingHeader(let name): "missing header \(name)"
        case .notServed: "not a destination of the broker or of a handler; add a prefix with --prefix"
        case .notSupported: "not supported by the simple broker"
        case .rejected(let error): error.explanation
        case .unknownQueue(let name): "unknown queue \(name)"
        case .noSubscriber(let destination): "no subscriber to \(destination)"
        case .noReply(let failure): failure.text
        }
    }
}

extension BrokerReply.Failure {
    fileprivate var text: String {
        switch self {
        case .notJSON(let type?) where !MediaType(type).isJSON: "the handler expects JSON, but content-type is \(type)"
        case .notJSON: "the handler expects JSON, but the body is not JSON"
        case .notText(let type): "the handler expects text/plain, but content-type is \(type)"
        case .noValue(let path): "the handler failed: no value at \(path) in the body"
        case .tooLarge(let limit): "the reply would be larger than \(limit) B"
        }
    }
}
