import NIOCore
import STOMPCore
import STOMPTap
import STOMPTransport
import StomptapOutput

/// Turns the frames and messages that pass a tap into what is printed and recorded.
struct TapRenderer {
    private let form: OutputForm
    private let mask: SecretMask
    private let text: WireText
    private var timestamps: Timestamps
    private var isoTime = ISOTime()
    private var json: JSONMessage
    private var messages: MessageRenderer

    /// - Parameter start: what ``TimestampStyle/relative`` counts from.
    init(form: OutputForm, style: OutputStyle, start: Timestamp = .now()) {
        self.form = form
        mask = style.mask
        text = WireText(palette: style.palette, mask: style.mask, largestBody: .max)
        timestamps = Timestamps(style.timestamps, start: start)
        json = JSONMessage(mask: style.mask)
        messages = MessageRenderer(form: form, style: style, start: start)
    }

    /// Appends what is a frame or a message, and nothing for all else.
    mutating func append(_ event: TapEvent, at time: Timestamp, to out: inout OutputBuffer) {
        switch event.content {
        case .frame(let frame): append(frame, of: event, at: time, to: &out)
        case .message(let octets, let isText):
            append(PlainTraffic(kind: isText ? .text : .binary, octets: octets), of: event, at: time, to: &out)
        case .octets(let octets): append(PlainTraffic(kind: .octets, octets: octets), of: event, at: time, to: &out)
        case .opened, .refused, .heartBeat, .layer, .fault, .note, .ended: break
        }
    }

    private mutating func append(_ frame: Frame, of event: TapEvent, at time: Timestamp, to out: inout OutputBuffer) {
        switch form {
        case .raw:
            messages.append(plain: covered(frame), at: time, to: &out)
        // Most other frames have nothing to show there, and an empty line would stand for none of them.
        case .body where !frame.command.allowsBody(in: nil) && frame.bodySize == 0: break
        default: messages.append(frame, event.frameDirection, at: time, of: event.link, to: &out)
        }
    }

    private mutating func append(
        _ plain: PlainTraffic, of event: TapEvent, at time: Timestamp, to out: inout OutputBuffer
    ) {
        switch form {
        case .pretty:
            timestamps.advance(to: time)
            text.writeStart(timestamps.text, event.wireDirection, of: event.link, to: &out)
            let indentation = WireText.indentation(below: timestamps.text)
            text.write(plain, isDumped: false, indentation: indentation, to: &out)
        case .json:
            isoTime.advance(to: time)
            json.write(plain, event.frameDirection, of: event.link, time: isoTime.text, to: &out)
            out.append("\n")
        case .none, .body, .raw, .format:
            let octets = ByteBuffer(bytes: plain.octets.withUnsafeReadableBytes { mask.covered($0) })
            messages.append(plain: octets, event.frameDirection, at: time, of: event.link, to: &out)
        }
    }

    /// The octets of a frame, with an asterisk for each octet of a secret in its head.
    private func covered(_ frame: Frame) -> ByteBuffer {
        var hasSecret = false
        frame.headers.forEachOctets { name, value in
            if !value.isEmpty, mask.hides(name) { hasSecret = true }
        }
        guard hasSecret else { return frame.bytes }
        // The body, and the NUL behind it, end the frame.
        let head = frame.bytes.readableBytes - frame.bodySize - 1
        var octets = frame.bytes
        let covered = octets.readSlice(length: head).map { $0.withUnsafeReadableBytes { mask.covered($0) } } ?? []
        return ByteBuffer(bytes: covered + octets.readableBytesView)
    }
}

extension TapEvent {
    var link: TapLink { TapLink(connection: connection, app: app) }

    /// Which way it went, as the app sees it.
    var frameDirection: FrameDirection { direction == .toApp ? .incoming : .outgoing }

    var wireDirection: WireEvent.Direction {
        switch direction {
        case .toServer: .outgoing
        case .toApp: .incoming
        case nil: .local
        }
    }

    /// Whether it is printed where frames are.
    var isTraffic: Bool {
        switch content {
        case .frame, .message, .octets: true
        case .opened, .refused, .heartBeat, .layer, .fault, .note, .ended: false
        }
    }

    /// The octets that it is about.
    var octets: ByteBuffer? {
        switch content {
        case .frame(let frame): frame.bytes
        case .message(let octets, _), .octets(let octets): octets
        case .layer(_, _, let octets): octets
        case .opened, .refused, .heartBeat, .fault, .note, .ended: nil
        }
    }

    /// The same, without the buffer that its octets came in.
    var detached: TapEvent {
        func copy(_ octets: ByteBuffer) -> ByteBuffer { ByteBuffer(bytes: octets.readableBytesView) }
        var event = self
        switch content {
        case .frame(let frame): event.content = .frame(frame.detached())
        case .message(let octets, let isText): event.content = .message(copy(octets), isText: isText)
        case .octets(let octets): event.content = .octets(copy(octets))
        case .layer(let layer, let content, let octets):
            event.content = .layer(layer, content, octets: octets.map(copy))
        case .opened, .refused, .heartBeat, .fault, .note, .ended: break
        }
        return event
    }
}
