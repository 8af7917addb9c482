import NIOCore
import Testing

@testable import STOMPTransport

/// Encoding and decoding frames, without a connection.
@Suite struct WebSocketFramingTests {
    private static let sizes = [0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 70001]
    private static let key: UInt32 = 0x01FE_7F80

    private static func payload(_ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    @Test(arguments: sizes)
    func framesAreWrittenAsTheSpecificationHasThem(size: Int) {
        let payload = Self.payload(size)
        let frame = WebSocketFrame(opcode: .binary, payload: ByteBuffer(bytes: payload))
        #expect(Array(frame.bytes(maskedBy: nil).readableBytesView) == wireFrame(0x82, payload))
        let masked = wireFrame(0x82, payload, key: [0x01, 0xFE, 0x7F, 0x80])
        #expect(Array(frame.bytes(maskedBy: Self.key).readableBytesView) == masked)
    }

    @Test func theFirstByteHoldsTheBits() {
        func first(_ frame: WebSocketFrame) -> UInt8? { frame.bytes(maskedBy: nil).readableBytesView.first }
        #expect(first(WebSocketFrame(opcode: .text, isLast: false)) == 0x01)
        #expect(first(WebSocketFrame(opcode: .text, isCompressed: true)) == 0xC1)
        #expect(first(WebSocketFrame(opcode: .continuation)) == 0x80)
        #expect(first(WebSocketFrame(opcode: .close)) == 0x88)
        #expect(first(WebSocketFrame(opcode: .ping)) == 0x89)
        #expect(first(WebSocketFrame(opcode: .pong)) == 0x8A)
    }

    @Test(arguments: [false, true], sizes)
    func whatIsWrittenIsRead(isServer: Bool, size: Int) throws {
        let frame = WebSocketFrame(
            opcode: .text, isLast: false, isCompressed: true, payload: ByteBuffer(bytes: Self.payload(size)))
        var reader = WebSocketFrameReader(isServer: isServer, isCompressed: true, limit: 1 << 20)
        reader.feed(frame.bytes(maskedBy: isServer ? Self.key : nil))
        #expect(try reader.next() == frame)
        #expect(try reader.next() == nil)
    }

    @Test(arguments: [false, true])
    func framesAreTheSameAtEverySplit(isServer: Bool) throws {
        let frames = [
            WebSocketFrame(opcode: .text, payload: ByteBuffer(string: "one")),
            WebSocketFrame(opcode: .ping),
            WebSocketFrame(opcode: .binary, isLast: false, payload: ByteBuffer(bytes: Self.payload(130))),
            WebSocketFrame(opcode: .pong, payload: ByteBuffer(string: "x")),
            WebSocketFrame(opcode: .continuation, payload: ByteBuffer(bytes: Self.payload(3))),
        ]
        var bytes = ByteBuffer()
        for frame in frames { bytes.writeImmutableBuffer(frame.bytes(maskedBy: isServer ? Self.key : nil)) }
        for first in 0...bytes.readableBytes {
            for step in [1, 3, 16, bytes.readableBytes] {
                var reader = WebSocketFrameReader(isServer: isServer, isCompressed: false, limit: 1000)
                var rest = bytes
                var read: [WebSocketFrame] = []
                var piece = rest.readSlice(length: first)
                while let next = piece {
                    reader.feed(next)
                    while let frame = try reader.next() { read.append(frame) }
                    piece = rest.readableBytes == 0 ? nil : rest.readSlice(length: min(step, rest.readableBytes))
                }
                #expect(read == frames)
            }
        }
    }

    @Test func theHeadIsEnoughToRefuseAFrame() {
        var reader = WebSocketFrameReader(isServer: false, isCompressed: false, limit: 1000)
        reader.feed(ByteBuffer(bytes: [0x82, 126, 0x03]))
        #expect(throws: Never.self) { try reader.next() }
        reader.feed(ByteBuffer(bytes: [0xE9]))
        #expect(throws: WebSocketViolation.tooLarge(limit: 1000)) { try reader.next() }
    }

    @Test(arguments: [0x89, 0x8A, 0x88, 0x80, 0x00] as [UInt8])
    func onlyTheFirstFrameOfAMessageMayBeMarkedAsCompressed(first: UInt8) throws {
        for isCompressed in [false, true] {
            var reader = WebSocketFrameReader(isServer: false, isCompressed: isCompressed, limit: 1000)
            reader.feed(ByteBuffer(bytes: wireFrame(first | 0x40, "x")))
            #expect(throws: WebSocketViolation.self) { try reader.next() }
        }
    }

    // MARK: - Messages

    private func frame(
        _ opcode: WebSocketOpcode, _ bytes: some Sequence<UInt8>, isLast: Bool = true
    ) -> WebSocketFrame {
        WebSocketFrame(opcode: opcode, isLast: isLast, payload: ByteBuffer(bytes: bytes))
    }

    @Test func fragmentsBecomeOneMessage() throws {
        var assembler = WebSocketMessageAssembler(limit: 10, acceptsInvalidUTF8: false)
        let bytes = Array("\u{D55C}\u{AE00}!".utf8)
        #expect(try assembler.append(frame(.text, bytes[..<1], isLast: false)) == nil)
        #expect(try assembler.append(frame(.continuation, [], isLast: false)) == nil)
        #expect(try assembler.append(frame(.continuation, bytes[1..<4], isLast: false)) == nil)
        let message = try assembler.append(frame(.continuation, bytes[4...]))
        #expect(message == .init(isText: true, bytes: ByteBuffer(bytes: bytes)))
        #expect(try assembler.append(frame(.binary, []))?.bytes == ByteBuffer())
    }

    @Test func fragmentsOutOfOrderAreViolations() throws {
        var assembler = WebSocketMessageAssembler(limit: 10, acceptsInvalidUTF8: false)
        #expect(throws: WebSocketViolation.self) { try assembler.append(frame(.continuation, [])) }
        #expect(try assembler.append(frame(.text, [], isLast: false)) == nil)
        #expect(throws: WebSocketViolation.self) { try assembler.append(frame(.text, [])) }
    }

    @Test func theLimitHoldsForTheWholeMessage() throws {
        var assembler = WebSocketMessageAssembler(limit: 10, acceptsInvalidUTF8: false)
        #expect(try assembler.append(frame(.text, "abcde".utf8, isLast: false)) == nil)
        #expect(try assembler.append(frame(.continuation, "fghij".utf8, isLast: false)) == nil)
        #expect(throws: WebSocketViolation.tooLarge(limit: 10)) {
            try assembler.append(frame(.continuation, "k".utf8, isLast: false))
        }
    }

    @Test func invalidUTF8TextIsRefusedAsAWholeOrAccepted() throws {
        var strict = WebSocketMessageAssembler(limit: 10, acceptsInvalidUTF8: false)
        let error = #expect(throws: WebSocketViolation.self) { try strict.append(frame(.text, [0xFF])) }
        #expect(error?.closeCode == 1007)
        #expect(try strict.append(frame(.binary, [0xFF]))?.isValid == true)
        var tolerant = WebSocketMessageAssembler(limit: 10, acceptsInvalidUTF8: true)
        let bytes = ByteBuffer(bytes: [0xFF, 0x61])
        let invalid = WebSocketMessageAssembler.Message(isText: true, bytes: bytes, isValid: false)
        #expect(try tolerant.append(frame(.text, [0xFF, 0x61])) == invalid)
        #expect(try tolerant.append(frame(.text, [0xFF], isLast: false)) == nil)
        #expect(try tolerant.append(frame(.continuation, [0x61])) == invalid)
    }

    @Test(
        arguments: [
            ([0x61, 0xF4], [0x90]), ([0xE0], [0x80]), ([0xED], [0xA0]), ([0xF0], [0x8F]), ([0xC3], [0x28]),
            ([], [0x80]),
            ([], [0xF5]), ([], [0xC0]), ([0xF0, 0x9F, 0x91], [0x61]),
        ] as [([UInt8], [UInt8])])
    func textThatCannotBecomeUTF8IsRefusedBeforeItIsWhole(first: [UInt8], second: [UInt8]) throws {
        var assembler = WebSocketMessageAssembler(limit: 10, acceptsInvalidUTF8: false)
        #expect(try assembler.append(frame(.text, first, isLast: false)) == nil)
        let error = #expect(throws: WebSocketViolation.self) {
            try assembler.append(frame(.continuation, second, isLast: false))
        }
        #expect(error?.closeCode == 1007)
    }

    @Test func textIsUTF8HoweverItIsFragmented() throws {
        let bytes = Array("a\u{E9}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{10FFFF}z".utf8)
        for size in 1...bytes.count {
            var assembler = WebSocketMessageAssembler(limit: 100, acceptsInvalidUTF8: false)
            var message: WebSocketMessageAssembler.Message?
            for start in stride(from: 0, to: bytes.count, by: size) {
                let end = min(start + size, bytes.count)
                message = try assembler.append(
                    frame(start == 0 ? .text : .continuation, bytes[start..<end], isLast: end == bytes.count))
            }
            #expect(message?.bytes == ByteBuffer(bytes: bytes))
        }
    }

    @Test func textThatEndsInACharacterIsRefused() throws {
        var assembler = WebSocketMessageAssembler(limit: 10, acceptsInvalidUTF8: false)
        #expect(try assembler.append(frame(.text, [0xF0, 0x9F], isLast: false)) == nil)
        #expect(throws: WebSocketViolation.self) { try assembler.append(frame(.continuation, [0x91])) }
    }
}
