import CZlib
import NIOCore

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
