import NIOCore

/// Percent-encoding (RFC 3986, section 2.1).
package enum PercentEncoding {
    /// What to do with a `%` that is not followed by two hexadecimal digits, or that encodes a byte that is not
    /// accepted.
    package enum Malformed {
        case stays
        /// The whole text is rejected.
        case isRefused
    }

    /// The decoded bytes; nil if the text is rejected.
    ///
    /// - Parameter accepts: whether a byte may be percent-encoded.
    package static func decode(
        _ bytes: some Collection<UInt8>, malformed: Malformed, accepts: (UInt8) -> Bool = { _ in true }
    ) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap(\.hexadecimalValue)
            if digits.count == 2, accepts(digits[0] << 4 | digits[1]) {
                result.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            } else if malformed == .stays {
                result.append(byte)
            } else {
                return nil
            }
        }
        return result
    }

    /// Whether a byte needs no encoding anywhere in a URL (RFC 3986, section 2.3).
    package static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// `text` as a path segment, with all characters encoded except unreserved ones.
    package static func encode(_ text: String) -> String {
        var result = ByteBuffer()
        result.writePercentEncoded(text.utf8, keeping: isUnreserved)
        return String(buffer: result)
    }
}

extension ByteBuffer {
    /// Appends `bytes`, percent-encoded except for those that `keeps` accepts.
    package mutating func writePercentEncoded(_ bytes: some Collection<UInt8>, keeping keeps: (UInt8) -> Bool) {
        reserveCapacity(minimumWritableBytes: bytes.count)
        for byte in bytes {
            if keeps(byte) {
                writeInteger(byte)
            } else {
                writeString("%" + hexadecimal(UInt32(byte), digits: 2).uppercased())
            }
        }
    }

    /// Appends `bytes` with only `%` percent-encoded, which the receiver of a SockJS event stream decodes.
    package mutating func writePercentSignsEncoded(_ bytes: ByteBuffer) {
        let sign = UInt8(ascii: "%")
        guard bytes.readableBytesView.contains(sign) else {
            writeImmutableBuffer(bytes)
            return
        }
        writePercentEncoded(bytes.readableBytesView) { $0 != sign }
    }
}

/// The lower-case digit for the low four bits of `byte`.
@inline(__always)
package func hexadecimalDigit(_ byte: UInt8) -> UInt8 {
    let value = byte & 0xF
    return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

/// `number` in lower-case hexadecimal digits, padded with zeros.
package func hexadecimal(_ number: UInt32, digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}

extension UInt8 {
    /// The value of this hexadecimal digit, of either case; nil if it is not one.
    package var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
