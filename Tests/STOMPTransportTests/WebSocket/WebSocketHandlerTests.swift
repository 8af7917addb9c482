import NIOCore
import NIOEmbedded
import Testing

@testable import STOMPTransport

/// How a WebSocket decodes received bytes and encodes messages, without a socket.
@Suite struct WebSocketHandlerTests {
    private typealias End = WebSocketEnd

    // MARK: - Receiving

    @Test(arguments: [1, 2, 3, 5, 7, 64, .max])
    func messagesAreTheSameHoweverTheyAreSplit(split: Int) throws {
        let long = String(repeating: "0123456789", count: 30)
        let bytes =
            wireFrame(0x81, "one") + wireFrame(0x82, "") + wireFrame(0x01, "two ") + wireFrame(0x89, "ping")
            + wireFrame(0x00, "and ") + wireFrame(0x80, "three") + wireFrame(0x8A, "pong") + wireFrame(0x81, long)
        let end = try End()
        end.receive(bytes, split: split)
        #expect(end.messages == ["one", "", "two and three", long])
        #expect(end.error == nil && !end.isEnding)
    }

    /// Bytes that were read are decoded only when the receiver reads.
    @Test func whatWasReadWaitsForWhoTakesIt() throws {
        let end = try End()
        end.setReading(false)
        end.receive(wireFrame(0x81, "one") + wireFrame(0x89, "ping") + wireFrame(0x81, "two"), split: 4)
        #expect(end.messages.isEmpty && end.events.allSatisfy { $0 == .alive })
        end.setReading(true)
        #expect(end.messages == ["one", "two"])
        #expect(end.events.filter { $0 != .alive } == [.ping(ByteBuffer(string: "ping"))])
        #expect(try end.sent().first == 0x8A)
    }

    /// When the connection ends, pending messages are delivered first.
    @Test func whatWaitsComesBeforeTheEnd() throws {
        let end = try End()
        end.setReading(false)
        end.receive(wireFrame(0x81, "one") + wireFrame(0x81, "two"))
        end.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(end.messages == ["one", "two"])
        #expect(end.events.last == .closed(TransportClosure(layer: .webSocket, isClean: false)))
    }

    /// Pending frames are dropped if delivering them would need many times their bytes.
    @Test func tooMuchThatWaitsIsLeftOutAtTheEnd() throws {
        let end = try End()
        end.setReading(false)
        end.receive(Array(repeatElement([0x89, 0], count: 1 << 20).joined()))
        end.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(end.events.count < 200_000)
        end.channel.pipeline.fireChannelInactive()
        #expect(end.error == .webSocket(.tooMuchUnread(from: .server)))
        #expect(end.error?.kind == .limitExceeded)
    }

    /// Only the newest ping needs an answer if pings arrive faster than pongs are sent.
    @Test func pongsDoNotPileUp() throws {
        let end = try End()
        end.receive(Array((0..<1000).flatMap { wireFrame(0x89, "\($0)") }))
        let pongs = try end.sent()
        #expect(pongs.count { $0 == 0x8A } >= 256)
        #expect(pongs.count < 600 * 9)
    }

    @Test func aSmallerLimitHoldsUntilItIsLifted() throws {
        let end = try End()
        func limit(_ bytes: Int?) { end.channel.triggerUserOutboundEvent(MessageLimit(bytes: bytes), promise: nil) }
        limit(3)
        end.receive(wireFrame(0x81, "one"))
        limit(nil)
        end.receive(wireFrame(0x81, "four"))
        #expect(end.messages == ["one", "four"])
        limit(3)
        end.receive(wireFrame(0x01, "fi") + wireFrame(0x80, "ve"))
        #expect(end.messages == ["one", "four"])
        #expect(end.isEnding)
    }

    @Test func messagesOfAClientAreUnmasked() throws {
        let end = try End(.server)
        end.receive(wireFrame(0x81, "hello, server", key: [1, 2, 3, 4]), split: 1)
        #expect(end.messages == ["hello, server"])
    }

    @Test func aPingIsAnsweredInBetweenFragments() throws {
        let end = try End(.server)
        let key: [UInt8] = [9, 8, 7, 6]
        end.receive(
            wireFrame(0x01, "a", key: key) + wireFrame(0x89, "ping", key: key) + wireFrame(0x80, "b", key: key))
        #expect(end.messages == ["ab"])
        #expect(try end.sent() == wireFrame(0x8A, "ping"))
        #expect(end.events == [.ping(ByteBuffer(string: "ping"))])
    }

    @Test func partOfAMessageIsASignOfLife() throws {
        let end = try End()
        let bytes = wireFrame(0x81, "hello")
        end.receive(Array(bytes.prefix(3)))
        #expect(end.events == [.alive])
        end.receive(Array(bytes.dropFirst(3)))
        #expect(end.events == [.alive])
    }

    @Test func invalidUTF8TextIsAcceptedAndReported() throws {
        let end = try End()
        end.receive(wireFrame(0x81, [0x61, 0xFF]))
        #expect(end.events == [.invalidUTF8])
        #expect(end.messages.count == 1)
        end.receive(wireFrame(0x82, [0x61, 0xFF]))
        #expect(end.events == [.invalidUTF8, .messages(as: .binary)])
    }

    @Test func theKindOfMessagesIsToldWhereItChanges() throws {
        let end = try End()
        for bytes in [
            wireFrame(0x81, "a"), wireFrame(0x82, "b"), wireFrame(0x02, "c") + wireFrame(0x80, "d"),
            wireFrame(0x81, "e"),
        ] {
            end.receive(bytes)
        }
        #expect(end.messages == ["a", "b", "cd", "e"])
        #expect(end.events == [.messages(as: .binary), .messages(as: .text)])
    }

    @Test(arguments: [
        (WebSocketViolation.maskedFrame, wireFrame(0x81, "x", key: [1, 2, 3, 4]), 1002),
        (.reservedBit, wireFrame(0xC1, "x"), 1002),
        (.reservedBit, wireFrame(0xA1, "x"), 1002),
        (.reservedBit, wireFrame(0x91, "x"), 1002),
        (.unknownOpcode(3), wireFrame(0x83, "x"), 1002),
        (.unknownOpcode(11), wireFrame(0x8B, "x"), 1002),
        (.fragmentedControlFrame, wireFrame(0x09, "x"), 1002),
        (.largeControlFrame, wireFrame(0x89, String(repeating: "x", count: 126)), 1002),
        (.continuationOfNothing, wireFrame(0x80, "x"), 1002),
        (.messageInsideMessage, wireFrame(0x01, "x") + wireFrame(0x81, "y"), 1002),
        (.halfCloseCode, wireFrame(0x88, [3]), 1002),
        (.forbiddenCloseCode(1005), wireFrame(0x88, [3, 237]), 1002),
        (.closeReasonNotUTF8, wireFrame(0x88, [3, 232, 0xFF]), 1007),
        (.tooLarge(limit: 1000), wireFrame(0x82, [UInt8](repeating: 0, count: 1001)), 1009),
        (.tooLarge(limit: 1000), [0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0], 1009),
        (.tooLarge(limit: 1000), [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255], 1009),
        (
            .tooLarge(limit: 1000),
            wireFrame(0x02, [UInt8](repeating: 0, count: 600)) + wireFrame(0x80, [UInt8](repeating: 0, count: 600)),
            1009
        ),
        (.textNotUTF8, wireFrame(0x81, [0xC0, 0x80]), 1007),
        (.textNotUTF8, wireFrame(0x01, [0xE2, 0x82]) + wireFrame(0x80, [0x61]), 1007),
    ])
    func aViolationClosesTheConnection(violation: WebSocketViolation, bytes: [UInt8], code: Int) throws {
        for split in [1, Int.max] {
            let end = try End {
                $0.acceptsInvalidUTF8 = false
                $0.maximumMessage = 1000
            }
            // Data after a violation is ignored.
            end.receive(bytes + wireFrame(0x81, "later") + wireFrame(0x89, "later"), split: split)
            #expect(end.messages.isEmpty)
            let sent = try end.sent()
            try #require(sent.count > 8)
            #expect(sent[0] == 0x88)
            #expect(sent[1] & 0x80 != 0, "a client masks its close frame too")
            #expect(sent.count == 6 + Int(sent[1] & 0x7F), "nothing follows the close frame")
            #expect(Int(sent[6] ^ sent[2]) << 8 | Int(sent[7] ^ sent[3]) == code)
            #expect(end.isEnding)
            // The peer may take a while to close the connection.
            #expect(end.failure == violation.error(by: .server))
            #expect(end.error == nil)
            end.channel.pipeline.fireChannelInactive()
            #expect(end.error == violation.error(by: .server))
            #expect(end.error?.kind == (code == 1009 ? .limitExceeded : .protocolViolation))
            #expect(end.events.allSatisfy { $0 == .alive })
        }
    }

    /// HTTP chunks after a 101 that announced them are not frames; a valid frame is accepted whatever the head said.
    @Test func chunksInPlaceOfFramesAreNamed() throws {
        var end = try End(chunkedAnswer: "ws://a/")
        end.receive(Array("42\r\n".utf8) + [0x81, 0x40])
        #expect(end.failure == .webSocket(.chunkedUpgrade(from: "ws://a/")))
        end = try End(chunkedAnswer: "ws://a/")
        end.receive(wireFrame(0x81, "one") + wireFrame(0x83, "x"))
        #expect(end.messages == ["one"])
        #expect(end.failure == .webSocket(.protocolViolation(.unknownOpcode(3), by: .server)))
    }

    @Test func aServerTakesMaskedFramesOnly() throws {
        let end = try End(.server)
        end.receive(wireFrame(0x81, "x"))
        #expect(end.messages.isEmpty)
        #expect(try end.sent() == wireFrame(0x88, [3, 234] + Array("an unmasked frame".utf8)))
        end.channel.pipeline.fireChannelInactive()
        #expect(end.error == .webSocket(.protocolViolation(.unmaskedFrame, by: .client)))
    }

    // MARK: - Sending

    @Test func textGoesAsTextAndAllElseAsBinary() throws {
        let end = try End(.server)
        end.send("hi")
        #expect(try end.sent() == wireFrame(0x81, "hi"))
        end.send([0xFF])
        #expect(try end.sent() == wireFrame(0x82, [0xFF]))
        let binary = try End(.server) { $0.sendsBinary = true }
        binary.send("hi")
        #expect(try binary.sent() == wireFrame(0x82, "hi"))
    }

    @Test func aClientMasksEachFrameWithAnotherKey() throws {
        let end = try End()
        var keys: Set<[UInt8]> = []
        for _ in 0..<16 {
            end.send("hello")
            let bytes = try end.sent()
            let key = Array(bytes[2..<6])
            #expect(bytes == wireFrame(0x81, "hello", key: key))
            keys.insert(key)
        }
        #expect(keys.count > 8)
    }

    @Test func whatIsTooLargeGoesInPieces() throws {
        let end = try End(.server) { $0.split = 4 }
        end.send("ab\u{D55C}\u{AE00}c")
        #expect(
            try end.sent() == wireFrame(0x81, "ab") + wireFrame(0x81, "\u{D55C}") + wireFrame(0x81, "\u{AE00}c"))
        end.send("abcd")
        #expect(try end.sent() == wireFrame(0x81, "abcd"))
        end.send([0xFF, 1, 2, 3, 4, 5])
        #expect(try end.sent() == wireFrame(0x82, [0xFF, 1, 2, 3]) + wireFrame(0x82, [4, 5]))
        let tiny = try End(.server) { $0.split = 1 }
        tiny.send("a\u{D55C}")
        #expect(try tiny.sent() == wireFrame(0x81, "a") + wireFrame(0x81, "\u{D55C}"))
        let senseless = try End(.server) { $0.split = 0 }
        senseless.send("ab")
        #expect(try senseless.sent() == wireFrame(0x81, "a") + wireFrame(0x81, "b"))
    }

    @Test func messagesGoAsTheKindThatIsAskedFor() throws {
        let end = try End(.server)
        end.channel.triggerUserOutboundEvent(TransportRequest.messages(as: .text), promise: nil)
        end.send([0xFF])
        #expect(try end.sent() == wireFrame(0x81, [0xFF]))
        end.channel.triggerUserOutboundEvent(TransportRequest.messages(as: .binary), promise: nil)
        end.send("hi")
        #expect(try end.sent() == wireFrame(0x82, "hi"))
        end.channel.triggerUserOutboundEvent(TransportRequest.messages(as: .byContent), promise: nil)
        end.send("hi")
        #expect(try end.sent() == wireFrame(0x81, "hi"))
    }

    @Test func aLargeMessageMayGoInFragments() throws {
        let end = try End(.server) { $0.fragment = 4 }
        end.send("0123456789")
        #expect(try end.sent() == wireFrame(0x01, "0123") + wireFrame(0x00, "4567") + wireFrame(0x80, "89"))
        end.send("0123")
        #expect(try end.sent() == wireFrame(0x81, "0123"))
    }

    @Test func aPingHasAtMost125Bytes() throws {
        let end = try End(.server)
        let payload = [UInt8](repeating: 7, count: 200)
        end.channel.triggerUserOutboundEvent(TransportRequest.ping(payload), promise: nil)
        #expect(try end.sent() == wireFrame(0x89, Array(payload.prefix(125))))
    }

    @Test func pingsOfAPeerThatReadsNothingDoNotPileUp() throws {
        let end = try End()
        end.channel.isWritable = false
        for number in 0..<1000 { end.receive(wireFrame(0x89, "\(number)")) }
        #expect(try end.sent().isEmpty)
        end.channel.isWritable = true
        end.channel.pipeline.fireChannelWritabilityChanged()
        let bytes = try end.sent()
        #expect(bytes == wireFrame(0x8A, "999", key: Array(bytes[2..<6])))
    }

    // MARK: - The close handshake

    @Test func thePeersCloseIsEchoed() throws {
        let end = try End(.server)
        let close = wireFrame(0x88, [3, 233] + Array("bye".utf8), key: [1, 2, 3, 4])
        end.receive(close + wireFrame(0x81, "later", key: [1, 2, 3, 4]), split: 1)
        #expect(try end.sent() == wireFrame(0x88, [3, 233] + Array("bye".utf8)))
        #expect(end.messages.isEmpty)
        #expect(end.isEnding)
        let closure = TransportClosure(layer: .webSocket, code: 1001, reason: "bye", isClean: true)
        #expect(end.events.last == .closed(closure))
        end.send("too late")
        #expect(try end.sent().isEmpty)
        end.channel.pipeline.fireChannelInactive()
        #expect(end.error == nil)
    }

    @Test func anEmptyCloseIsEchoedEmpty() throws {
        let end = try End(.server)
        end.receive(wireFrame(0x88, [], key: [1, 2, 3, 4]))
        #expect(try end.sent() == wireFrame(0x88, []))
        #expect(end.events == [.closed(TransportClosure(layer: .webSocket, code: nil, isClean: true))])
    }

    @Test func anEmptyCloseMayBeAnsweredWithACode() throws {
        let end = try End(.server) { $0.emptyCloseAnswer = 1000 }
        end.receive(wireFrame(0x88, [], key: [1, 2, 3, 4]))
        #expect(try end.sent() == wireFrame(0x88, [3, 232]))
        #expect(end.events == [.closed(TransportClosure(layer: .webSocket, code: nil, isClean: true))])
        let other = try End(.server) { $0.emptyCloseAnswer = 1000 }
        other.receive(wireFrame(0x88, [3, 233], key: [1, 2, 3, 4]))
        #expect(try other.sent() == wireFrame(0x88, [3, 233]))
    }

    @Test func aMessageThatIsTooLargeMayHaveOtherWords() throws {
        let end = try End(.server) {
            $0.maximumMessage = 2
            $0.oversizeReason = "too big"
        }
        end.receive(wireFrame(0x81, "abc", key: [1, 2, 3, 4]))
        #expect(try end.sent() == wireFrame(0x88, [3, 241] + Array("too big".utf8)))
    }

    @Test func aCloseIsSentAndAnswered() throws {
        let end = try End(.server)
        end.channel.triggerUserOutboundEvent(TransportRequest.close(code: 4000, reason: "done"), promise: nil)
        #expect(try end.sent() == wireFrame(0x88, [15, 160] + Array("done".utf8)))
        // Until the peer's close frame arrives, its messages still count.
        end.receive(wireFrame(0x81, "last", key: [1, 2, 3, 4]))
        #expect(end.messages == ["last"])
        #expect(!end.isEnding)
        end.receive(wireFrame(0x88, [15, 160], key: [1, 2, 3, 4]))
        #expect(try end.sent().isEmpty)
        #expect(end.isEnding)
        #expect(end.events == [.closed(TransportClosure(layer: .webSocket, code: 4000, isClean: true))])
    }

    @Test func aCloseThatIsNotAnsweredEndsAtTheTimeLimit() throws {
        let end = try End { $0.closeTimeout = .seconds(3) }
        end.channel.triggerUserOutboundEvent(StreamClosing(), promise: nil)
        end.channel.embeddedEventLoop.advanceTime(by: .milliseconds(2999))
        #expect(end.channel.isActive)
        end.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!end.channel.isActive)
        #expect(end.error == nil)
        #expect(end.events == [.closed(TransportClosure(layer: .webSocket, isClean: false))])
    }

    @Test func anEndWithoutACloseFrameIsALoss() throws {
        let end = try End()
        end.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(end.events == [.closed(TransportClosure(layer: .webSocket, isClean: false))])
        end.channel.pipeline.fireChannelInactive()
        #expect(end.events.count == 1)
        #expect(end.error?.kind == .connectionLost)
        #expect(end.error == .webSocket(.closedWithoutCloseFrame(by: "127.0.0.1:1")))
    }
}
