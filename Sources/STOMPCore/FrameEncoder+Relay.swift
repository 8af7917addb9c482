import NIOCore

/// What a broker needs: headers of one session's frame passed on into a frame of another session, whose version may
/// be another one.
extension FrameEncoder {
    /// Appends the header lines of `frame` in their order, repeats included, but for those that `dropped` names.
    ///
    /// What this version cannot carry, such as a line feed at 1.0, goes as the text of its STOMP 1.2 escape: a receiver
    /// sees that something was there.
    public func relayHeaders(of frame: Frame, except dropped: [String] = [], into buffer: inout ByteBuffer) {
        let escaping = HeaderEscaping(command: .message, version: version)
        frame.headers.forEachOctets { name, value in
            if !dropped.contains(where: { name.equals($0) }) { relay(name, value, escaping, into: &buffer) }
        }
    }

    /// Appends one header line. What this version cannot carry goes as the text of its STOMP 1.2 escape.
    public func relayHeader(_ name: String, _ value: String, into buffer: inout ByteBuffer) {
        var (name, value) = (name, value)
        let escaping = HeaderEscaping(command: .message, version: version)
        name.withUTF8 { name in
            value.withUTF8 { value in
                relay(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer(value), escaping, into: &buffer)
            }
        }
    }

    private func relay(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ escaping: HeaderEscaping,
        into buffer: inout ByteBuffer
    ) {
        relay(name, isName: true, escaping, into: &buffer)
        buffer.writeInteger(UInt8.colon)
        relay(value, isName: false, escaping, into: &buffer)
        buffer.writeInteger(UInt8.lineFeed)
    }

    private func relay(
        _ octets: UnsafeRawBufferPointer, isName: Bool, _ escaping: HeaderEscaping, into buffer: inout ByteBuffer
    ) {
        guard octets.contains(where: { $0 <= .carriageReturn || $0 == .colon || $0 == .backslash }) else {
            buffer.writeBytes(octets)
            return
        }
        for octet in octets {
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
