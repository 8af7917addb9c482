import NIOCore
import Testing

@testable import STOMPTransport

/// The value types of WebSocket.
@Suite struct WebSocketValueTests {
    // MARK: - UTF-8

    @Test(
        arguments: [
            [], [0x41], [0xC3, 0xA9], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xF0, 0x90, 0x80, 0x80],
            [0xF4, 0x8F, 0xBF, 0xBF], [0x00], [0x7F],
        ] as [[UInt8]])
    func whatIsUTF8IsTaken(bytes: [UInt8]) {
        for padding in [0, 1, 7, 31, 32, 33, 64] {
            let pad = [UInt8](repeating: 0x61, count: padding)
            #expect(ByteBuffer(bytes: pad + bytes).isUTF8)
            #expect(ByteBuffer(bytes: bytes + pad).isUTF8)
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC3], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x82],
            [0xC3, 0x28],
        ] as [[UInt8]])
    func whatIsNoUTF8IsNot(bytes: [UInt8]) {
        for padding in [0, 1, 7, 31, 32, 33, 64] {
            let pad = [UInt8](repeating: 0x61, count: padding)
            #expect(!ByteBuffer(bytes: pad + bytes).isUTF8)
            #expect(!ByteBuffer(bytes: bytes + pad).isUTF8)
        }
    }

    @Test(arguments: 1...12)
    func piecesOfTextEndBetweenCharacters(limit: Int) {
        let text = "a\u{E9}\u{D55C}\u{1F600}bc\u{AE00}"
        var rest = ByteBuffer(string: text)
        var whole = ""
        while rest.readableBytes > 0 {
            let piece = rest.readPiece(of: limit, isText: true)
            #expect(piece.readableBytes > 0)
            #expect(piece.isUTF8)
            #expect(piece.readableBytes <= max(limit, 4))
            whole += String(buffer: piece)
        }
        #expect(whole == text)
    }

    @Test func piecesOfAnythingElseAreCutAnywhere() {
        var rest = ByteBuffer(string: "\u{1F600}")
        #expect(rest.readPiece(of: 3, isText: false).readableBytes == 3)
        #expect(rest.readPiece(of: 3, isText: false).readableBytes == 1)
    }

    // MARK: - Close frames

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1011, 1014, 3000, 4999])
    func goodCloseCodesAreRead(code: Int) throws {
        let close = WebSocketClose(code: code, reason: "so l\u{E9}")
        #expect(try WebSocketClose(reading: close.body) == close)
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
    func badCloseCodesAreViolations(code: Int) {
        #expect(throws: WebSocketViolation.self) {
            try WebSocketClose(reading: WebSocketClose(code: code).body)
        }
    }

    @Test func aCloseFrameMayBeEmptyButNotHalf() throws {
        #expect(try WebSocketClose(reading: ByteBuffer()) == WebSocketClose(code: nil))
        #expect(WebSocketClose(code: nil).body.readableBytes == 0)
        #expect(throws: WebSocketViolation.self) { try WebSocketClose(reading: ByteBuffer(bytes: [3])) }
    }

    @Test func aReasonThatIsNoUTF8ClosesWith1007() {
        let error = #expect(throws: WebSocketViolation.self) {
            try WebSocketClose(reading: ByteBuffer(bytes: [3, 232, 0xFF]))
        }
        #expect(error?.closeCode == 1007)
    }

    @Test func aLongReasonIsCutBetweenCharacters() {
        let body = WebSocketClose(code: 1000, reason: String(repeating: "\u{D55C}", count: 100)).body
        #expect(body.readableBytes == 125)
        let odd = WebSocketClose(code: 1000, reason: "x" + String(repeating: "\u{D55C}", count: 100)).body
        #expect(odd.readableBytes == 2 + 1 + 40 * 3)
    }

    @Test func closeCodesHaveNames() {
        #expect(WebSocketClose(code: 1001, reason: "bye").name == "going away")
        #expect(WebSocketClose(code: 4000).name == nil)
        #expect(WebSocketClose(code: nil).name == nil)
    }

    // MARK: - The close handshake

    private let close = WebSocketClose(code: 1001, reason: "bye")

    @Test func thisSideClosesFirst() {
        var handshake = WebSocketCloseHandshake()
        #expect(handshake.maySend && handshake.mayReceive)
        #expect(handshake.close(close) == .send(close))
        #expect(!handshake.maySend && handshake.mayReceive)
        #expect(handshake.close(close) == .nothing)
        #expect(handshake.received(WebSocketClose(code: 1000)) == .end)
        #expect(!handshake.mayReceive)
        #expect(handshake.ended() == .expected)
    }

    @Test func thePeerClosesFirstAndIsAnsweredInKind() {
        var handshake = WebSocketCloseHandshake()
        #expect(handshake.received(close) == .sendAndEnd(close))
        #expect(!handshake.maySend && !handshake.mayReceive)
        #expect(handshake.close(close) == .nothing)
        #expect(handshake.received(close) == .nothing)
        #expect(handshake.ended() == .expected)
    }

    @Test func aViolationIsReportedOnce() {
        var handshake = WebSocketCloseHandshake()
        let violation = WebSocketViolation.textNotUTF8
        #expect(
            handshake.fail(violation)
                == .sendAndEnd(WebSocketClose(code: 1007, reason: "a text message that is not UTF-8")))
        #expect(handshake.fail(violation) == .nothing)
        #expect(handshake.ended() == .expected)
    }

    @Test func aViolationAfterTheOwnCloseFrameEndsWithoutAnother() {
        var handshake = WebSocketCloseHandshake()
        _ = handshake.close(close)
        #expect(handshake.fail(.reservedBit) == .end)
    }

    @Test func theEndShowsWhichSideClosed() {
        var handshake = WebSocketCloseHandshake()
        #expect(handshake.ended() == .brokenOff)
        #expect(handshake.ended() == .expected)
        handshake = WebSocketCloseHandshake()
        _ = handshake.close(close)
        #expect(handshake.ended() == .unanswered)
        handshake = WebSocketCloseHandshake()
        handshake.abandon()
        #expect(handshake.ended() == .expected)
    }
}
