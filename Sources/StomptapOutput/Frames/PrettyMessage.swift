import NIOCore
import STOMPCore
import STOMPTransport

/// A frame formatted for users.
struct PrettyMessage {
    let frame: Frame
    let direction: WireEvent.Direction
    let timestamp: [UInt8]
    let style: OutputStyle
    /// The number, shown as `#17`; nil shows none.
    var number: Int?
    /// The connection, if the frame is a tap's.
    var label: ConnectionLabel?

    /// The minimum width of timestamps, so that relative ones are aligned for the first hours.
    private static let timestampWidth = 8

    private var padding: Int { timestamp.isEmpty ? 0 : max(0, Self.timestampWidth - timestamp.count) }

    /// The column of the command; everything else is printed below it.
    private var indentation: Int { timestamp.isEmpty ? 2 : padding + timestamp.count + 3 }

    func write(to out: inout OutputBuffer) {
        let type = frame.headers["content-type"]
        frame.body.withUnsafeReadableBytes { body in
            let content = BodyContent(
                body, type: type, encoding: frame.headers["content-encoding"], style: style.bodies)
            writeFirstLine(size: content.size, to: &out)
            writeHeaders(to: &out)
            guard !body.isEmpty else { return }
            PrettyBody(content: content, type: type, style: style, indentation: indentation).write(to: &out)
        }
    }

    private func writeFirstLine(size: String, to out: inout OutputBuffer) {
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
            out.paint(.aside, style.palette) { $0.append(size) }
        }
        if let number { out.paint(.aside, style.palette) { $0.append("  #\(number)") } }
        out.append("\n")
    }

    /// Appends the headers that are not in the first line, and repeats of those that are.
    private func writeHeaders(to out: inout OutputBuffer) {
        var shown = ["destination", "subscription", "content-type"]
        if !style.hasContentLength { shown.append("content-length") }
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
            if style.mask.hides(value, of: name, in: frame.command) {
                out.append(SecretMask.cover)
            } else {
                out.append(value, visible: .line)
            }
            out.append("\n")
        }
    }
}
