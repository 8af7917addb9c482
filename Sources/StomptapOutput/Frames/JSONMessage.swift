import NIOCore
import STOMPCore
import STOMPTransport

/// Writes frames as JSON objects, with their keys in the order that users are promised.
package struct JSONMessage {
    private let mask: SecretMask
    private var names = NameSet()

    package init(mask: SecretMask) {
        self.mask = mask
    }

    /// Appends one object.
    ///
    /// - Parameters:
    ///   - frame: what came or left.
    ///   - direction: which of the two.
    ///   - link: the connection, where it is a tap's.
    ///   - time: when, as ``ISOTime`` has it.
    ///   - isIndented: whether it is set out in lines; there is no line end behind it either way.
    ///   - out: what it is appended to.
    package mutating func write(
        _ frame: Frame, _ direction: WireEvent.Direction, of link: TapLink? = nil, time: [UInt8], isIndented: Bool,
        to out: inout OutputBuffer
    ) {
        let layout = JSONLayout(isIndented: isIndented)
        writeStart(direction, link, time, layout, &out)
        writeMembers(of: frame, layout, &out)
        layout.close("}", level: 0, &out)
    }

    /// Appends how each object begins: time, direction, and the connection where it is a tap's.
    private func writeStart(
        _ direction: WireEvent.Direction, _ link: TapLink?, _ time: [UInt8], _ layout: JSONLayout,
        _ out: inout OutputBuffer
    ) {
        layout.next("{", level: 1, &out)
        layout.key("\"time\":", &out)
        out.append(literal: "\"")
        out.append(time)
        layout.next("\",", level: 1, &out)
        layout.key("\"direction\":", &out)
        out.append(literal: "\"")
        out.append(direction.name(on: link))
        layout.next("\",", level: 1, &out)
        guard let link else { return }
        layout.key("\"connection\":", &out)
        out.append(link.connection)
        layout.next(",", level: 1, &out)
        layout.key("\"app\":", &out)
        out.append(jsonString: link.app)
        layout.next(",", level: 1, &out)
    }

    /// Appends what a frame says, in an object that others have begun and end: command, headers, body.
    package mutating func writeMembers(of frame: Frame, to out: inout OutputBuffer) {
        writeMembers(of: frame, JSONLayout(isIndented: false), &out)
    }

    /// Appends octets as the body of something, in an object that others have begun and end.
    package func writeBody(_ body: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
        writeBody(body, JSONLayout(isIndented: false), &out)
    }

    private mutating func writeMembers(of frame: Frame, _ layout: JSONLayout, _ out: inout OutputBuffer) {
        layout.key("\"command\":", &out)
        out.append(literal: "\"")
        out.append(frame.command.rawValue)
        layout.next("\",", level: 1, &out)
        writeHeaders(of: frame, layout, &out)
        layout.next(",", level: 1, &out)
        frame.body.withUnsafeReadableBytes { writeBody($0, layout, &out) }
    }

    private func writeBody(_ body: UnsafeRawBufferPointer, _ layout: JSONLayout, _ out: inout OutputBuffer) {
        layout.key("\"body\":", &out)
        if body.isUTF8 {
            out.append(jsonString: body)
            layout.next(",", level: 1, &out)
            layout.key("\"bodyEncoding\":", &out)
            layout.next("\"utf-8\",", level: 1, &out)
        } else {
            out.append(literal: "\"")
            out.append(base64: body)
            layout.next("\",", level: 1, &out)
            layout.key("\"bodyEncoding\":", &out)
            layout.next("\"base64\",", level: 1, &out)
        }
        layout.key("\"bodySize\":", &out)
        out.append(body.count)
    }

    /// Appends `headers`, which has the first of each name, and where one repeats `headerList`, which has all.
    private mutating func writeHeaders(of frame: Frame, _ layout: JSONLayout, _ out: inout OutputBuffer) {
        names.removeAll()
        var repeats = false
        layout.key("\"headers\":", &out)
        frame.headers.forEachOctets { name, value in
            guard names.insert(name) else {
                repeats = true
                return
            }
            if names.count == 1 { layout.next("{", level: 2, &out) } else { layout.next(",", level: 2, &out) }
            out.append(jsonString: name)
            layout.key(":", &out)
            write(value, of: name, &out)
        }
        if names.count == 0 { out.append("{}") } else { layout.close("}", level: 1, &out) }
        guard repeats else { return }
        layout.next(",", level: 1, &out)
        layout.key("\"headerList\":", &out)
        var isFirst = true
        frame.headers.forEachOctets { name, value in
            if isFirst { layout.next("[", level: 2, &out) } else { layout.next(",", level: 2, &out) }
            isFirst = false
            out.append(literal: "[")
            out.append(jsonString: name)
            out.append(literal: layout.isIndented ? ", " : ",")
            write(value, of: name, &out)
            out.append(literal: "]")
        }
        layout.close("]", level: 1, &out)
    }

    private func write(_ value: UnsafeRawBufferPointer, of name: UnsafeRawBufferPointer, _ out: inout OutputBuffer) {
        if !value.isEmpty, mask.hides(name) {
            out.append(literal: "\"****\"")
        } else {
            out.append(jsonString: value)
        }
    }
}

/// Where an object has line ends and blanks, if it has any.
private struct JSONLayout {
    let isIndented: Bool

    /// Appends `text`, behind which a line may end.
    @inline(__always)
    func next(_ text: StaticString, level: Int, _ out: inout OutputBuffer) {
        out.append(literal: text)
        if isIndented { writeLineEnd(level, &out) }
    }

    func close(_ bracket: StaticString, level: Int, _ out: inout OutputBuffer) {
        if isIndented { writeLineEnd(level, &out) }
        out.append(literal: bracket)
    }

    /// Appends a name and its colon.
    @inline(__always)
    func key(_ text: StaticString, _ out: inout OutputBuffer) {
        out.append(literal: text)
        if isIndented { out.append(" ") }
    }

    private func writeLineEnd(_ level: Int, _ out: inout OutputBuffer) {
        out.append(literal: "\n")
        out.append(spaces: 2 * level)
    }
}

/// Names that were seen, in storage that is used again.
private struct NameSet {
    private var octets: [UInt8] = []
    private var ends: [Int] = []

    var count: Int { ends.count }

    mutating func removeAll() {
        octets.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Returns whether `name` is new.
    mutating func insert(_ name: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        for end in ends {
            if end - start == name.count, octets[start..<end].elementsEqual(name) { return false }
            start = end
        }
        octets.append(contentsOf: name)
        ends.append(octets.count)
        return true
    }
}
