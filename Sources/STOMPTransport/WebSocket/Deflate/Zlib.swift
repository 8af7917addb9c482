import CZlib
import NIOCore

/// Compresses and inflates data that is entirely in memory.
package enum Zlib {
    /// The format around the compressed bytes.
    package enum Format: Sendable {
        /// RFC 1950: a header of two bytes and a checksum. HTTP calls this `deflate`.
        case zlib
        /// RFC 1952. There may be several members, one after the other.
        case gzip
        /// RFC 1951: no header and no checksum.
        case bare

        /// The `windowBits` of zlib for this format, with the largest window.
        fileprivate var windowBits: Int32 {
            switch self {
            case .zlib: 15
            case .gzip: 15 + 16
            case .bare: -15
            }
        }

        /// Detects the format from the first bytes; nil if it is neither of the two that have a header.
        package init?(firstBytes bytes: UnsafeRawBufferPointer) {
            guard bytes.count >= 2 else { return nil }
            if bytes[0] == 0x1F, bytes[1] == 0x8B {
                self = .gzip
            } else if bytes[0] & 0x0F == 8, bytes[0] <= 0x78, bytes[1] & 0x20 == 0,
                (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
            {
                self = .zlib
            } else {
                return nil
            }
        }
    }

    /// The result of inflating, and how it ended.
    package struct Inflated: Sendable {
        package enum End: Sendable, Hashable {
            /// The data is complete.
            case whole
            /// The data is larger than the limit.
            case tooLarge
            /// The end is missing.
            case truncated
            case broken(cause: String)
        }

        package var bytes: ByteBuffer
        package var end: End
        /// The number of bytes after the end of the compressed data.
        package var rest = 0
    }

    package static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { Array(compressed($0, as: .zlib).readableBytesView) }
    }

    /// `bytes` compressed; empty if zlib cannot allocate memory.
    package static func compressed(_ bytes: UnsafeRawBufferPointer, as format: Format) -> ByteBuffer {
        var output = ByteBuffer()
        // zlib stores the address of the stream.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        defer { stream.deallocate() }
        stream.initialize(to: z_stream())
        let result = deflateInit2_(
            stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, format.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { return output }
        defer { deflateEnd(stream) }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(clamping: bytes.count)
        let bound = Int(deflateBound(stream, UInt(bytes.count)))
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
            stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(clamping: bound)
            // The buffer is large enough for all output.
            deflate(stream, Z_FINISH)
            return Int(UInt32(clamping: bound) - stream.pointee.avail_out)
        }
        return output
    }

    /// Inflates the output of ``compressed(_:)``; nil if it is invalid or would be larger than `limit` bytes.
    package static func inflated(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        let result = bytes.withUnsafeBytes { inflated($0, from: .zlib, limit: limit) }
        return result.end == .whole ? Array(result.bytes.readableBytesView) : nil
    }

    /// Inflates `bytes`, to at most `limit` bytes.
    package static func inflated(_ bytes: UnsafeRawBufferPointer, from format: Format, limit: Int) -> Inflated {
        do throws(TransportError) {
            return try Inflater(format).inflateWhole(bytes, limit: limit)
        } catch {
            return Inflated(bytes: ByteBuffer(), end: .broken(cause: "zlib has no memory"))
        }
    }
}

/// Compresses the messages of one side (RFC 7692, section 7.2.1).
final class Deflater {
    private let keepsContext: Bool
    /// zlib stores the address of the stream.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// - Throws: ``TransportError`` if zlib cannot allocate memory or has an incompatible version.
    init(_ sender: PerMessageDeflate.Sender) throws(TransportError) {
        keepsContext = sender.keepsContext
        stream.initialize(to: z_stream())
        // Without its own header, zlib has no window of 256 bytes. With a window of 512 bytes it refers back at
        // most 250.
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

    /// Compresses a message, which must not be empty: zlib compresses zero bytes to zero bytes.
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

    /// The number of bytes at the end of every flush that are not sent.
    private static let end = 4
    /// zlib's default; the range is 1 to 9.
    private static let memoryLevel: Int32 = 8
}

/// Inflates the messages of one side (RFC 7692, section 7.2.2), or complete data, and never more than the limit
/// allows.
final class Inflater {
    private let keepsContext: Bool
    /// Nil for messages, which may continue after a final block.
    private let format: Zlib.Format?
    /// zlib stores the address of the stream.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// - Throws: ``TransportError`` if zlib cannot allocate memory or has an incompatible version.
    convenience init(_ sender: PerMessageDeflate.Sender) throws(TransportError) {
        // Negative: without zlib's own header and checksum.
        try self.init(keepsContext: sender.keepsContext, format: nil, windowBits: -Int32(sender.windowBits))
    }

    /// - Throws: ``TransportError`` if zlib cannot allocate memory or has an incompatible version.
    convenience init(_ format: Zlib.Format) throws(TransportError) {
        try self.init(keepsContext: false, format: format, windowBits: format.windowBits)
    }

    private init(keepsContext: Bool, format: Zlib.Format?, windowBits: Int32) throws(TransportError) {
        self.keepsContext = keepsContext
        self.format = format
        stream.initialize(to: z_stream())
        let result = inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { throw TransportError(zlib: result) }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflates part of a message and appends it to `message`, which may have at most `limit` bytes.
    func inflate(_ part: ByteBuffer, onto message: inout ByteBuffer, limit: Int) throws(WebSocketViolation) {
        let result = part.withUnsafeReadableBytes { input in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = UInt32(clamping: input.count)
            return inflate(onto: &message, limit: limit)
        }
        guard result != Z_OK else { return }
        if message.readableBytes > limit { throw .tooLarge(limit: limit) }
        throw .brokenCompression(cause: cause(of: result))
    }

    private func cause(of result: Int32) -> String {
        stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(result)"
    }

    /// Inflates `bytes`, to at most `limit` bytes.
    func inflateWhole(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Zlib.Inflated {
        var output = ByteBuffer()
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(clamping: bytes.count)
        let result = inflate(onto: &output, limit: limit)
        let end: Zlib.Inflated.End =
            if output.readableBytes > limit {
                .tooLarge
            } else {
                switch result {
                case Z_STREAM_END: .whole
                case Z_OK: .truncated
                default: .broken(cause: cause(of: result))
                }
            }
        return Zlib.Inflated(
            bytes: output.readSlice(length: min(limit, output.readableBytes)) ?? output, end: end,
            rest: Int(stream.pointee.avail_in))
    }

    /// Whether another gzip member follows the one that has just ended.
    private var hasNextMember: Bool {
        guard format == .gzip, stream.pointee.avail_in > 2, let next = stream.pointee.next_in else { return false }
        return next[0] == 0x1F && next[1] == 0x8B
    }

    /// Finishes a message after its last part.
    func finish(_ message: inout ByteBuffer, limit: Int) throws(WebSocketViolation) {
        // The sender has removed the bytes that end every flush.
        try inflate(Self.end, onto: &message, limit: limit)
        guard stream.pointee.data_type & Self.isBetweenBlocks != 0 else { throw .truncatedCompression }
        if !keepsContext { inflateReset(stream) }
    }

    /// - Returns: `Z_OK` if all input was used and the output has at most `limit` bytes; `Z_STREAM_END` if a
    ///   format other than that of messages has ended.
    private func inflate(onto message: inout ByteBuffer, limit: Int) -> Int32 {
        while true {
            // One byte more than allowed, to detect that there are too many.
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
            case Z_STREAM_END where format != nil:
                guard hasNextMember else { return result }
                inflateReset(stream)
            case Z_STREAM_END:
                // After a final block the message may continue (section 7.2.3.4).
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
    /// The bit of zlib's `data_type` that is set when a block has just ended.
    private static let isBetweenBlocks: Int32 = 128
    private static let smallestPiece = 1 << 9
    private static let largestPiece = 1 << 18
}

extension TransportError {
    init(zlib result: Int32) {
        self = .webSocket(.cannotCompress(cause: zError(result).map { String(cString: $0) } ?? ""))
    }
}
