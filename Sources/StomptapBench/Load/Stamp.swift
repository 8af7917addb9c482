import NIOCore
import StomptapOutput

/// The stamp that identifies a message of a bench: 48 bytes of ASCII at the start of its body, or as the value of a
/// header.
///
/// `stb1`, then in hexadecimal the run (8 digits), the publisher (4) and the destination (4), a letter for the
/// kind, the sequence number (11) and the due time in nanoseconds since 1970 (16).
package struct Stamp: Sendable, Equatable {
    enum Kind: UInt8, Sendable {
        /// Sent before the measurement starts.
        case warmUp = 0x77
        case measured = 0x6D
        /// The last message of its stream: ``Stamp/sequence`` is the number of measured messages sent.
        case last = 0x7A
    }

    package static let size = 48
    /// The offset of the part that differs in each message; the part before it is the same for all messages of a
    /// stream.
    private static let varyingOffset = 20
    private static let magic = Array("stb1".utf8)

    /// A random number that each publishing process chooses.
    var run: UInt32
    var publisher: UInt16
    var destination: UInt16
    var kind: Kind
    /// The index of the message among those from this publisher to this destination, from 0.
    var sequence: UInt64
    /// When it was due, in nanoseconds since 1970. Not the time when it was sent, so that delays before sending are
    /// included.
    var due: Int64

    var text: String {
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.size) { space, count in
            write(to: UnsafeMutableRawBufferPointer(space))
            count = Self.size
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Parameter space: must have room for ``size`` bytes.
    func write(to space: UnsafeMutableRawBufferPointer) {
        space.copyBytes(from: Self.magic)
        space.store(hexadecimal: run, at: 4)
        space.store(hexadecimal: UInt32(publisher) << 16 | UInt32(destination), at: 12)
        Self.writeVarying(kind, sequence: sequence, due: due, to: space)
    }

    /// Overwrites the part that differs between the messages of a stream.
    @inline(__always)
    static func writeVarying(
        _ kind: Kind, sequence: UInt64, due: Int64, to space: UnsafeMutableRawBufferPointer
    ) {
        let start = varyingOffset
        // Twelve digits; the first one is then overwritten with the kind.
        space.store(hexadecimal: UInt32(truncatingIfNeeded: sequence >> 16), at: start)
        space.store(hexadecimal: UInt32(truncatingIfNeeded: sequence), at: start + 4)
        space[start] = kind.rawValue
        let due = UInt64(bitPattern: due)
        space.store(hexadecimal: UInt32(truncatingIfNeeded: due >> 32), at: start + 12)
        space.store(hexadecimal: UInt32(truncatingIfNeeded: due), at: start + 20)
    }
}

extension Stamp {
    /// Reads a stamp from the first bytes; nil if they are not a stamp.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.size, bytes.prefix(4).elementsEqual(Self.magic),
            let kind = Kind(rawValue: bytes[20])
        else { return nil }
        guard let run = bytes.hexadecimal(4..<12), let publisher = bytes.hexadecimal(12..<16),
            let destination = bytes.hexadecimal(16..<20), let sequence = bytes.hexadecimal(21..<32),
            let due = bytes.hexadecimal(32..<48)
        else { return nil }
        self.init(
            run: UInt32(run), publisher: UInt16(publisher), destination: UInt16(destination), kind: kind,
            sequence: sequence, due: Int64(bitPattern: due))
    }

    init?(_ buffer: ByteBuffer) {
        guard let stamp = buffer.withUnsafeReadableBytes({ Stamp($0) }) else { return nil }
        self = stamp
    }

    init?(_ text: String) {
        var text = text
        guard let stamp = text.withUTF8({ Stamp(UnsafeRawBufferPointer($0)) }) else { return nil }
        self = stamp
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Stores eight digits at once.
    @inline(__always)
    fileprivate func store(hexadecimal value: UInt32, at offset: Int) {
        var word = (UInt64(value) & 0xFFFF_0000) << 16 | UInt64(value) & 0xFFFF
        word = (word & 0x0000_FF00_0000_FF00) << 8 | word & 0x0000_00FF_0000_00FF
        word = (word & 0x00F0_00F0_00F0_00F0) << 4 | word & 0x000F_000F_000F_000F
        let letters = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        word = word &+ 0x3030_3030_3030_3030 &+ letters &* 39
        storeBytes(of: word.bigEndian, toByteOffset: offset, as: UInt64.self)
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func hexadecimal(_ range: Range<Int>) -> UInt64? {
        var value: UInt64 = 0
        for index in range {
            switch self[index] {
            case let digit where digit &- 0x30 < 10: value = value << 4 | UInt64(digit &- 0x30)
            case let digit where digit &- 0x61 < 6: value = value << 4 | UInt64(digit &- 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}
