import STOMPTransport

/// HdrHistogram's V2 encoding in its compressed form, which its logs contain in base64.
///
/// A histogram is a header of 40 bytes and the counts as ZigZag LEB128 numbers, where a negative number is a run of
/// zeros. All of it is compressed with zlib, after a cookie and the length.
enum HistogramEncoding {
    private static let cookie: UInt32 = 0x1C84_9313
    private static let compressedCookie: UInt32 = 0x1C84_9314
    private static let headerSize = 40
    /// The maximum size of a payload, in bytes; a histogram with five digits over 64 bits is smaller.
    private static let largestPayload = 64 << 20

    static func encode(_ latencies: Latencies) -> [UInt8] {
        var counts: [UInt8] = []
        var next = 0
        latencies.forEachCount { index, _, count in
            let zeros = index - next
            // A single zero is written as a plain 0, not as a run.
            if zeros > 0 { counts.append(zigZag: zeros == 1 ? 0 : -Int64(zeros)) }
            counts.append(zigZag: Int64(clamping: count))
            next = index + 1
        }
        var payload: [UInt8] = []
        payload.append(bigEndian: cookie)
        payload.append(bigEndian: UInt32(counts.count))
        payload.append(bigEndian: UInt32(0))
        payload.append(bigEndian: UInt32(3))
        payload.append(bigEndian: Latencies.lowest)
        payload.append(bigEndian: Latencies.highest)
        payload.append(bigEndian: (1.0).bitPattern)
        payload += counts
        let compressed = Zlib.compressed(payload)
        var result: [UInt8] = []
        result.append(bigEndian: compressedCookie)
        result.append(bigEndian: UInt32(compressed.count))
        return result + compressed
    }

    /// Decodes a histogram of any implementation and adds it to `latencies`; false if it is invalid.
    static func add(_ bytes: [UInt8], to latencies: inout Latencies) -> Bool {
        guard bytes.bigEndian(at: 0, UInt32.self) == compressedCookie,
            let length = bytes.bigEndian(at: 4, UInt32.self), bytes.count - 8 >= Int(length),
            let payload = Zlib.inflated(Array(bytes[8..<(8 + Int(length))]), limit: largestPayload),
            payload.bigEndian(at: 0, UInt32.self) == cookie,
            let size = payload.bigEndian(at: 4, UInt32.self), payload.count - headerSize >= Int(size),
            payload.bigEndian(at: 8, UInt32.self) == 0,
            let digits = payload.bigEndian(at: 12, UInt32.self), (0...5).contains(digits),
            let lowest = payload.bigEndian(at: 16, UInt64.self), lowest >= 1, lowest < 1 << 40
        else { return false }
        return addCounts(
            payload[headerSize..<(headerSize + Int(size))],
            HistogramLayout(lowest: lowest, digits: Int(digits)), to: &latencies)
    }

    private static func addCounts(_ bytes: ArraySlice<UInt8>, _ layout: HistogramLayout, to latencies: inout Latencies)
        -> Bool
    {
        var rest = bytes
        var index = 0
        while !rest.isEmpty {
            guard let number = rest.popZigZag() else { return false }
            if number < 0 {
                guard number > -Int64(Int32.max), index < Int(Int32.max) else { return false }
                index += Int(-number)
                continue
            }
            if number > 0 {
                guard let value = layout.highestValue(at: index),
                    !latencies.count.addingReportingOverflow(UInt64(number)).overflow
                else { return false }
                latencies.record(value, count: UInt64(number))
            }
            index += 1
        }
        return true
    }
}

extension [UInt8] {
    mutating func append(bigEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    /// The number at `offset`; nil if there are not enough bytes.
    func bigEndian<Number: FixedWidthInteger>(at offset: Int, _: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, count - offset >= size else { return nil }
        return self[offset..<(offset + size)].reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    /// Appends a number in HdrHistogram's ZigZag LEB128: at most nine bytes, and all eight bits of the ninth are
    /// used.
    fileprivate mutating func append(zigZag number: Int64) {
        var rest = UInt64(bitPattern: number << 1 ^ number >> 63)
        for _ in 0..<8 {
            guard rest >= 0x80 else { break }
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func popZigZag() -> Int64? {
        var value: UInt64 = 0
        for place in 0..<9 {
            guard let byte = popFirst() else { return nil }
            let isLast = place == 8 || byte < 0x80
            value |= UInt64(place == 8 ? byte : byte & 0x7F) << UInt64(7 * place)
            if isLast { break }
        }
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
