import NIOCore
import Testing

@testable import STOMPCore

/// Limits (STOMP 1.2, "Size Limits"): each is exact, and input above it is an error instead of using more memory.
@Suite struct FrameDecoderLimitTests {
    @Test(arguments: anyVersion)
    func limitsALine(version: STOMPVersion?) {
        let limits = FrameLimits(line: 20, headers: 5, frame: 1000)
        let value = String(repeating: "v", count: 18)
        for eol in ["\n", "\r\n"] {
            expectDecoding(
                "SEND\(eol)n:\(value)\(eol)\(eol)\0", version, limits: limits, gives: [Content(.send, ["n": value])])
            expectDecoding("SEND\(eol)n:\(value)v\(eol)\(eol)\0", version, limits: limits, then: .lineTooLong)
        }
        let long = String(repeating: "v", count: 100)
        expectDecoding("SEND\n\(long)", version, limits: limits, then: .lineTooLong)
        expectDecoding(long, version, limits: limits, then: .lineTooLong)
        expectDecoding("SEND\nn:\(value)v\0", version, limits: limits, then: .malformedHeader)
        expectDecoding("SEND\nn:\(value)vvvv\0", version, limits: limits, then: .lineTooLong)
        // The line limit does not apply to the body.
        expectDecoding("SEND\n\n\(long)\0", version, limits: limits, gives: [Content(.send, [:], long)])
    }

    @Test(arguments: anyVersion)
    func limitsTheHeaders(version: STOMPVersion?) {
        let limits = FrameLimits(line: 20, headers: 2, frame: 1000)
        expectDecoding("SEND\na:1\na:2\n\n\0", version, limits: limits, gives: [Content(.send, ["a": "1", "a": "2"])])
        expectDecoding("SEND\na:1\nb:2\nc:3\n\n\0", version, limits: limits, then: .tooManyHeaders)
        // Headers are counted per frame.
        let receipt = "RECEIPT\na:1\nb:2\n\n\0"
        let content = Content(.receipt, ["a": "1", "b": "2"])
        expectDecoding(receipt + receipt, version, limits: limits, gives: [content, content])
        expectDecoding("SEND\n\n\0", version, limits: FrameLimits(headers: 0), gives: [Content(.send)])
        expectDecoding("SEND\na:b\n\n\0", version, limits: FrameLimits(headers: -1), then: .tooManyHeaders)
    }

    @Test(arguments: anyVersion)
    func limitsAFrame(version: STOMPVersion?) {
        for frame in ["SEND\na:b\n\nbody!\0", "SEND\ncontent-length:5\n\nbo\0y!\0", "SEND\r\na:b\r\nc:d\r\n\r\n\0"] {
            let bytes = Array(frame.utf8)
            let exact = FrameLimits(line: 100, headers: 5, frame: bytes.count)
            let content = outcome(of: [bytes[...]], version: version).contents
            #expect(content.count == 1)
            expectDecoding(bytes, version, limits: exact, gives: content)
            // The limit applies to each frame; bytes between frames do not count.
            expectDecoding(bytes + [10, 10] + bytes, version, limits: exact, gives: content + content)
            for limit in 0..<bytes.count {
                let tight = FrameLimits(line: 100, headers: 5, frame: limit)
                expectDecoding(bytes, version, limits: tight, then: .frameTooLarge)
            }
        }
    }

    @Test func takesNoLimitBelowZeroOrAboveWhatABufferHolds() {
        #expect(FrameLimits(line: -1, headers: 1, frame: .min) == FrameLimits(line: 0, headers: 1, frame: 0))
        #expect(
            FrameLimits(line: .max, headers: 1, frame: .max) == FrameLimits(line: 1 << 30, headers: 1, frame: 1 << 30))
        expectDecoding("SEND\n\n\0", .v12, limits: FrameLimits(line: -1, frame: -1), then: .frameTooLarge)
        expectDecoding("SEND\n\n\0", .v12, limits: FrameLimits(line: -1), then: .lineTooLong)
        expectDecoding(
            "SEND\na:b\n\nc\0", .v12, limits: FrameLimits(line: .max, headers: .max, frame: .max),
            gives: [Content(.send, ["a": "b"], "c")])
    }

    @Test func hasTheDocumentedDefaults() {
        #expect(FrameLimits() == FrameLimits(line: 65_536, headers: 1000, frame: 16_777_216))
    }

    /// Streams whose line, header list or body never ends. The error comes at the limit at the latest, for pieces
    /// of any size. Until then the decoder stores no more than it was fed.
    @Test(arguments: [
        ("", "a", STOMPProtocolError.Code.lineTooLong, 102),
        ("SEND\n", "a", .lineTooLong, 107),
        ("SEND\na:", "a", .lineTooLong, 107),
        ("SEND\r\n", "\r", .lineTooLong, 108),
        ("SEND\n", "a:b\n", .tooManyHeaders, 49),
        ("SEND\n", "a:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n", .frameTooLarge, 500),
        ("SEND\n\n", "a", .frameTooLarge, 500),
        ("SEND\ncontent-length:475\n\n", "a", .frameTooLarge, 25),
        ("RECEIPT\n\n", "a", .bodyNotAllowed, 10),
        ("SEND\ncontent-length:1\n\n", "a", .contentLengthMismatch, 25),
    ])
    func keepsNoMoreThanTheLimit(
        start: String, again: String, code: STOMPProtocolError.Code, bytesUntilThen: Int
    ) throws {
        let limits = FrameLimits(line: 100, headers: 10, frame: 500)
        for size in [1, 2, 3, 10, 64] {
            var decoder = FrameDecoder(version: .v12, limits: limits)
            var stream = Array(start.utf8)
            while stream.count < 2000 { stream += Array(again.utf8) }
            var fed = 0
            var seen: STOMPProtocolError?
            while seen == nil, fed < 2000 {
                let piece = stream[fed..<min(fed + size, stream.count)]
                decoder.feed(ByteBuffer(bytes: piece))
                fed += piece.count
                do throws(STOMPProtocolError) {
                    #expect(try decoder.next() == nil)
                    #expect(decoder.bufferedBytes == fed)
                } catch {
                    seen = error
                }
            }
            #expect(seen?.code == code)
            #expect((bytesUntilThen..<bytesUntilThen + size).contains(fed), "\(fed) in pieces of \(size)")
            #expect(decoder.bufferedBytes == 0)
        }
    }

    @Test func distinguishesLimitsFromFaults() {
        for reason in [
            STOMPProtocolError.Reason.lineTooLong(limit: 1), .tooManyHeaders(limit: 1), .frameTooLarge(limit: 1),
        ] {
            #expect(STOMPProtocolError(.peer, reason).isLimit)
        }
        for reason in [
            STOMPProtocolError.Reason.unknownCommand(line: .init("x".utf8)), .noNULAfterBody(contentLength: 1),
            .nulInBody,
        ] {
            #expect(!STOMPProtocolError(.peer, reason).isLimit)
        }
    }
}
