import NIOCore

/// Decodes frames from received bytes (RFC 6455, section 5.2): call ``feed(_:)`` with bytes, then ``next()`` for
/// each complete frame.
///
/// An invalid frame is reported as soon as its head is complete, without waiting for the payload.
struct WebSocketFrameReader {
    private let isServer: Bool
    private let isCompressed: Bool
    /// The maximum size of a message, in bytes.
    var limit: Int
    /// The start of a frame whose rest has not been received yet; empty between frames.
    private var carry = ByteBuffer()
    /// The bytes received after ``carry`` that are not decoded yet.
    private var chunk = ByteBuffer()

    /// - Parameters:
    ///   - isServer: whether frames must be masked, as those of clients are.
    ///   - isCompressed: whether messages may be compressed.
    ///   - limit: the maximum size of a message, in bytes.
    init(isServer: Bool, isCompressed: Bool, limit: Int) {
        self.isServer = isServer
        self.isCompressed = isCompressed
        self.limit = limit
    }

    mutating func feed(_ more: ByteBuffer) {
        if chunk.readableBytes == 0 {
            chunk = more
        } else {
            chunk.writeImmutableBuffer(more)
        }
    }

    /// The next frame; nil if it is incomplete. No frame can be read after an error.
    mutating func next() throws(WebSocketViolation) -> WebSocketFrame? {
        if carry.readableBytes > 0 { return try frameFromCarry() }
        if let head = try head(of: chunk), let frame = frame(head, &chunk) { return frame }
        // Copied, so that a few bytes do not keep an entire chunk alive.
        if chunk.readableBytes > 0 { carry = ByteBuffer(bytes: chunk.readableBytesView) }
        chunk = ByteBuffer()
        return nil
    }

    /// Copies no more of the chunk than the frame needs: the frames after it are slices.
    private mutating func frameFromCarry() throws(WebSocketViolation) -> WebSocketFrame? {
        while true {
            let head = try head(of: carry)
            if let head, let frame = frame(head, &carry) {
                carry = ByteBuffer()
                return frame
            }
            let missing = head.map { $0.size + $0.length - carry.readableBytes } ?? 1
            guard let more = chunk.readSlice(length: min(missing, chunk.readableBytes)), more.readableBytes > 0 else {
                chunk = ByteBuffer()
                return nil
            }
            carry.writeImmutableBuffer(more)
        }
    }

    /// The frame with this head; nil if its payload is incomplete.
    private func frame(_ head: Head, _ bytes: inout ByteBuffer) -> WebSocketFrame? {
        guard bytes.readableBytes - head.size >= head.length else { return nil }
        bytes.moveReaderIndex(forwardBy: head.size)
        guard var payload = bytes.readSlice(length: head.length) else { return nil }
        if let key = head.key {
            var unmasked = ByteBuffer()
            unmasked.write(payload, maskedBy: key)
            payload = unmasked
        }
        return WebSocketFrame(
            opcode: head.opcode, isLast: head.isLast, isCompressed: head.isCompressed, payload: payload)
    }

    private struct Head {
        var opcode: WebSocketOpcode
        var isLast: Bool
        var isCompressed: Bool
        /// The size of the head in bytes; `length` is that of the payload.
        var size: Int
        var length: Int
        var key: UInt32?
    }

    /// The head at the start of `bytes`; nil if it is incomplete.
    private func head(of bytes: ByteBuffer) throws(WebSocketViolation) -> Head? {
        let start = bytes.readerIndex
        guard let bits = bytes.getInteger(at: start, as: UInt16.self) else { return nil }
        let (isLast, isMasked) = (bits & 0x8000 != 0, bits & 0x80 != 0)
        guard isMasked == isServer else { throw isServer ? .unmaskedFrame : .maskedFrame }
        guard let opcode = WebSocketOpcode(rawValue: UInt8(bits >> 8 & 0x0F)) else {
            throw .unknownOpcode(UInt8(bits >> 8 & 0x0F))
        }
        let isFirst = opcode == .text || opcode == .binary
        guard bits & (isCompressed && isFirst ? 0x3000 : 0x7000) == 0 else {
            throw .reservedBit
        }
        if opcode.isControl {
            guard isLast else { throw .fragmentedControlFrame }
            guard bits & 0x7F <= 125 else { throw .largeControlFrame }
        }
        var size = 2
        var length: Int?
        switch bits & 0x7F {
        case 126:
            size += 2
            length = bytes.getInteger(at: start + 2, as: UInt16.self).map(Int.init)
        case 127:
            size += 8
            length = bytes.getInteger(at: start + 2, as: UInt64.self).map(Int.init(clamping:))
        case let short:
            length = Int(short)
        }
        guard let length else { return nil }
        guard length <= largestPayload else { throw .tooLarge(limit: limit) }
        var head = Head(
            opcode: opcode, isLast: isLast, isCompressed: bits & 0x4000 != 0, size: size, length: length)
        if isMasked {
            guard let key = bytes.getInteger(at: start + size, as: UInt32.self) else { return nil }
            head.key = key
            head.size += 4
        }
        return head
    }

    /// Compression makes incompressible data slightly larger.
    private var largestPayload: Int { isCompressed ? limit + limit / 1024 + 64 : limit }
}
