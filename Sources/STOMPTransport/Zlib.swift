import CZlib

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
