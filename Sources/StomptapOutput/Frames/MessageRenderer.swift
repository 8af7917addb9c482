import NIOCore
import STOMPCore
import STOMPTransport

/// Turns frames into what is printed, in every ``OutputForm``.
///
/// One renderer serves one output for as long as it lives: it keeps the time of the message before.
package struct MessageRenderer {
    package let form: OutputForm
    package let style: OutputStyle
    private var timestamps: Timestamps
    private var isoTime = ISOTime()
    private var json: JSONMessage

    /// - Parameters:
    ///   - form: the form of each message.
    ///   - style: how everything looks.
    ///   - start: what ``TimestampStyle/relative`` counts from.
    package init(form: OutputForm, style: OutputStyle, start: Timestamp = .now()) {
        self.form = form
        self.style = style
        timestamps = Timestamps(style.timestamps, start: start)
        json = JSONMessage(mask: style.mask, hasJSONBodies: style.bodies.hasJSON)
    }

    /// Appends frames that came together, or left together, at `time`.
    package mutating func append(
        _ frames: some Sequence<Frame>, _ direction: WireEvent.Direction = .incoming, at time: Timestamp,
        to out: inout OutputBuffer
    ) {
        for frame in frames { append(frame, direction, at: time, to: &out) }
    }

    /// - Parameters:
    ///   - number: what ``OutputForm/pretty`` calls it by, for people who ask for it again.
    ///   - label: the connection, where it is a tap's.
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

    /// Appends what carries no STOMP, in the forms that show messages alone: its bytes are the body, and for a template
    /// that of a MESSAGE with these headers.
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
        // Messages stand apart for the eye; a program gets nothing that did not come.
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

/// How messages are printed.
package enum OutputForm: Sendable {
    /// For people: a line, the headers, the body set out.
    case pretty
    /// For programs: an object a line.
    case json
    /// The bodies alone, each with this byte after it; nil is nothing.
    case body(terminator: UInt8? = UInt8(ascii: "\n"))
    /// The bytes of the frames as they came.
    case raw
    case none
    /// As a template says. Like `mosquitto_sub -F`, it ends each message with a line end, or with this byte, or
    /// nothing.
    case format(FormatTemplate, terminator: UInt8? = UInt8(ascii: "\n"))

    /// What a trace on the same terminal need not print of a message, as it stands there already.
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

/// How everything that is printed looks.
package struct OutputStyle: Sendable {
    package var timestamps: TimestampStyle
    /// Whether the output is a terminal, which nothing that came may drive. ``OutputForm/pretty`` and
    /// ``OutputForm/json`` never let it; the other forms give bytes as they are where this is false.
    package var isTerminal: Bool
    package var palette: Palette
    /// What is hidden of headers. ``OutputForm/raw`` and bodies are as they came.
    package var mask: SecretMask
    /// How wide the lines are that are made to fit.
    package var width: LineWidth
    package var bodies: BodyStyle
    /// Whether ``OutputForm/pretty`` has the header `content-length`, though it has the size: where a trace leaves the
    /// message out, no other place shows it.
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
