import STOMPTransport
import StomptapOutput

/// Bytes that cannot be typed, written as `\r`, `\n`, `\t`, `\0`, `\\` and `\xNN`.
enum EscapedText {
    /// What `line` stands for.
    ///
    /// - Throws: ``Fault`` for a backslash that begins none of them.
    static func unescaped(_ line: some Sequence<UInt8>) throws(Fault) -> [UInt8] {
        var result: [UInt8] = []
        var bytes = line.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            switch bytes.next() {
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "0"): result.append(0)
            case UInt8(ascii: "\\"): result.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                guard let high = digit(bytes.next()), let low = digit(bytes.next()) else {
                    throw Fault(message: "\\x stands before two hexadecimal digits")
                }
                result.append(high << 4 | low)
            case let other?:
                let character = String(decoding: [other], as: UTF8.self)
                throw Fault(message: "there is no \\\(character); a backslash itself is \\\\")
            case nil: throw Fault(message: "a backslash stands at the end; a backslash itself is \\\\")
            }
        }
        return result
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        byte.flatMap(\.hexadecimalValue)
    }

    struct Fault: Error, Hashable {
        let message: String
    }
}
