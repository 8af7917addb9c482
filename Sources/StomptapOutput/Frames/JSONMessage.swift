import NIOCore
import STOMPCore
import STOMPTransport

/// Writes frames as JSON objects, with the keys in the documented order.
package struct JSONMessage {
    private let mask: SecretMask
    private let hasJSONBodies: Bool
    private var names = NameSet()

    /// - Parameter hasJSONBodies: whether a body that is a JSON object or array is embedded as such and not as a
    ///   string.
    package init(mask: SecretMask, hasJSONBodies: Bool = false) {
        self.mask = mask
        self.hasJSONBodies = hasJSONBodies
    }

    /// Appends one object.
    ///
    /// - Parameters:
    ///   - frame: the frame that was received or sent.
    ///   - direction: whether it was received or sent.
    ///   - label: the connection, if the frame is a tap's.
    ///   - time: the text of the time, from ``ISOTime``.
    ///   - isIndented: whether the object is split over lines; no line end follows it in either case.
    ///   - out: the buffer to append to.
    package mutating func write(
        _ frame: Frame, _ direction: WireEvent.Direction, of label: ConnectionLabel? = nil, time: [UInt8],
        isIndented: Bool,
        to out: inout OutputBuffer
    ) {
        var json = JSONWriter(isIndented ? .indented : .compact)
        json.beginObject(&out)
        writeStart(direction, label, time, &json, &out)
        writeMembers(of: frame, &json, &out)
        json.endObject(&out)
    }

    /// Appends the first members of each object: time, direction, and the connection if it is a tap's.
    func writeStart(
        _ direction: WireEvent.Direction, _ label: ConnectionLabel?, _ time: [UInt8], _ json: inout JSONWriter,
        _ out: inout OutputBuffer
    ) {
        json.member("time", plain: time, &out)
        json.member("direction", plain: direction.name(on: label), &out)
        guard let label else { return }
        json.member("connection", label.connection, &out)
        json.member("app", label.app, &out)
    }

    /// Appends the members for a frame to the object that `json` is in: command, headers, body.
    package mutating func writeMembers(of frame: Frame, _ json: inout JSONWriter, _ out: inout OutputBuffer) {
        json.member("command", plain: frame.command.rawValue, &out)
        writeHeaders(of: frame, &json, &out)
        frame.body.withUnsafeReadableBytes { writeBody($0, &json, &out) }
    }

    /// Appends bytes as the `body` members, to the object that `json` is in.
    package func writeBody(_ body: UnsafeRawBufferPointer, _ json: inout JSONWriter, _ out: inout OutputBuffer) {
        if hasJSONBodies, JSONReader.acceptsObjectOrArray(body) {
            json.key("body", &out)
            json.value(&out) { $0.append(compactJSON: body) }
            json.member("bodyEncoding", plain: "json", &out)
        } else {
            json.member("body", encoding: "bodyEncoding", body, &out)
        }
        json.member("bodySize", body.count, &out)
    }

    /// Appends `headers`, with the first header of each name, and `headerList` with all of them if a name repeats.
    private mutating func writeHeaders(of frame: Frame, _ json: inout JSONWriter, _ out: inout OutputBuffer) {
        names.removeAll()
        var repeats = false
        json.key("headers", &out)
        json.beginObject(&out)
        frame.headers.forEachBytes { name, value in
            guard names.insert(name) else {
                repeats = true
                return
            }
            json.key(name, &out)
            write(value, of: name, in: frame.command, &json, &out)
        }
        json.endObject(&out)
        guard repeats else { return }
        json.key("headerList", &out)
        json.beginArray(&out)
        frame.headers.forEachBytes { name, value in
            json.beginArray(&out)
            json.string(name, &out)
            write(value, of: name, in: frame.command, &json, &out)
            json.endArray(&out)
        }
        json.endArray(&out)
    }

    private func write(
        _ value: UnsafeRawBufferPointer, of name: UnsafeRawBufferPointer, in command: Command,
        _ json: inout JSONWriter, _ out: inout OutputBuffer
    ) {
        if mask.hides(value, of: name, in: command) {
            json.string(plain: SecretMask.cover, &out)
        } else {
            json.string(value, &out)
        }
    }
}

/// A set of names whose storage is reused.
private struct NameSet {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    var count: Int { ends.count }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Returns whether `name` is new.
    mutating func insert(_ name: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        for end in ends {
            if end - start == name.count, bytes[start..<end].elementsEqual(name) { return false }
            start = end
        }
        bytes.append(contentsOf: name)
        ends.append(bytes.count)
        return true
    }
}
