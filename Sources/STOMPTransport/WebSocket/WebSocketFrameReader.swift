import NIOCore

/// Takes frames from octets as they come (RFC 6455, section 5.2): feed it, and take the frames that are whole.
///
/// What makes a frame unacceptable stands in its head, and is told when that is here: nobody waits for the payload.
struct WebSocketFrameReader {
    private let isServer: Bool
    private let isCompressed: Bool
    private let limit: Int
    /// What has come and is no whole frame yet.
    private var octets = ByteBuffer()

    /// - Parameters:
    ///   - isServer: whether frames are to be masked, as those of clients are.
    ///   - isCompressed: whether messages may be compressed.
    ///   - limit: the largest message, in octets.
    init(isServer: Bool, isCompressed: Bool, limit: Int) {
        self.isServer = isServer
        self.isCompressed = isCompressed
        self.limit = limit
    }

    mutating func feed(_ more: ByteBuffer) {
        if octets.readableBytes == 0 {
            octets = more
        } else {
            octets.discardReadBytes()
            octets.writeImmutableBuffer(more)
        }
    }

    /// The next frame; nil where it is not whole. After an error there is no next one.
    mutating func next() throws(WebSocketViolation) -> WebSocketFrame? {
        guard let head = try head(), octets.readableBytes - head.size >= head.length else {
            // What was handed on is its receiver's alone.
            if octets.readableBytes == 0 { octets = ByteBuffer() }
            return nil
        }
        octets.moveReaderIndex(forwardBy: head.size)
        guard var payload = octets.readSlice(length: head.length) else { return nil }
        if let key = head.key {
            var unmasked = ByteBuffer()
            unmasked.write(payload, maskedBy: key)
            payload = unmasked
        }
        return WebSocketFrame(
            opcode: head.opcode, isLast: head.isLast, isCompressed: head.isCompressed, payload: payload)
    }

    private struct Head {
        var opcode: WebSocketFrame.Opcode
        var isLast: Bool
        var isCompressed: Bool
        /// Octets of the head, and of the payload.
        var size: Int
        var length: Int
        var key: UInt32?
    }

    /// The head of the next frame; nil where it is not whole.
    private func head() throws(WebSocketViolation) -> Head? {
        let start = octets.readerIndex
        guard let bits = octets.getInteger(at: start, as: UInt16.self) else { return nil }
        let (isLast, isMasked) = (bits & 0x8000 != 0, bits & 0x80 != 0)
        guard isMasked == isServer else { throw WebSocketViolation(isServer ? "an unmasked frame" : "a masked frame") }
        guard let opcode = WebSocketFrame.Opcode(rawValue: UInt8(bits >> 8 & 0x0F)) else {
            throw WebSocketViolation("a frame with the unknown opcode \(bits >> 8 & 0x0F)")
        }
        let isFirst = opcode == .text || opcode == .binary
        guard bits & (isCompressed && isFirst ? 0x3000 : 0x7000) == 0 else {
            throw WebSocketViolation("a frame with a reserved bit set, as of an extension that was not agreed on")
        }
        if opcode.isControl {
            guard isLast else { throw WebSocketViolation("a fragmented control frame") }
            guard bits & 0x7F <= 125 else { throw WebSocketViolation("a control frame of more than 125 octets") }
        }
        var size = 2
        var length: Int?
        switch bits & 0x7F {
        case 126:
            size += 2
            length = octets.getInteger(at: start + 2, as: UInt16.self).map(Int.init)
        case 127:
            size += 8
            length = octets.getInteger(at: start + 2, as: UInt64.self).map(Int.init(clamping:))
        case let short:
            length = Int(short)
        }
        guard let length else { return nil }
        guard length <= largestPayload else { throw .tooLarge(limit) }
        var head = Head(
            opcode: opcode, isLast: isLast, isCompressed: bits & 0x4000 != 0, size: size, length: length)
        if isMasked {
            guard let key = octets.getInteger(at: start + size, as: UInt32.self) else { return nil }
            head.key = key
            head.size += 4
        }
        return head
    }

    /// What cannot be compressed becomes a little larger by it.
    private var largestPayload: Int { isCompressed ? limit + limit / 1024 + 64 : limit }
}
