import NIOCore
import NIOHTTP1
import Testing

@testable import STOMPTransport

/// permessage-deflate (RFC 7692) without a connection.
@Suite struct DeflateTests {
    // MARK: - Negotiation

    private func accepted(_ offers: String...) -> String? {
        let headers = HTTPHeaders(offers.map { ("Sec-WebSocket-Extensions", $0) })
        return PerMessageDeflate.accepted(among: WebSocketExtension.all(in: headers))?.answer
    }

    @Test func aServerTakesTheFirstOfferThatItUnderstands() {
        #expect(accepted("permessage-deflate") == "permessage-deflate")
        #expect(accepted(PerMessageDeflate.offer) == "permessage-deflate; client_max_window_bits=15")
        #expect(
            accepted("permessage-deflate; client_max_window_bits=10")
                == "permessage-deflate; client_max_window_bits=10")
        #expect(
            accepted("permessage-deflate ;server_max_window_bits = \"9\"; server_no_context_takeover")
                == "permessage-deflate; server_max_window_bits=9; server_no_context_takeover")
        #expect(
            accepted("x-webkit-deflate-frame, permessage-deflate; client_no_context_takeover, permessage-deflate")
                == "permessage-deflate; client_no_context_takeover")
        #expect(
            accepted("permessage-deflate; server_max_window_bits=8; what=1", "permessage-deflate")
                == "permessage-deflate")
        #expect(accepted() == nil)
        #expect(accepted("") == nil)
        #expect(accepted("permessage-bzip2") == nil)
    }

    private static let wrong = [
        "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08", "permessage-deflate; client_max_window_bits=+9",
        "permessage-deflate; client_max_window_bits=", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover", "permessage-deflate; other",
        "permessage-deflate;", "permessage-deflate; =",
    ]

    @Test(arguments: wrong)
    func aServerPassesOverAnOfferThatIsWrong(offer: String) {
        #expect(accepted(offer) == nil)
    }

    private func agreed(_ answer: String) -> PerMessageDeflate? {
        let headers = HTTPHeaders([("Sec-WebSocket-Extensions", answer)])
        return WebSocketExtension.all(in: headers).first.flatMap(PerMessageDeflate.init(answer:))
    }

    @Test func aClientReadsTheAnswer() {
        let plain = agreed("permessage-deflate")
        #expect(plain?.client == .init() && plain?.server == .init())
        let all = agreed(
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=9; server_max_window_bits=8")
        #expect(all?.client == .init(keepsContext: true, windowBits: 9))
        #expect(all?.server == .init(keepsContext: false, windowBits: 8))
        #expect(agreed("permessage-deflate; client_no_context_takeover")?.client.keepsContext == false)
    }

    @Test(arguments: wrong + ["permessage-deflate; client_max_window_bits", "permessage-bzip2"])
    func aClientRefusesAnAnswerThatIsWrong(answer: String) {
        #expect(agreed(answer) == nil)
    }

    // MARK: - Inflating

    private func inflate(
        _ parts: [[UInt8]], _ inflater: Inflater, limit: Int = 1 << 20
    ) throws(WebSocketViolation) -> String {
        var message = ByteBuffer()
        for part in parts { try inflater.inflate(ByteBuffer(bytes: part), onto: &message, limit: limit) }
        try inflater.finish(&message, limit: limit)
        return String(buffer: message)
    }

    /// The examples of RFC 7692, section 7.2.3.
    @Test(
        arguments: [
            [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
            // A final block; the empty uncompressed block after it was left out.
            [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0x01],
        ] as [[UInt8]])
    func whatTheSpecificationShowsIsInflatedAtEverySplit(bytes: [UInt8]) throws {
        for size in 1...bytes.count {
            let inflater = try Inflater(.init())
            let parts = stride(from: 0, to: bytes.count, by: size).map { Array(bytes.dropFirst($0).prefix(size)) }
            // The repetitions are further messages for the same inflater.
            for _ in 0..<3 { #expect(try inflate(parts, inflater) == "Hello") }
        }
    }

    @Test func aMessageMayReferToTheOneBeforeUnlessAgreedOtherwise() throws {
        let first: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        let second: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
        let keeping = try Inflater(.init())
        #expect(try inflate([first], keeping) == "Hello")
        #expect(try inflate([second], keeping) == "Hello")
        let forgetting = try Inflater(.init(keepsContext: false))
        #expect(try inflate([first], forgetting) == "Hello")
        let error = #expect(throws: WebSocketViolation.self) { try inflate([second], forgetting) }
        #expect(error?.closeCode == 1007)
        #expect(error == .brokenCompression(cause: "invalid distance too far back"))
    }

    @Test func aLastBlockKeepsTheContext() throws {
        let inflater = try Inflater(.init())
        #expect(try inflate([[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]], inflater) == "Hello")
        #expect(try inflate([[0xF2, 0x00, 0x11, 0x00, 0x00]], inflater) == "Hello")
    }

    @Test(
        arguments: [
            [0x07], [0xFF, 0xFF, 0xFF], [0xF2, 0x48], [0x00, 0x09, 0x00, 0xF6, 0xFF, 0x48],
            [0x00, 0x05, 0x00, 0x00, 0x00],
        ] as [[UInt8]])
    func whatCannotBeInflatedIsAViolation(bytes: [UInt8]) throws {
        for parts in [[bytes], bytes.map { [$0] }] {
            let inflater = try Inflater(.init())
            let error = #expect(throws: WebSocketViolation.self) { try inflate(parts, inflater) }
            #expect(error?.closeCode == 1007)
        }
    }

    @Test func aDecompressionBombIsRefusedEarly() throws {
        let deflater = try Deflater(.init())
        // One gigabyte, compressed to one megabyte.
        let zeros = deflater.deflate(ByteBuffer(repeating: 0, count: 64 << 20))
        var bomb = ByteBuffer()
        for _ in 0..<16 { bomb.writeImmutableBuffer(zeros) }
        for size in [bomb.readableBytes, 1000] {
            let inflater = try Inflater(.init())
            var message = ByteBuffer()
            var rest = bomb
            let error = #expect(throws: WebSocketViolation.self) {
                while let part = rest.readSlice(length: min(size, rest.readableBytes)), part.readableBytes > 0 {
                    try inflater.inflate(part, onto: &message, limit: 100_000)
                }
            }
            #expect(error == .tooLarge(limit: 100_000))
            #expect(message.readableBytes == 100_001)
            #expect(message.capacity < 1 << 20)
        }
    }

    @Test func theLimitIsExact() throws {
        let bytes = ByteBuffer(repeating: 65, count: 1000)
        for limit in [0, 999, 1000, 1001] {
            let compressed = try Deflater(.init()).deflate(bytes)
            let inflater = try Inflater(.init())
            var message = ByteBuffer()
            if limit < 1000 {
                #expect(throws: WebSocketViolation.tooLarge(limit: limit)) {
                    try inflater.inflate(compressed, onto: &message, limit: limit)
                }
            } else {
                try inflater.inflate(compressed, onto: &message, limit: limit)
                try inflater.finish(&message, limit: limit)
                #expect(message == bytes)
            }
        }
    }

    // MARK: - Round trip

    /// Repetitive text, random bytes, and a large sample.
    private static let samples: [ByteBuffer] = {
        var noise: UInt32 = 1
        let random = (0..<5000).map { _ in
            noise = noise &* 1_664_525 &+ 1_013_904_223
            return UInt8(noise >> 24)
        }
        return [
            ByteBuffer(string: "\n"),
            ByteBuffer(string: String(repeating: "MESSAGE\ndestination:/topic/a\n\n\0", count: 40)),
            ByteBuffer(bytes: random), ByteBuffer(repeating: 0, count: 300_000),
        ]
    }()

    @Test(arguments: 8...15, [true, false])
    func whatIsCompressedComesBackInAWindowOfThatSize(windowBits: Int, keepsContext: Bool) throws {
        let sender = PerMessageDeflate.Sender(keepsContext: keepsContext, windowBits: windowBits)
        let deflater = try Deflater(sender)
        let inflater = try Inflater(sender)
        for sample in Self.samples + Self.samples {
            var message = ByteBuffer()
            try inflater.inflate(deflater.deflate(sample), onto: &message, limit: 300_000)
            try inflater.finish(&message, limit: 300_000)
            #expect(message == sample)
        }
    }

    @Test func theContextMakesTheSecondMessageSmaller() throws {
        let message = ByteBuffer(string: "SEND\ndestination:/topic/orders\n\n{\"id\":1}\0")
        let keeping = try Deflater(.init())
        #expect(keeping.deflate(message).readableBytes > 2 * keeping.deflate(message).readableBytes)
        let forgetting = try Deflater(.init(keepsContext: false))
        #expect(forgetting.deflate(message) == forgetting.deflate(message))
    }
}
