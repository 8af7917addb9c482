import SystemC

/// Converts text from other charsets to UTF-8, with iconv(3).
package enum CharsetDecoder {
    package enum Outcome: Equatable {
        /// In UTF-8.
        case text([UInt8])
        /// The bytes are invalid in this charset, from this offset.
        case fault(offset: Int)
        /// There is no converter for the charset.
        case unknown
    }

    /// The longest charset name that is looked up.
    private static let longestName = 40
    /// The number of bytes that are decoded at once.
    private static let piece = 32 << 10

    /// Charset names of Windows and Java that iconv knows by another name.
    private static let aliases = [
        "MS949": "CP949", "WINDOWS-949": "CP949", "X-WINDOWS-949": "CP949", "KS_C_5601-1987": "CP949",
        "MS932": "CP932", "WINDOWS-31J": "CP932", "MS936": "CP936", "X-MSWIN-936": "CP936", "X-SJIS": "SJIS",
    ]

    /// Whether there is a converter for this charset.
    package static func knows(_ name: String) -> Bool {
        guard let converter = converter(from: name) else { return false }
        iconv_close(converter)
        return true
    }

    /// Whether the name means UTF-8, or ASCII, which is a subset of it.
    static func isUTF8(_ name: String) -> Bool {
        ["utf-8", "utf8", "us-ascii", "ascii"].contains(name.lowercased())
    }

    /// - Parameter mayBeCut: whether the bytes may end inside a character, like a prefix of a text.
    static func decode(_ bytes: UnsafeRawBufferPointer, from name: String, mayBeCut: Bool = false) -> Outcome {
        guard let converter = converter(from: name) else { return .unknown }
        defer { iconv_close(converter) }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + bytes.count / 2)
        var input = UnsafeMutablePointer(mutating: bytes.bindMemory(to: CChar.self).baseAddress)
        var left = bytes.count
        while left > 0 {
            switch convert(converter, &input, &left, &text) {
            case 0, E2BIG: continue
            case EINVAL where mayBeCut: return .text(text)
            default: return .fault(offset: bytes.count - left)
            }
        }
        // Flushes a character that iconv holds back because the next one could change it.
        var nothing: UnsafeMutablePointer<CChar>?
        _ = convert(converter, &nothing, &left, &text)
        return .text(text)
    }

    /// Converts some of the input and appends the result.
    ///
    /// - Returns: 0 if all input was converted, or the errno.
    private static func convert(
        _ converter: iconv_t, _ input: inout UnsafeMutablePointer<CChar>?, _ left: inout Int, _ text: inout [UInt8]
    ) -> Int32 {
        var result: Int32 = 0
        text += [UInt8](unsafeUninitializedCapacity: piece) { room, count in
            room.withMemoryRebound(to: CChar.self) { room in
                var output = room.baseAddress
                var free = room.count
                if iconv(converter, &input, &left, &output, &free) == -1 { result = errno }
                count = room.count - free
            }
        }
        return result
    }

    private static func converter(from name: String) -> iconv_t? {
        // Other characters have a special meaning for iconv, which may look for files of that name.
        guard !name.isEmpty, name.utf8.count <= longestName, name.utf8.allSatisfy(isOfName) else { return nil }
        let name = aliases[name.uppercased()] ?? name
        let converter = iconv_open("UTF-8", name)
        // iconv_open returns (iconv_t)-1 on failure.
        return Int(bitPattern: converter) == -1 ? nil : converter
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"), UInt8(ascii: "+"):
            true
        default: false
        }
    }
}
