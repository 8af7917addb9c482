import STOMPTransport
import StomptapOutput
import Testing

@testable import StomptapBench

struct ZlibTests {
    @Test(arguments: [0, 1, 65535, 65536, 200_000])
    func whatIsCompressedIsReadAgain(size: Int) {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let compressed = Zlib.compressed(bytes)
        #expect(Zlib.inflated(compressed, limit: size) == bytes)
        if size > 0 { #expect(Zlib.inflated(compressed, limit: size - 1) == nil) }
    }

    /// Compressed by other tools: with the fixed code, and with dynamic codes.
    @Test func whatOthersCompressedIsRead() throws {
        let hello = try #require(Base64.decode("eAHLSM3JyddRyECiAEQoBtU="))
        #expect(Zlib.inflated(hello, limit: 100) == Array("hello, hello, hello".utf8))
        let numbers = try #require(
            Base64.decode(
                "eNodkMkRBDEIxFLiaDeQf2KrnZfLHEIQqUvXa+uszYzIypTSl+eqV8+116V2KoKMVq/ujenzeOpmieVFnCGUMvYy"
                    + "n5P+LIINTbQ+2GaEmTRWLtOvXVFfpiquOlTC4kWUeYf/EsezqWtg2Fyj3Bg3vJ7KXqnPJyTEXPWztCeXNLij9wIF"
                    + "hr7GnyCrvTe80B37L02zJIlkL3n3JlgS3gCf55sBd5XLqbYWGnfjerssiR+pTwIgwcgfzmVIKA=="))
        #expect(Zlib.inflated(numbers, limit: 10_000) == (0..<100).flatMap { Array(String($0 * $0).utf8) })
    }

    @Test func whatIsBrokenIsRefused() {
        let good = Zlib.compressed(Array("hello".utf8))
        for index in good.indices {
            var bad = good
            bad[index] ^= 0x55
            #expect(Zlib.inflated(bad, limit: 100) == nil, "octet \(index)")
            #expect(Zlib.inflated(Array(good[..<index]), limit: 100) == nil)
        }
    }

    @Test func aBombIsRefused() throws {
        // 40,000 zeros.
        let bomb = try #require(
            Base64.decode("eNrtwTEBAAAAwqD1T+1lC6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIAbnEAAAQ=="))
        #expect(Zlib.inflated(bomb, limit: 39_999) == nil)
        #expect(Zlib.inflated(bomb, limit: 40_000)?.count == 40_000)
    }

    @Test(arguments: [("", []), ("AA==", [0]), ("AAA=", [0, 0]), ("/+8B", [0xFF, 0xEF, 1])] as [(String, [UInt8])])
    func base64IsReadAndWritten(text: String, bytes: [UInt8]) {
        #expect(Base64.decode(text) == bytes)
        #expect(Base64.encode(bytes) == text)
    }
}
