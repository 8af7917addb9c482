/// Base64 (RFC 4648, section 4), padded.
package enum Base64 {
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        let bytes = Array(bytes)
        let text = [UInt8](unsafeUninitializedCapacity: encodedCount(bytes.count)) { room, count in
            guard let start = UnsafeMutableRawPointer(room.baseAddress) else { return }
            count = bytes.withUnsafeBytes { encode($0, into: start) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The number of characters that encode `count` bytes.
    package static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Writes `bytes` in base64 to `room`, which has ``encodedCount(_:)`` bytes; returns that number.
    package static func encode(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawPointer) -> Int {
        var count = 0
        for index in stride(from: 0, to: bytes.count, by: 3) {
            let known = min(3, bytes.count - index)
            var group: UInt32 = 0
            for offset in 0..<3 {
                group = group << 8 | (offset < known ? UInt32(bytes[index + offset]) : 0)
            }
            for position in 0..<4 {
                let value = UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * position)) & 0x3F
                let byte = position <= known ? digit(value) : UInt8(ascii: "=")
                room.storeBytes(of: byte, toByteOffset: count + position, as: UInt8.self)
            }
            count += 4
        }
        return count
    }

    /// The bytes that `text` encodes; nil if it is not base64.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? { decode(Array(text.utf8)) }

    package static func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        for byte in text.dropLast(padding) {
            guard let value = value(of: byte) else { return nil }
            group = group << 6 | value
            digits += 1
            if digits % 4 == 0 {
                for shift in [16, 8, 0] as [UInt32] { result.append(UInt8(truncatingIfNeeded: group >> shift)) }
            }
        }
        switch padding {
        case 1:
            result.append(UInt8(truncatingIfNeeded: group >> 10))
            result.append(UInt8(truncatingIfNeeded: group >> 2))
        case 2: result.append(UInt8(truncatingIfNeeded: group >> 4))
        default: break
        }
        return result
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
