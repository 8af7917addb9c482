import NIOCore

/// What a broker needs: headers of one session's frame passed on into a frame of another session, whose version may
/// be another one.
extension FrameEncoder {
    /// Appends the header lines of `frame` in their order, repeats included, but for those that `dropped` names.
    ///
    /// A line that reads the same in both versions goes as the octets that came. What this version cannot carry, such
    /// as a line feed at 1.0, goes as the text of its STOMP 1.2 escape: a receiver sees that something was there.
    public func relayHeaders(of frame: Frame, except dropped: [String], into buffer: inout ByteBuffer) {
        let escaping = HeaderEscaping(command: .message, version: version)
        frame.bytes.withUnsafeReadableBytes { octets in
            var position = frame.headerBlock.lowerBound
            while let line = frame.headerLine(at: position, in: octets) {
                position = line.next
                let name = octets.slice(line.name)
                let value = octets.slice(line.value)
                if dropped.contains(where: { name.equals($0) }) { continue }
                if escaping == frame.escaping, !value.contains(.carriageReturn),
                    escaping == .none || !value.contains(.colon)
                {
                    buffer.writeBytes(octets.slice(line.name.lowerBound..<line.value.upperBound))
                    buffer.writeInteger(UInt8.lineFeed)
                } else {
                    relayHeader(frame.escaping.unescape(name), frame.escaping.unescape(value), into: &buffer)
                }
            }
        }
    }

    /// Appends one header line. What this version cannot carry goes as the text of its STOMP 1.2 escape.
    public func relayHeader(_ name: String, _ value: String, into buffer: inout ByteBuffer) {
        let escaping = HeaderEscaping(command: .message, version: version)
        relay(name, isName: true, escaping, into: &buffer)
        buffer.writeInteger(UInt8.colon)
        relay(value, isName: false, escaping, into: &buffer)
        buffer.writeInteger(UInt8.lineFeed)
    }

    private func relay(_ text: String, isName: Bool, _ escaping: HeaderEscaping, into buffer: inout ByteBuffer) {
        let special = text.utf8.contains { $0 <= .carriageReturn || $0 == .colon || $0 == .backslash }
        guard special else {
            buffer.writeString(text)
            return
        }
        for octet in text.utf8 {
            if let letter = escaping.escaped(octet) {
                buffer.writeBytes([.backslash, letter])
            } else if octet == .lineFeed || octet == .carriageReturn || (octet == .colon && isName),
                let letter = HeaderEscaping.v12.escaped(octet)
            {
                // The backslash is a character of its own here, and is escaped where the version has escapes.
                if escaping.escaped(.backslash) != nil { buffer.writeInteger(UInt8.backslash) }
                buffer.writeBytes([.backslash, letter])
            } else if octet != .null {
                buffer.writeInteger(octet)
            }
        }
    }
}
