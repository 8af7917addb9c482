import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Messages as `--record` and `-o json` write them, one JSON object per line, read to be sent again.
///
/// An object needs a destination, unless one is given for all. All other fields are optional: `command` (MESSAGE or
/// SEND), `headers` or `headerList`, `body`, `bodyEncoding`, `time`, `direction`. The recording of a tap has a
/// `direction` (`to-server` or `to-app`); only SEND frames of it are sent, and everything else is skipped.
final class Recording: Sendable {
    /// Headers that belong to the delivery of a message, not to the message itself.
    private static let serverMade: Set<String> = [
        "destination", "message-id", "subscription", "ack", "redelivered", "content-length", "receipt", "transaction",
    ]

    private let name: String
    /// Whether each line must have a time.
    private let needsTime: Bool
    private let hasWarned = Shared(false)

    /// - Parameters:
    ///   - name: the file, for errors.
    ///   - needsTime: whether a line without a time is an error.
    init(name: String, needsTime: Bool) {
        self.name = name == "-" ? "stdin" : name
        self.needsTime = needsTime
    }

    /// The message in a line; nil if the line is to be skipped.
    ///
    /// - Parameters:
    ///   - bytes: the line, without its end.
    ///   - line: its number; the first is 1.
    ///   - destination: the destination to use instead of the recorded one.
    /// - Throws: ``Failure`` with 65.
    func draft(_ bytes: ByteBuffer, line: Int, destination: String?) throws -> PendingMessage? {
        func wrong(_ message: String) -> Failure { Failure(.badInput, "\(name): line \(line): \(message)") }
        guard bytes.isUTF8 else { throw wrong("not UTF-8") }
        let fields: Fields
        do throws(JSONFault) {
            fields = try bytes.withUnsafeReadableBytes { bytes throws(JSONFault) in try Fields(bytes) }
        } catch {
            throw wrong("not a recorded message: \(error.sentence)")
        }
        switch fields.direction {
        case "to-app": return nil
        case "to-server" where fields.command != Command.send.rawValue: return nil
        default: break
        }
        if let command = fields.command, command != "MESSAGE", command != "SEND" {
            throw wrong("expected MESSAGE or SEND, not \(command.prefix(40))")
        }
        guard let destination = destination ?? fields.headers["destination"] else {
            throw wrong(#"no "destination" in "headers"; add a DESTINATION argument"#)
        }
        var body = fields.body
        switch fields.encoding {
        case nil, "utf-8", "json": break
        case "base64":
            guard let decoded = Base64.decode(body.readableBytesView) else { throw wrong("the body is not base64") }
            body = ByteBuffer(bytes: decoded)
        case let other?: throw wrong("unknown bodyEncoding \(other.prefix(40).debugDescription)")
        }
        let time = fields.time.flatMap { Timestamp(iso: $0) }
        if needsTime || fields.time != nil, time == nil {
            throw wrong("expected a time such as 2026-11-21T05:03:22.118453Z")
        }
        let headers = fields.headers.filter { !Self.serverMade.contains($0.name) && !isMasked($0, line) }
        return PendingMessage(destination: destination, headers: HeaderList(headers), body: body, recordedAt: time)
    }

    /// Whether the recorded value is only the mask of a secret, which is useless to the receiver.
    private func isMasked(_ header: Header, _ line: Int) -> Bool {
        guard header.value == SecretMask.cover, SecretMask.hiding.hides(header.name) else { return false }
        if !hasWarned.value {
            hasWarned.update { $0 = true }
            Diagnostics.warn(
                "\(name): line \(line): \(header.name) was masked when recorded, and is not sent; record with --show-secrets, or set it with -H"
            )
        }
        return true
    }

    /// The fields of a line that describe a message.
    private struct Fields {
        var command: String?
        var direction: String?
        var time: String?
        var headers = HeaderList()
        var body = ByteBuffer()
        var encoding: String?

        init(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) {
            var reader = JSONReader(bytes)
            var first = HeaderList()
            var all: HeaderList?
            // The fault at the start of the body, if it was not a string.
            var bodyFault: JSONFault?
            try reader.object { (reader: inout JSONReader, name) throws(JSONFault) in
                switch name {
                case "command": command = try reader.text()
                case "direction": direction = try reader.text()
                case "time": time = try reader.text()
                case "body":
                    if reader.peek() == UInt8(ascii: "\"") {
                        bodyFault = nil
                        try reader.string(into: &body)
                    } else {
                        let start = reader.position
                        bodyFault = reader.fault(.noString)
                        try reader.skipValue()
                        body = ByteBuffer(bytes: bytes[start..<reader.position])
                    }
                case "bodyEncoding": encoding = try reader.text()
                case "headers":
                    try reader.object { (reader: inout JSONReader, name) throws(JSONFault) in
                        first.append(name, try reader.text())
                    }
                case "headerList":
                    var list = HeaderList()
                    try reader.array { (reader: inout JSONReader) throws(JSONFault) in
                        try reader.expect("[")
                        let name = try reader.text()
                        try reader.expect(",")
                        list.append(name, try reader.text())
                        try reader.expect("]")
                    }
                    all = list
                default: try reader.skipValue()
                }
            }
            try reader.expectEnd()
            if let bodyFault, encoding != "json" { throw bodyFault }
            guard !reader.hadLoneSurrogate else { throw reader.fault(.loneSurrogate) }
            headers = all ?? first
        }
    }
}
