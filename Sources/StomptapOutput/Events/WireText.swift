import STOMPCore
import STOMPTransport

/// Formats wire data as text: frames, heads, bodies, dumps, each line indented below a first line.
package struct WireText {
    package let palette: Palette
    package let mask: SecretMask
    /// The largest body that is printed, in bytes; for a larger one, only the size is printed.
    package let largestBody: Int
    private let width: LineWidth
    private let dumpLimit: Int
    private let coversBodies: Bool

    /// - Parameters:
    ///   - dumpLimit: the largest number of bytes that a dump shows.
    ///   - coversBodies: whether secrets in the bodies of frames are hidden, as in a trace.
    package init(_ style: OutputStyle, largestBody: Int, dumpLimit: Int = .max, coversBodies: Bool = false) {
        self.coversBodies = coversBodies
        palette = style.palette
        mask = style.mask
        width = style.width
        self.largestBody = largestBody
        self.dumpLimit = dumpLimit
    }

    /// The placeholder for bytes that may contain a part of a secret.
    static let leftOut = "[omitted: a fragmented message may contain parts of secrets; use --show-secrets]"

    /// Appends the beginning of a first line: time, connection (only for a tap), direction.
    package func writeStart(
        _ time: [UInt8], _ direction: WireEvent.Direction, of label: ConnectionLabel? = nil, to out: inout OutputBuffer
    ) {
        if !time.isEmpty {
            out.paint(.aside, palette) { $0.append(time) }
            out.append(" ")
        }
        let ink: Palette.Ink = direction == .outgoing ? .outgoing : .incoming
        if let label { out.append(label, palette) }
        out.paint(ink, palette) { $0.append(label?.way(direction.mark) ?? direction.mark) }
        out.append(" ")
    }

    /// The column for the lines below a first line that begins with this time.
    package static func indentation(below time: [UInt8]) -> Int { time.isEmpty ? 2 : time.count + 3 }

    /// Appends the destination and the size of a STOMP frame to its first line; the frame may be invalid or
    /// incomplete.
    package func writePlaceAndSize(of frame: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
        var rest = frame[...]
        while let line = rest.takeHeaderLine() {
            guard line.starts(with: "destination:".utf8) else { continue }
            out.append(" ")
            write(value: line.dropFirst("destination:".utf8.count), to: &out)
            break
        }
        writeSize(frame.count, to: &out)
    }

    package func writeSize(_ count: Int, to out: inout OutputBuffer) {
        out.paint(.aside, palette) { $0.append("  \(count) B") }
    }

    /// Appends the lines of an HTTP head or of a TLS summary.
    package func write(head bytes: UnsafeRawBufferPointer, indentation: Int, to out: inout OutputBuffer) {
        for line in mask.masked(head: bytes).split(whereSeparator: \.isNewline) {
            write(line: String(line), indentation: indentation, to: &out)
        }
    }

    /// Appends a STOMP frame as it is on the wire; it may be invalid or incomplete.
    package func write(frame: UnsafeRawBufferPointer, indentation: Int, to out: inout OutputBuffer) {
        if let covered = mask.coveringKnown(frame) {
            covered.withUnsafeBytes { write(covered: $0, indentation: indentation, to: &out) }
        } else {
            write(covered: frame, indentation: indentation, to: &out)
        }
    }

    private func write(covered frame: UnsafeRawBufferPointer, indentation: Int, to out: inout OutputBuffer) {
        var rest = frame[...]
        var command: Command?
        while let line = rest.takeHeaderLine() {
            out.append(spaces: indentation)
            if line.startIndex == frame.startIndex {
                let name = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
                command = Command(rawValue: String(decoding: name, as: UTF8.self))
            }
            if let colon = line.firstIndex(of: UInt8(ascii: ":")), hides(line, colon, command) {
                out.append(UnsafeRawBufferPointer(rebasing: line[...colon]), visible: .line)
                out.append(SecretMask.cover)
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                out.append(UnsafeRawBufferPointer(rebasing: line[...colon]), visible: .line)
                write(value: line[(colon + 1)...], to: &out)
            } else {
                out.append(UnsafeRawBufferPointer(rebasing: line), visible: .line)
            }
            out.append("\n")
        }
        guard !rest.isEmpty else { return }
        out.append("\n")
        let hasNull = rest.last == 0
        let body = UnsafeRawBufferPointer(rebasing: hasNull ? rest.dropLast() : rest)
        if coversBodies, body.count <= largestBody {
            mask.covered(body).withUnsafeBytes { write(body: $0, indentation: indentation, to: &out) }
        } else {
            write(body: body, indentation: indentation, to: &out)
        }
        if hasNull { write(line: "^@", indentation: indentation, to: &out) }
    }

    /// Appends the value of a header. It may quote a secret even if the header's name is not a secret's.
    private func write(value: Slice<UnsafeRawBufferPointer>, to out: inout OutputBuffer) {
        mask.covered(UnsafeRawBufferPointer(rebasing: value)).withUnsafeBytes { out.append($0, visible: .line) }
    }

    private func hides(_ line: Slice<UnsafeRawBufferPointer>, _ colon: Int, _ command: Command?) -> Bool {
        mask.hides(
            UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]),
            of: UnsafeRawBufferPointer(rebasing: line[..<colon]),
            in: command)
    }

    /// Appends text unchanged, and anything else as a dump.
    package func write(body: UnsafeRawBufferPointer, indentation: Int, to out: inout OutputBuffer) {
        if body.isEmpty { return }
        if body.count > largestBody {
            write(line: "[\(body.count) B of body]", indentation: indentation, to: &out)
        } else if body.isText {
            out.append(spaces: indentation)
            out.append(body, visible: .lines(indentation: indentation))
            out.append("\n")
        } else {
            write(dump: body, indentation: indentation, to: &out)
        }
    }

    /// Appends a dump up to the limit, and the number of bytes that were left out.
    func write(dump bytes: UnsafeRawBufferPointer, indentation: Int, to out: inout OutputBuffer) {
        out.append(dump: bytes, indentation: indentation, width: width, limit: dumpLimit, palette)
    }

    package func write(line: String, indentation: Int, to out: inout OutputBuffer) {
        out.append(spaces: indentation)
        out.append(line, visible: .line)
        out.append("\n")
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// Removes and returns the first line, without its LF; nil after the empty line that ends a head.
    mutating func takeHeaderLine() -> Slice? {
        guard !isEmpty else { return nil }
        let line = prefix { $0 != UInt8(ascii: "\n") }
        self = self[line.endIndex...].dropFirst()
        return line.isEmpty || line.elementsEqual("\r".utf8) ? nil : line
    }
}

extension WireEvent.Direction {
    /// The name of the direction in JSON.
    package var name: String {
        switch self {
        case .incoming: "in"
        case .outgoing: "out"
        case .local: "local"
        }
    }

    /// The arrow for the direction.
    package var mark: String {
        switch self {
        case .incoming: "<"
        case .outgoing: ">"
        case .local: "*"
        }
    }
}
