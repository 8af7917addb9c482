import NIOCore
import Testing

@testable import STOMPTransport

/// Compressing and inflating complete data.
@Suite struct ZlibFormatTests {
    private func inflated(_ bytes: [UInt8], _ format: Zlib.Format, limit: Int = 1 << 20) -> Zlib.Inflated {
        bytes.withUnsafeBytes { Zlib.inflated($0, from: format, limit: limit) }
    }

    private func compressed(_ bytes: [UInt8], _ format: Zlib.Format) -> [UInt8] {
        bytes.withUnsafeBytes { Array(Zlib.compressed($0, as: format).readableBytesView) }
    }

    @Test(arguments: [Zlib.Format.zlib, .gzip, .bare], [0, 1, 100, 300_000])
    func whatIsCompressedComesBack(format: Zlib.Format, size: Int) {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        let result = inflated(compressed(bytes, format), format)
        #expect(Array(result.bytes.readableBytesView) == bytes && result.end == .whole)
    }

    @Test func theLimitHoldsToTheByte() {
        let bomb = compressed([UInt8](repeating: 7, count: 100_000), .gzip)
        #expect(inflated(bomb, .gzip, limit: 100_000).end == .whole)
        let result = inflated(bomb, .gzip, limit: 99_999)
        #expect(result.end == .tooLarge && result.bytes.readableBytes == 99_999)
        // The limit also applies across many members.
        let members = (0..<100).flatMap { _ in compressed([1, 2, 3], .gzip) }
        #expect(inflated(members, .gzip, limit: 299).end == .tooLarge)
        #expect(inflated(members, .gzip, limit: 300).bytes.readableBytes == 300)
    }

    @Test func theEndIsMissingOrTheBytesAreWrong() {
        let good = compressed(Array("hello hello hello".utf8), .gzip)
        for count in 0..<good.count { #expect(inflated(Array(good[..<count]), .gzip).end == .truncated) }
        guard case .broken = inflated(Array("hello".utf8), .gzip).end else {
            Issue.record("it is not gzip")
            return
        }
        #expect(inflated(good + [0, 1, 2, 3], .gzip).end == .whole)
        #expect(inflated(good + [0x1F, 0x8B, 9], .gzip).end != .whole)
    }

    @Test(
        arguments: [
            ([0x1F, 0x8B], .gzip), ([0x78, 0x9C, 0], .zlib), ([0x78, 0x01], .zlib), ([0x78, 0x5E], .zlib),
            ([0x78, 0x9D], nil), ([0x1F], nil), ([], nil), ([0x7B, 0x22], nil), ([0x88, 0x1D], nil),
        ] as [([UInt8], Zlib.Format?)])
    func theFirstBytesName(bytes: [UInt8], expected: Zlib.Format?) {
        #expect(bytes.withUnsafeBytes { Zlib.Format(firstBytes: $0) } == expected)
    }
}
