import NIOCore
import STOMPTransport

/// Turns what happens on the wire into lines for stderr.
///
/// ```
/// 14:03:22.118 > stomp SEND /app/hi  37 B
///                SEND
///                destination:/app/hi
///
///                {"text":"hi"}
///                ^@
/// 14:03:22.131 < ws pong 4 octets
/// ```
struct TracePrinter {
    /// The largest body that is printed, in octets; of a larger one the size is told.
    static let largestBody = 1024

    private let palette: Palette
    private let mask: SecretMask
    private var timestamps: Timestamps

    /// - Parameters:
    ///   - style: how it looks. Whether the output is a terminal makes no difference: a trace is for people.
    ///   - start: what ``TimestampStyle/relative`` counts from.
    init(style: OutputStyle, start: Timestamp = .now()) {
        palette = style.palette
        mask = style.mask
        timestamps = Timestamps(style.timestamps, start: start)
    }

    mutating func append(_ event: WireEvent, at time: Timestamp, to out: inout OutputBuffer) {
        timestamps.advance(to: time)
        let indentation = timestamps.text.isEmpty ? 2 : timestamps.text.count + 3
        writeFirstLine(event, to: &out)
        event.octets?.withUnsafeReadableBytes { octets in
            switch (event.detail, event.layer) {
            case (.octets, _): mask.covered(octets).withUnsafeBytes { out.append(dump: $0, indentation: indentation) }
            case (_, .stomp): write(frame: octets, indentation: indentation, to: &out)
            case (_, .http), (_, .proxy), (_, .tls): write(text: octets, indentation: indentation, to: &out)
            // The summary says what there is to a ping or an envelope; its octets are for the dump.
            default: break
            }
        }
    }

    private func writeFirstLine(_ event: WireEvent, to out: inout OutputBuffer) {
        if !timestamps.text.isEmpty {
            out.paint(.aside, palette) { $0.append(timestamps.text) }
            out.append(" ")
        }
        out.paint(event.direction == .outgoing ? .outgoing : .incoming, palette) { $0.append(event.direction.mark) }
        out.append(" \(event.layer.rawValue) ")
        out.append(mask.masked(event.summary), visible: .line)
        if event.layer == .stomp, event.detail != .octets {
            event.octets?.withUnsafeReadableBytes { frame in
                writeDestination(of: frame, to: &out)
                out.paint(.aside, palette) { $0.append("  \(frame.count) B") }
            }
        }
        out.append("\n")
    }

    /// Appends the lines of an HTTP head, or of what TLS agreed on.
    private func write(text octets: UnsafeRawBufferPointer, indentation: Int, to out: inout OutputBuffer) {
        for line in mask.masked(head: octets).split(whereSeparator: \.isNewline) {
            write(line: String(line), indentation: indentation, to: &out)
        }
    }

    private func writeDestination(of frame: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
        var rest = frame[...]
        while let line = rest.takeHeaderLine() {
            guard line.starts(with: "destination:".utf8) else { continue }
            out.append(" ")
            out.append(UnsafeRawBufferPointer(rebasing: line.dropFirst("destination:".utf8.count)), visible: .line)
            return
        }
    }

    /// Appends a STOMP frame as it stands on the wire, as far as it is one.
    private func write(frame: UnsafeRawBufferPointer, indentation: Int, to out: inout OutputBuffer) {
        var rest = frame[...]
        while let line = rest.takeHeaderLine() {
            out.append(spaces: indentation)
            if let colon = line.firstIndex(of: UInt8(ascii: ":")), hides(line, colon) {
                out.append(UnsafeRawBufferPointer(rebasing: line[...colon]), visible: .line)
                out.append(SecretMask.cover)
            } else {
                out.append(UnsafeRawBufferPointer(rebasing: line), visible: .line)
            }
            out.append("\n")
        }
        guard !rest.isEmpty else { return }
        out.append("\n")
        let hasNull = rest.last == 0
        write(body: UnsafeRawBufferPointer(rebasing: hasNull ? rest.dropLast() : rest), indentation, to: &out)
        if hasNull { write(line: "^@", indentation: indentation, to: &out) }
    }

    private func hides(_ line: Slice<UnsafeRawBufferPointer>, _ colon: Int) -> Bool {
        colon + 1 < line.endIndex && mask.hides(UnsafeRawBufferPointer(rebasing: line[..<colon]))
    }

    private func write(body: UnsafeRawBufferPointer, _ indentation: Int, to out: inout OutputBuffer) {
        if body.isEmpty { return }
        if body.count > Self.largestBody {
            write(line: "[\(body.count) B of body]", indentation: indentation, to: &out)
        } else if body.isText {
            out.append(spaces: indentation)
            out.append(body, visible: .lines(indentation: indentation))
            out.append("\n")
        } else {
            out.append(dump: body, indentation: indentation)
        }
    }

    private func write(line: String, indentation: Int, to out: inout OutputBuffer) {
        out.append(spaces: indentation)
        out.append(line, visible: .line)
        out.append("\n")
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// Takes a line off the front, without its LF; nil, once the empty line that ends a head has been taken.
    fileprivate mutating func takeHeaderLine() -> Slice? {
        guard !isEmpty else { return nil }
        let line = prefix { $0 != UInt8(ascii: "\n") }
        self = self[line.endIndex...].dropFirst()
        return line.isEmpty || line.elementsEqual("\r".utf8) ? nil : line
    }
}

extension WireEvent.Direction {
    /// The arrow that shows it.
    fileprivate var mark: String {
        switch self {
        case .incoming: "<"
        case .outgoing: ">"
        case .local: "*"
        }
    }
}
