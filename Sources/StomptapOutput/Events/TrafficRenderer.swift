import NIOCore
import STOMPCore
import STOMPTap
import STOMPTransport

/// Formats traffic as `raw` and `tap` print and record it, in every ``OutputForm``.
///
/// ```
/// 14:03:22.118 * ws open 127.0.0.1:8080
/// 14:03:22.120 > ws text  5 B
///                hello
/// 14:03:24.122 < ws close 1000 normal closure "bye"  clean
/// ```
///
/// For a tap, the connection replaces the layer, and frames look as they do elsewhere.
package struct TrafficRenderer: Sendable {
    private let form: OutputForm
    private let hasDump: Bool
    private let text: WireText
    private var timestamps: Timestamps
    private var json: EventJSON
    /// Used for the forms that print only messages, and for the frames of a tap.
    private var messages: MessageRenderer

    /// - Parameters:
    ///   - hasDump: whether a hex dump follows each event that has bytes, in the form ``OutputForm/pretty``.
    ///   - start: the zero point of ``TimestampStyle/relative``.
    package init(form: OutputForm, style: OutputStyle, hasDump: Bool = false, start: Timestamp = .now()) {
        self.form = form
        self.hasDump = hasDump
        text = WireText(
            style, largestBody: .max, dumpLimit: style.bodies.limit ?? HexDump.standardLimit)
        timestamps = Timestamps(style.timestamps, start: start)
        json = EventJSON(mask: style.mask, hasJSONBodies: style.bodies.hasJSON)
        messages = MessageRenderer(form: form, style: style, start: start)
    }

    /// Appends a tap's event if it is a frame, a message, or bytes that are neither.
    package mutating func append(_ event: TapEvent, at time: Timestamp, to out: inout OutputBuffer) {
        if let event = TrafficEvent(event, at: time) { append(event, to: &out) }
    }

    package mutating func append(_ event: TrafficEvent, to out: inout OutputBuffer) {
        switch form {
        case .none: break
        case .json: json.append(event, to: &out)
        case .pretty:
            if let label = event.label, case .frame(let frame) = event.content {
                messages.append(frame, event.direction, at: event.time, of: label, to: &out)
            } else {
                writePretty(event, to: &out)
            }
        case .body, .raw, .format:
            // `raw` prints only what it received.
            if event.isMessage, event.label != nil || event.direction == .incoming { writeMessage(event, to: &out) }
        }
    }

    // MARK: - For programs

    private mutating func writeMessage(_ event: TrafficEvent, to out: inout OutputBuffer) {
        var headers: HeaderList = [:]
        var bytes = event.bytes ?? ByteBuffer()
        switch event.content {
        case .frame(let frame):
            switch form {
            case .raw where event.label != nil: bytes = covered(frame)
            // Most other frames have no body; an empty line for each would be useless.
            case .body where event.label != nil && !frame.command.allowsBody(in: nil) && frame.bodySize == 0: return
            default: return messages.append(frame, event.direction, at: event.time, of: event.label, to: &out)
            }
        case .wire(.serverSentEvent(let event), _): headers = ["event": event.event, "id": event.id]
        case .unfinished,
            .wire where event.label != nil:
            bytes = ByteBuffer(bytes: bytes.withUnsafeReadableBytes { text.mask.covered($0) })
        case .wire: break
        }
        messages.append(plain: bytes, headers: headers, event.direction, at: event.time, of: event.label, to: &out)
    }

    /// The bytes of a frame, with each byte of a secret in its headers replaced by an asterisk.
    private func covered(_ frame: Frame) -> ByteBuffer {
        var hasSecret = false
        frame.headers.forEachBytes { name, value in
            if text.mask.hides(value, of: name, in: frame.command) { hasSecret = true }
        }
        guard hasSecret else { return frame.bytes }
        // The body, and the NUL after it, end the frame.
        let head = frame.bytes.readableBytes - frame.bodySize - 1
        var bytes = frame.bytes
        let covered = bytes.readSlice(length: head).map { $0.withUnsafeReadableBytes { text.mask.covered($0) } } ?? []
        return ByteBuffer(bytes: covered + bytes.readableBytesView)
    }

    // MARK: - For users

    private mutating func writePretty(_ event: TrafficEvent, to out: inout OutputBuffer) {
        timestamps.advance(to: event.time)
        let indentation = WireText.indentation(below: timestamps.text)
        text.writeStart(timestamps.text, event.direction, of: event.label, to: &out)
        if event.label == nil { out.append("\(event.layer.rawValue) ") }
        switch event.content {
        case .frame(let frame):
            out.append(frame.command.rawValue)
            frame.bytes.withUnsafeReadableBytes { bytes in
                text.writePlaceAndSize(of: bytes, to: &out)
                out.append("\n")
                text.write(frame: bytes, indentation: indentation, to: &out)
            }
        case .unfinished(let frame, _, let bytes):
            out.append(frame.command?.rawValue ?? "frame")
            out.append(" (unfinished)")
            bytes.withUnsafeReadableBytes { bytes in
                text.writePlaceAndSize(of: bytes, to: &out)
                out.append("\n")
                text.write(frame: bytes, indentation: indentation, to: &out)
            }
        case .wire(let content, let bytes):
            text.write(content, bytes, isDumped: hasDump, indentation: indentation, to: &out)
        }
        guard hasDump, let bytes = event.bytes else { return }
        bytes.withUnsafeReadableBytes { text.mask.covered($0) }.withUnsafeBytes {
            text.write(dump: $0, indentation: indentation, to: &out)
        }
    }
}
