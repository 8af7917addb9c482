import NIOCore
import STOMPCore
import STOMPTransport

/// A frame as people read it.
struct PrettyMessage {
    let frame: Frame
    let direction: WireEvent.Direction
    let timestamp: [UInt8]
    let style: OutputStyle
    /// Shown as `#17` where there is one.
    var number: Int?
    /// The connection, where it is a tap's.
    var label: ConnectionLabel?

    /// The cells that timestamps take at least, so that relative ones line up for the first hours.
    private static let timestampWidth = 8

    private var padding: Int { timestamp.isEmpty ? 0 : max(0, Self.timestampWidth - timestamp.count) }

    /// The column of the command, below which everything else stands.
    private var indentation: Int { timestamp.isEmpty ? 2 : padding + timestamp.count + 3 }

    func write(to out: inout OutputBuffer) {
        writeFirstLine(to: &out)
        writeHeaders(to: &out)
        frame.body.withUnsafeReadableBytes { body in
            if !body.isEmpty { write(body, to: &out) }
        }
    }

    private func writeFirstLine(to out: inout OutputBuffer) {
        if !timestamp.isEmpty {
            out.append(spaces: padding)
            out.paint(.aside, style.palette) { $0.append(timestamp) }
            out.append(" ")
        }
        let ink: Palette.Ink =
            frame.command == .error ? .error : direction == .incoming ? .incoming : .outgoing
        if let label { out.append(label, style.palette) }
        out.paint(ink, style.palette) {
            $0.append(label?.way(direction.mark) ?? direction.mark)
            $0.append(" ")
            $0.append(frame.command.rawValue)
        }
        var separator = " "
        for (name, ink) in [("destination", .place), ("subscription", nil), ("content-type", nil)]
            as [(_, Palette.Ink?)]
        {
            guard let value = frame.headers[name] else { continue }
            out.append(separator)
            out.paint(ink, style.palette) { $0.append(value, visible: .line) }
            separator = "  "
        }
        if frame.bodySize > 0 || frame.command.allowsBody(in: nil) {
            out.append(separator)
            out.paint(.aside, style.palette) { $0.append("\(frame.bodySize) B") }
        }
        if let number { out.paint(.aside, style.palette) { $0.append("  #\(number)") } }
        out.append("\n")
    }

    /// Appends the headers that are not in the first line. Where one of those repeats, the repeats are here.
    private func writeHeaders(to out: inout OutputBuffer) {
        var shown = ["destination", "subscription", "content-type", "content-length"]
        frame.headers.forEachBytes { name, value in
            if let index = shown.firstIndex(where: { name.elementsEqual($0.utf8) }) {
                shown.remove(at: index)
                return
            }
            out.append(spaces: indentation)
            out.paint(.name, style.palette) {
                $0.append(name, visible: .line)
                $0.append(":")
            }
            out.append(" ")
            if !value.isEmpty, style.mask.hides(name) {
                out.append(SecretMask.cover)
            } else {
                out.append(value, visible: .line)
            }
            out.append("\n")
        }
    }

    private func write(_ body: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
        if isJSON(body) {
            out.append(spaces: indentation)
            JSONIndenter(indentation: indentation, palette: style.palette).write(body, to: &out)
            out.append("\n")
        } else if body.isText {
            out.append(spaces: indentation)
            let endsLine = body.last == UInt8(ascii: "\n")
            out.append(
                UnsafeRawBufferPointer(rebasing: endsLine ? body.dropLast() : body[...]),
                visible: .lines(indentation: indentation))
            out.append("\n")
        } else {
            out.append(dump: body, indentation: indentation)
        }
    }

    /// Whether the body is JSON: it says so, or says nothing and looks so; and it parses.
    private func isJSON(_ body: UnsafeRawBufferPointer) -> Bool {
        guard let type = frame.headers["content-type"] else { return JSONReader.acceptsObjectOrArray(body) }
        let essence = type.prefix { $0 != ";" && $0 != " " }.lowercased()
        return (essence.hasSuffix("/json") || essence.hasSuffix("+json")) && JSONReader.accepts(body)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether this reads as text: UTF-8 without a NUL, as grep has it.
    package var isText: Bool { isUTF8 && !contains(0) }
}
