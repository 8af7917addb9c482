import NIOCore
import Testing

@testable import StomptapBench

struct StampTests {
    private let stamp = Stamp(
        run: 0xDEAD_BEEF, publisher: 0x12AB, destination: 0x000F, kind: .measured, sequence: 0x123_4567_89AB,
        due: 0x1234_5678_9ABC_DEF0)

    @Test func isWrittenInHexadecimal() {
        #expect(stamp.text == "stb1deadbeef12ab000fm123456789ab123456789abcdef0")
        #expect(stamp.text.utf8.count == Stamp.size)
    }

    @Test(arguments: [
        (UInt64(0), Int64(0)), (1, 1), (0xFF_FFFF, -1), (0xFFF_FFFF_FFFF, .max), (9, .min),
        (0xA0_B1C2, 1_000_000_007),
    ])
    func isReadAsItWasWritten(sequence: UInt64, due: Int64) {
        for kind in [Stamp.Kind.warmUp, .measured, .last] {
            var stamp = stamp
            stamp.kind = kind
            stamp.sequence = sequence
            stamp.due = due
            #expect(Stamp(stamp.text) == stamp)
            #expect(Stamp(ByteBuffer(string: stamp.text + "and more")) == stamp)
        }
    }

    @Test func whatVariesIsWrittenOverInPlace() {
        var bytes = Array(stamp.text.utf8)
        bytes.withUnsafeMutableBytes { Stamp.writeVarying(.last, sequence: 7, due: 42, to: $0) }
        var expected = stamp
        expected.kind = .last
        expected.sequence = 7
        expected.due = 42
        #expect(Stamp(String(decoding: bytes, as: UTF8.self)) == expected)
    }

    @Test func otherBytesAreNotAStamp() {
        for text in [
            "", "stb1", String(stamp.text.dropLast()), "stb2" + stamp.text.dropFirst(4),
            stamp.text.replacing("m", with: "x"), stamp.text.replacing("9abc", with: "9aBc"),
            "stb1 eadbeef12ab000fm123456789ab123456789abcdef0",
        ] {
            #expect(Stamp(text) == nil, "\(text)")
        }
    }
}
