import SystemC

/// Turns text of other charsets into UTF-8, with the converters that iconv(3) has.
package enum CharsetDecoder {
    package enum Outcome: Equatable {
        /// In UTF-8.
        case text([UInt8])
        /// The bytes are not of this charset: the first that is not stands at this offset.
        case fault(offset: Int)
        /// There is no converter for it.
        case unknown
    }

    /// The longest name that is looked up.
    private static let longestName = 40
    /// How many bytes are decoded at once.
    private static let piece = 32 << 10

    /// Names that Windows and Java have for what iconv knows under another.
    private static let aliases = [
        "MS949": "CP949", "WINDOWS-949": "CP949", "X-WINDOWS-949": "CP949", "KS_C_5601-1987": "CP949",
        "MS932": "CP932", "WINDOWS-31J": "CP932", "MS936": "CP936", "X-MSWIN-936": "CP936", "X-SJIS": "SJIS",
    ]

    /// Whether there is a converter from this charset.
    package static func knows(_ name: String) -> Bool {
        guard let converter = converter(from: name) else { return false }
        iconv_close(converter)
        return true
    }

    /// Whether a name means UTF-8, or the part of it that is ASCII.
    static func isUTF8(_ name: String) -> Bool {
        ["utf-8", "utf8", "us-ascii", "ascii"].contains(name.lowercased())
    }

    /// - Parameter mayBeCut: whether the bytes may end inside a character, as the beginning of a text does.
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
        // What is waiting for a character that might change it.
        var nothing: UnsafeMutablePointer<CChar>?
        _ = convert(converter, &nothing, &left, &text)
        return .text(text)
    }

    /// Appends what comes of a piece.
    ///
    /// - Returns: 0 where the input was used up, or the errno.
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
        // Anything else has a meaning of its own to iconv, which may look for files of that name.
        guard !name.isEmpty, name.utf8.count <= longestName, name.utf8.allSatisfy(isOfName) else { return nil }
        let name = aliases[name.uppercased()] ?? name
        let converter = iconv_open("UTF-8", name)
        // The pointer that stands for a failure.
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
