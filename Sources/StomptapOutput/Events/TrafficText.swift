import NIOCore
import STOMPTransport

extension WireEvent.Content {
    /// The kind of event in one word: `type` in JSON, and the first word in text. Only for the events of `raw` and
    /// `tap`.
    package var type: String {
        switch self {
        case .opened: "open"
        case .ended: "close"
        case .message(let isText, _): isText ? "text" : "binary"
        case .ping: "ping"
        case .pong: "pong"
        case .observedHeartBeat: "heart-beat"
        case .serverSentEvent: "event"
        case .retry: "retry"
        default: "octets"
        }
    }
}

extension WireText {
    /// Appends an event that is not a frame: its type, a description in one line, and its bytes below, with possible
    /// secrets hidden.
    ///
    /// - Parameter isDumped: whether a hex dump follows; then binary bytes are not shown here.
    func write(
        _ content: WireEvent.Content, _ bytes: ByteBuffer?, isDumped: Bool, indentation: Int, to out: inout OutputBuffer
    ) {
        out.append(content.type)
        switch content {
        case .opened(let description):
            out.append(" ")
            let parts = [description.remoteAddress, description.subprotocol, description.tls]
            out.append(parts.compactMap { $0 }.joined(separator: "  "), visible: .line)
            out.append("\n")
        case .ended(let closure): write(closure, to: &out)
        case .retry(let milliseconds): out.append(" \(milliseconds) ms\n")
        case .observedHeartBeat: out.append("\n")
        case .serverSentEvent(let event): write(event, indentation, to: &out)
        case .message, .ping, .pong: write(bytes ?? ByteBuffer(), indentation, to: &out) { !isDumped || $0.isText }
        default: write(stream: bytes ?? ByteBuffer(), isDumped: isDumped, indentation, to: &out)
        }
    }

    /// Appends the size and the content of a message.
    private func write(
        _ bytes: ByteBuffer, _ indentation: Int, to out: inout OutputBuffer,
        if isShown: (UnsafeRawBufferPointer) -> Bool
    ) {
        writeSize(bytes.readableBytes, to: &out)
        out.append("\n")
        // A message that is not valid STOMP may still contain a frame with secrets.
        bytes.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { bytes in
            // An invalid frame is still shown as a frame.
            if bytes.last == 0, bytes.isTextOfFrame {
                write(frame: bytes, indentation: indentation, to: &out)
            } else if isShown(bytes) {
                write(body: bytes, indentation: indentation, to: &out)
            }
        }
    }

    /// Appends the size and the content of bytes from a stream.
    private func write(stream bytes: ByteBuffer, isDumped: Bool, _ indentation: Int, to out: inout OutputBuffer) {
        writeSize(bytes.readableBytes, to: &out)
        out.append("\n")
        bytes.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { bytes in
            // An invalid frame is still shown as a frame.
            if bytes.isTextOfFrame {
                write(frame: bytes, indentation: indentation, to: &out)
            } else if !isDumped {
                write(dump: bytes, indentation: indentation, to: &out)
            }
        }
    }

    private func write(_ event: ServerSentEvent, _ indentation: Int, to out: inout OutputBuffer) {
        out.append(" ")
        out.append(mask.masked(summary: event.event), visible: .line)
        writeSize(event.data.readableBytes, to: &out)
        out.append("\n")
        if !event.id.isEmpty {
            write(line: mask.masked(summary: "id: \(event.id)"), indentation: indentation, to: &out)
        }
        event.data.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes {
            write(body: $0, indentation: indentation, to: &out)
        }
    }

    private func write(_ closure: TransportClosure, to out: inout OutputBuffer) {
        if let code = closure.code { out.append(" \(code)") }
        if let name = closure.codeName { out.append(" \(name)") }
        if !closure.reason.isEmpty {
            out.append(" \"")
            out.append(mask.masked(summary: closure.reason), visible: .line)
            out.append("\"")
        }
        out.append(closure.isClean ? "  clean\n" : "  not clean\n")
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are text, with at most a NUL at the end.
    fileprivate var isTextOfFrame: Bool {
        UnsafeRawBufferPointer(rebasing: last == 0 ? dropLast() : self[...]).isText
    }
}
