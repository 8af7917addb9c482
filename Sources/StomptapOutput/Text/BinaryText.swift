import STOMPTransport

/// Octets as text: base64, hexadecimal, dumps.
extension OutputBuffer {
    /// How many octets are written as text at once; it bounds the room that is asked for. A multiple of three.
    private static let piece = 3 << 12

    /// Appends base64 (RFC 4648, section 4), padded.
    package mutating func append(base64 octets: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: octets.count, by: Self.piece) {
            let piece = UnsafeRawBufferPointer(rebasing: octets[start..<min(start + Self.piece, octets.count)])
            withRoom(for: Base64.encodedCount(piece.count)) { room in Base64.encode(piece, into: room) }
        }
    }

    /// Appends two hexadecimal digits for each octet.
    package mutating func append(hexadecimal octets: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: octets.count, by: Self.piece) {
            let piece = octets[start..<min(start + Self.piece, octets.count)]
            withRoom(for: piece.count * 2) { room in
                var count = 0
                for octet in piece {
                    room.storeBytes(of: hexadecimalDigit(octet >> 4), toByteOffset: count, as: UInt8.self)
                    room.storeBytes(of: hexadecimalDigit(octet), toByteOffset: count + 1, as: UInt8.self)
                    count += 2
                }
                return count
            }
        }
    }

    /// Appends a dump as `hexdump -C` prints it: offset, sixteen octets, and what is printable ASCII of them.
    ///
    /// - Parameters:
    ///   - octets: what is dumped.
    ///   - indentation: blanks before each line.
    package mutating func append(dump octets: UnsafeRawBufferPointer, indentation: Int) {
        for start in stride(from: 0, to: octets.count, by: 16) {
            append(spaces: indentation)
            append(hexadecimal(UInt32(truncatingIfNeeded: start), digits: 8))
            let line = octets[start..<min(start + 16, octets.count)]
            for index in start..<(start + 16) {
                append(index % 8 == 0 ? "  " : " ")
                if index < line.endIndex {
                    append(hexadecimalDigit(line[index] >> 4))
                    append(hexadecimalDigit(line[index]))
                } else {
                    append("  ")
                }
            }
            append("  |")
            for octet in line { append((0x20..<0x7F).contains(octet) ? octet : UInt8(ascii: ".")) }
            append("|\n")
        }
    }
}
