import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput

/// Turns what came and went into what is printed, in every ``OutputForm``.
///
/// ```
/// 14:03:22.118 * ws open 127.0.0.1:8080
/// 14:03:22.120 > ws text  5 B
///                hello
/// 14:03:24.122 < ws close 1000 normal closure "bye"  clean
/// ```
struct RawRenderer {
    private let form: OutputForm
    private let style: OutputStyle
    private let hasDump: Bool
    private let text: WireText
    private var timestamps: Timestamps
    private var json: RawJSON
    /// For the forms that show messages alone.
    private var messages: MessageRenderer

    /// - Parameters:
    ///   - hasDump: whether a hex dump follows what has octets, where the form is ``OutputForm/pretty``.
    ///   - start: what ``TimestampStyle/relative`` counts from.
    init(form: OutputForm, style: OutputStyle, hasDump: Bool, start: Timestamp = .now()) {
        self.form = form
        self.style = style
        self.hasDump = hasDump
        text = WireText(palette: style.palette, mask: style.mask, largestBody: .max)
        timestamps = Timestamps(style.timestamps, start: start)
        json = RawJSON(mask: style.mask)
        messages = MessageRenderer(form: form, style: style, start: start)
    }

    mutating func append(_ event: RawEvent, to out: inout OutputBuffer) {
        switch form {
        case .none: break
        case .pretty: writePretty(event, to: &out)
        case .json: json.write(event, to: &out)
        case .body, .raw, .format:
            guard event.counts else { return }
            writeMessage(event, to: &out)
        }
    }

    // MARK: - For programs

    private mutating func writeMessage(_ event: RawEvent, to out: inout OutputBuffer) {
        if case .frame(let frame) = event.content {
            return messages.append(frame, at: event.time, to: &out)
        }
        guard let octets = event.octets else { return }
        var headers: HeaderList = [:]
        if case .event(let event) = event.content { headers = ["event": event.event, "id": event.id] }
        messages.append(plain: octets, headers: headers, at: event.time, to: &out)
    }

    // MARK: - For people

    private mutating func writePretty(_ event: RawEvent, to out: inout OutputBuffer) {
        timestamps.advance(to: event.time)
        let indentation = WireText.indentation(below: timestamps.text)
        text.writeStart(timestamps.text, event.direction, to: &out)
        out.append("\(event.layer.rawValue) ")
        switch event.content {
        case .opened(let description): write(description, to: &out)
        case .heartBeat: out.append("heart-beat\n")
        case .closed(let closure): write(closure, to: &out)
        case .frame(let frame):
            out.append(frame.command.rawValue)
            frame.bytes.withUnsafeReadableBytes { octets in
                text.writePlaceAndSize(of: octets, to: &out)
                out.append("\n")
                text.write(frame: octets, indentation: indentation, to: &out)
            }
        case .octets(let octets): write(PlainTraffic(kind: .octets, octets: octets), indentation, to: &out)
        case .message(let kind, let octets):
            write(PlainTraffic(kind: kind == .binary ? .binary : .text, octets: octets), indentation, to: &out)
        case .ping(let octets): text.write(message: "ping", octets, isDumped: hasDump, indentation, to: &out)
        case .pong(let octets): text.write(message: "pong", octets, isDumped: hasDump, indentation, to: &out)
        case .event(let event): write(event, indentation, to: &out)
        case .retry(let milliseconds): out.append("retry \(milliseconds) ms\n")
        }
        guard hasDump, let octets = event.octets else { return }
        octets.withUnsafeReadableBytes { writeDump($0, indentation, to: &out) }
    }

    private func write(_ plain: PlainTraffic, _ indentation: Int, to out: inout OutputBuffer) {
        text.write(plain, isDumped: hasDump, indentation: indentation, to: &out)
    }

    private func write(_ event: ServerSentEvent, _ indentation: Int, to out: inout OutputBuffer) {
        out.append("event ")
        out.append(event.event, visible: .line)
        text.writeSize(event.data.readableBytes, to: &out)
        out.append("\n")
        if !event.id.isEmpty {
            text.write(line: text.mask.masked(summary: "id: \(event.id)"), indentation: indentation, to: &out)
        }
        event.data.withUnsafeReadableBytes { text.mask.covered($0) }.withUnsafeBytes {
            text.write(body: $0, indentation: indentation, to: &out)
        }
    }

    private func writeDump(_ octets: UnsafeRawBufferPointer, _ indentation: Int, to out: inout OutputBuffer) {
        text.mask.covered(octets).withUnsafeBytes { out.append(dump: $0, indentation: indentation) }
    }

    private func write(_ description: TransportDescription, to out: inout OutputBuffer) {
        let parts = [description.remoteAddress, description.subprotocol, description.tls]
        out.append("open ")
        out.append(parts.compactMap { $0 }.joined(separator: "  "), visible: .line)
        out.append("\n")
    }

    private func write(_ closure: TransportClosure, to out: inout OutputBuffer) {
        out.append("close")
        if let code = closure.code { out.append(" \(code)") }
        if let name = closure.codeName { out.append(" \(name)") }
        if !closure.reason.isEmpty {
            out.append(" \"")
            out.append(closure.reason, visible: .line)
            out.append("\"")
        }
        out.append(closure.isClean ? "  clean\n" : "  not clean\n")
    }
}
