/// The zlib format (RFC 1950), as far as histogram logs need it.
enum Zlib {
    /// The most octets of a stored block (RFC 1951, section 3.2.4).
    private static let largestBlock = 65535

    /// Wraps octets as they are: a reader only inflates, and the counts of a histogram are small as it is.
    static func stored(_ octets: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x78, 0x01]
        result.reserveCapacity(octets.count + 16)
        var start = 0
        repeat {
            let end = min(octets.count, start + largestBlock)
            let length = UInt16(end - start)
            result.append(end == octets.count ? 1 : 0)
            result += [UInt8(truncatingIfNeeded: length), UInt8(length >> 8)]
            result += [UInt8(truncatingIfNeeded: ~length), UInt8(~length >> 8)]
            result += octets[start..<end]
            start = end
        } while start < octets.count
        result.append(bigEndian: checksum(octets))
        return result
    }

    /// What was compressed, whoever did it; nil where it is broken or would be more than `limit` octets.
    static func inflated(_ octets: [UInt8], limit: Int) -> [UInt8]? {
        guard octets.count > 6, octets[0] & 0x0F == 8, octets[1] & 0x20 == 0,
            (Int(octets[0]) << 8 | Int(octets[1])) % 31 == 0
        else { return nil }
        var inflater = Inflater(octets: octets[2...], limit: limit)
        guard let result = inflater.run(), octets.bigEndian(at: inflater.position, UInt32.self) == checksum(result)
        else { return nil }
        return result
    }

    /// Adler-32 (RFC 1950, section 9).
    private static func checksum(_ octets: [UInt8]) -> UInt32 {
        var low: UInt32 = 1
        var high: UInt32 = 0
        for octet in octets {
            low = (low + UInt32(octet)) % 65521
            high = (high + low) % 65521
        }
        return high << 16 | low
    }
}

extension [UInt8] {
    mutating func append(bigEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    /// The number at `offset`; nil where the octets end before it does.
    func bigEndian<Number: FixedWidthInteger>(at offset: Int, _: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, count - offset >= size else { return nil }
        return self[offset..<(offset + size)].reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}
