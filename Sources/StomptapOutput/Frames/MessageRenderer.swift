import NIOCore
import STOMPCore
import STOMPTransport

/// Formats frames for output, in every ``OutputForm``.
///
/// Use one renderer for each output: it remembers the time of the previous message.
package struct MessageRenderer {
    package let form: OutputForm
    package let style: OutputStyle
    private var timestamps: Timestamps
    private var isoTime = ISOTime()
    private var json: JSONMessage

    /// - Parameters:
    ///   - form: the form of each message.
    ///   - style: the output style.
    ///   - start: the zero point of ``TimestampStyle/relative``.
    package init(form: OutputForm, style: OutputStyle, start: Timestamp = .now()) {
        self.form = form
        self.style = style
        timestamps = Timestamps(style.timestamps, start: start)
        json = JSONMessage(mask: style.mask, hasJSONBodies: style.bodies.hasJSON)
    }

    /// Appends frames that were received, or sent, together at `time`.
    package mutating func append(
        _ frames: some Sequence<Frame>, _ direction: WireEvent.Direction = .incoming, at time: Timestamp,
        to out: inout OutputBuffer
    ) {
        for frame in frames { append(frame, direction, at: time, to: &out) }
    }

    /// - Parameters:
    ///   - number: the number that ``OutputForm/pretty`` prints, so that users can refer to the message.
    ///   - label: the connection, if the frame is a tap's.
    package mutating func append(
        _ frame: Frame, _ direction: WireEvent.Direction = .incoming, at time: Timestamp, number: Int? = nil,
        of label: ConnectionLabel? = nil, to out: inout OutputBuffer
    ) {
        switch form {
        case .none: break
        case .body(let terminator):
            append(body: frame, to: &out)
            if let terminator { out.append(terminator) }
        case .raw: append(raw: frame.bytes, to: &out)
        case .json:
            isoTime.advance(to: time)
            json.write(frame, direction, of: label, time: isoTime.text, isIndented: false, to: &out)
            out.append(UInt8(ascii: "\n"))
        case .pretty:
            timestamps.advance(to: time)
            PrettyMessage(
                frame: frame, direction: direction, timestamp: timestamps.text, style: style, number: number,
                label: label
            ).write(to: &out)
        case .format(let template, let terminator):
            timestamps.advance(to: time)
            for piece in template.pieces { append(piece, frame, direction, at: time, of: label, to: &out) }
            if let terminator { out.append(terminator) }
        }
    }

    /// Appends bytes that are not STOMP, in the forms that print only messages. The bytes are the body; a template
    /// sees a MESSAGE with these headers and this body.
    package mutating func append(
        plain bytes: ByteBuffer, headers: HeaderList = [:], _ direction: WireEvent.Direction = .incoming,
        at time: Timestamp, of label: ConnectionLabel? = nil, to out: inout OutputBuffer
    ) {
        switch form {
        case .none, .json, .pretty: break
        case .body(let terminator):
            bytes.withUnsafeReadableBytes { append(bytes: $0, to: &out) }
            if let terminator { out.append(terminator) }
        case .raw: append(raw: bytes, to: &out)
        case .format:
            guard let frame = try? FrameEncoder().frame(.message, headers, body: bytes) else { return }
            append(frame, direction, at: time, of: label, to: &out)
        }
    }

    private func append(raw bytes: ByteBuffer, to out: inout OutputBuffer) {
        bytes.withUnsafeReadableBytes { append(bytes: $0, to: &out) }
        // Empty lines separate messages on a terminal; a program gets only the received bytes.
        if style.isTerminal { out.append(UInt8(ascii: "\n")) }
    }

    private mutating func append(
        _ piece: FormatTemplate.Piece, _ frame: Frame, _ direction: WireEvent.Direction, at time: Timestamp,
        of label: ConnectionLabel?, to out: inout OutputBuffer
    ) {
        switch piece {
        case .text(let text): out.append(text)
        case .body: append(body: frame, to: &out)
        case .hexadecimalBody: frame.body.withUnsafeReadableBytes { out.append(hexadecimal: $0) }
        case .size: out.append(frame.bodySize)
        case .header(let name): append(header: name, of: frame, to: &out)
        case .value(let path): append(path, of: frame, to: &out)
        case .json(let isIndented):
            isoTime.advance(to: time)
            json.write(frame, direction, of: label, time: isoTime.text, isIndented: isIndented, to: &out)
        case .command: out.append(frame.command.rawValue)
        case .way: out.append(direction.name(on: label))
        case .connection: if let label { out.append(label.connection) }
        case .app: if let label { out.append(label.app, visible: .line) }
        case .time: out.append(timestamps.text)
        case .isoTime:
            isoTime.advance(to: time)
            out.append(isoTime.text)
        case .epoch:
            var text: [UInt8] = []
            text.append(time.seconds, digits: 1)
            text.append(UInt8(ascii: "."))
            text.append(time.fraction, digits: 9)
            out.append(text)
        }
    }

    private func append(header name: String, of frame: Frame, to out: inout OutputBuffer) {
        _ = frame.headers.withBytes(of: name) { value in
            if style.mask.hides(value, of: name, in: frame.command) {
                out.append(SecretMask.cover)
            } else if style.isTerminal {
                out.append(value, visible: .line)
            } else {
                out.append(value)
            }
        }
    }

    private func append(_ path: JSONPath, of frame: Frame, to out: inout OutputBuffer) {
        frame.body.withUnsafeReadableBytes { body in
            switch path.value(in: body) {
            case .string(let text)?: text.withUnsafeReadableBytes { append(bytes: $0, to: &out) }
            case .json(let range)?: append(bytes: UnsafeRawBufferPointer(rebasing: body[range]), to: &out)
            case nil: break
            }
        }
    }

    private func append(body frame: Frame, to out: inout OutputBuffer) {
        frame.body.withUnsafeReadableBytes { append(bytes: $0, to: &out) }
    }

    private func append(bytes: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
        if style.isTerminal {
            out.append(bytes, visible: .lines(indentation: 0))
        } else {
            out.append(bytes)
        }
    }
}

/// The form in which messages are printed.
package enum OutputForm: Sendable {
    /// For users: a first line, the headers, and the indented body.
    case pretty
    /// For programs: one JSON object a line.
    case json
    /// Only the bodies, each followed by this byte; nil adds nothing.
    case body(terminator: UInt8? = UInt8(ascii: "\n"))
    /// The bytes of the frames, as they were received.
    case raw
    case none
    /// The text of a template. Each message ends with a line end by default, like `mosquitto_sub -F`, or with this
    /// byte; nil adds nothing.
    case format(FormatTemplate, terminator: UInt8? = UInt8(ascii: "\n"))

    /// What a trace on the same terminal can omit from a message, because this form already prints it.
    package var omission: TracePrinter.Omission {
        switch self {
        case .pretty, .json, .raw: .message
        case .body: .body
        case .format(let template, _): template.hasBody ? .body : .nothing
        case .none: .nothing
        }
    }

    /// Whether nothing is printed.
    package var isNone: Bool { if case .none = self { true } else { false } }
}

/// The style of everything that is printed.
package struct OutputStyle: Sendable {
    package var timestamps: TimestampStyle
    /// Whether the output is a terminal, which received data must never control. ``OutputForm/pretty`` and
    /// ``OutputForm/json`` always escape; the other forms write bytes unchanged if this is false.
    package var isTerminal: Bool
    package var palette: Palette
    /// Which header values are hidden. ``OutputForm/raw`` and bodies are printed unchanged.
    package var mask: SecretMask
    /// The width that lines are fitted to.
    package var width: LineWidth
    package var bodies: BodyStyle
    /// Whether ``OutputForm/pretty`` prints the header `content-length` although it prints the size. It is needed
    /// when a trace omits the message, as the header is then shown nowhere else.
    package var hasContentLength: Bool

    package init(
        timestamps: TimestampStyle = .local, isTerminal: Bool = false, palette: Palette = .plain,
        mask: SecretMask = .hiding, width: LineWidth = .fixed(LineWidth.standard), bodies: BodyStyle = BodyStyle(),
        hasContentLength: Bool = false
    ) {
        self.timestamps = timestamps
        self.isTerminal = isTerminal
        self.palette = palette
        self.mask = mask
        self.width = width
        self.bodies = bodies
        self.hasContentLength = hasContentLength
    }
}
