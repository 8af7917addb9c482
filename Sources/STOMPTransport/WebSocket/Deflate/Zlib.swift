import CZlib
import NIOCore

/// The zlib format (RFC 1950), of bytes that are all there.
package enum Zlib {
    package static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        let bound = compressBound(uLong(bytes.count))
        return [UInt8](unsafeUninitializedCapacity: Int(bound)) { space, count in
            var length = bound
            // It fails only where there is no memory, or less room than this.
            count = compress(space.baseAddress, &length, bytes, uLong(bytes.count)) == Z_OK ? Int(length) : 0
        }
    }

    /// What was compressed; nil where it is broken or would be more than `limit` bytes.
    package static func inflated(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        var isGood = false
        // One byte more than may be, since zlib does not count what has no room at all. The system gives memory for as
        // much of it as is written to.
        let room = limit + 1
        let result = [UInt8](unsafeUninitializedCapacity: room) { space, count in
            var length = uLong(room)
            isGood = uncompress(space.baseAddress, &length, bytes, uLong(bytes.count)) == Z_OK && length <= limit
            count = isGood ? Int(length) : 0
        }
        return isGood ? result : nil
    }
}

/// Compresses the messages of one side (RFC 7692, section 7.2.1).
final class Deflater {
    private let keepsContext: Bool
    /// zlib keeps its address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// - Throws: ``TransportError`` where zlib has no memory or is of another version.
    init(_ sender: PerMessageDeflate.Sender) throws(TransportError) {
        keepsContext = sender.keepsContext
        stream.initialize(to: z_stream())
        // zlib has no window of 256 bytes without its own head; from one of 512 it refers back by at most 250.
        let windowBits = max(9, sender.windowBits)
        let result = deflateInit2_(
            stream, Z_BEST_SPEED, Z_DEFLATED, -Int32(windowBits), Self.memoryLevel, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { throw TransportError(zlib: result) }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// A message, compressed. It is not empty: zlib makes nothing of nothing.
    func deflate(_ message: ByteBuffer) -> ByteBuffer {
        var output = ByteBuffer()
        message.withUnsafeReadableBytes { input in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = UInt32(clamping: input.count)
            let piece = Int(deflateBound(stream, UInt(input.count))) + Self.end
            repeat {
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: piece) { target in
                    stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
                    stream.pointee.avail_out = UInt32(clamping: piece)
                    CZlib.deflate(stream, Z_SYNC_FLUSH)
                    return Int(UInt32(clamping: piece) - stream.pointee.avail_out)
                }
            } while stream.pointee.avail_out == 0
        }
        if !keepsContext { deflateReset(stream) }
        return output.getSlice(at: output.readerIndex, length: output.readableBytes - Self.end) ?? output
    }

    /// Bytes that every flush ends with, and that are not sent.
    private static let end = 4
    /// zlib's default, of 1 to 9.
    private static let memoryLevel: Int32 = 8
}

/// Inflates the messages of one side (RFC 7692, section 7.2.2), and never more of one than is allowed.
final class Inflater {
    private let keepsContext: Bool
    /// zlib keeps its address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// - Throws: ``TransportError`` where zlib has no memory or is of another version.
    init(_ sender: PerMessageDeflate.Sender) throws(TransportError) {
        keepsContext = sender.keepsContext
        stream.initialize(to: z_stream())
        // Below zero: without zlib's own head and checksum.
        let result = inflateInit2_(stream, -Int32(sender.windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { throw TransportError(zlib: result) }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Appends what part of a message holds to `message`, which is to have at most `limit` bytes.
    func inflate(_ part: ByteBuffer, onto message: inout ByteBuffer, limit: Int) throws(WebSocketViolation) {
        let result = part.withUnsafeReadableBytes { input in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = UInt32(clamping: input.count)
            return inflate(onto: &message, limit: limit)
        }
        guard result != Z_OK else { return }
        if message.readableBytes > limit { throw .tooLarge(limit: limit) }
        throw .brokenCompression(cause: stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(result)")
    }

    /// The message has no more parts.
    func finish(_ message: inout ByteBuffer, limit: Int) throws(WebSocketViolation) {
        // The sender has left out what every flush ends with.
        try inflate(Self.end, onto: &message, limit: limit)
        guard stream.pointee.data_type & Self.isBetweenBlocks != 0 else { throw .truncatedCompression }
        if !keepsContext { inflateReset(stream) }
    }

    /// - Returns: `Z_OK` where all input was used and no more than `limit` bytes came of it.
    private func inflate(onto message: inout ByteBuffer, limit: Int) -> Int32 {
        while true {
            // One byte more than may be: it tells that there are too many.
            let room = limit - message.readableBytes + 1
            let piece = min(room, max(Self.smallestPiece, 4 * Int(stream.pointee.avail_in)), Self.largestPiece)
            var result = Z_OK
            message.writeWithUnsafeMutableBytes(minimumWritableBytes: piece) { output in
                stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(piece)
                result = CZlib.inflate(stream, Z_SYNC_FLUSH)
                return piece - Int(stream.pointee.avail_out)
            }
            if message.readableBytes > limit { return Z_BUF_ERROR }
            switch result {
            case Z_STREAM_END:
                // Behind a last block the message may go on (section 7.2.3.4).
                inflateResetKeep(stream)
                stream.pointee.data_type = Self.isBetweenBlocks
            case Z_OK: break
            case Z_BUF_ERROR where stream.pointee.avail_in == 0: return Z_OK
            default: return result
            }
            if stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0 { return Z_OK }
        }
    }

    /// An empty block without compression.
    private static let end = ByteBuffer(bytes: [0x00, 0x00, 0xFF, 0xFF])
    /// The bit by which zlib's `data_type` tells that a block has just ended.
    private static let isBetweenBlocks: Int32 = 128
    private static let smallestPiece = 1 << 9
    private static let largestPiece = 1 << 18
}

extension TransportError {
    init(zlib result: Int32) {
        self = .webSocket(.cannotCompress(cause: zError(result).map { String(cString: $0) } ?? ""))
    }
}
