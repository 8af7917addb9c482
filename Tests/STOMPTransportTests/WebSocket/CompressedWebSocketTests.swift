import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import STOMPTransport

/// WebSockets with compressed messages.
@Suite struct CompressedWebSocketTests {
    private static let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]

    private static func agreement(_ parameters: String = "") throws -> PerMessageDeflate {
        let headers = HTTPHeaders([("Sec-WebSocket-Extensions", "permessage-deflate" + parameters)])
        return try #require(PerMessageDeflate.accepted(among: WebSocketExtension.all(in: headers)))
    }

    // MARK: - Without a socket

    @Test(arguments: [1, 2, 5, .max])
    func compressedMessagesComeInFragmentsAndBetweenOthers(split: Int) throws {
        let end = try WebSocketEnd(compression: Self.agreement())
        end.receive(
            wireFrame(0xC1, Self.hello) + wireFrame(0x81, "plain") + wireFrame(0x41, Array(Self.hello[..<3]))
                + wireFrame(0x89, "ping") + wireFrame(0x80, Array(Self.hello[3...])) + wireFrame(0xC2, [0x00]),
            split: split)
        #expect(end.messages == ["Hello", "plain", "Hello", ""])
        #expect(end.error == nil && !end.isEnding)
    }

    @Test func eachSideCompressesAsItIsToldTo() throws {
        let agreement = try Self.agreement("; client_no_context_takeover")
        let client = try WebSocketEnd(.client, compression: agreement)
        let server = try WebSocketEnd(.server, compression: agreement)
        var sizes: [[Int]] = [[], []]
        for _ in 0..<3 {
            client.send("a message that repeats itself")
            let request = try client.sent()
            #expect(request[0] == 0xC1)
            server.receive(request)
            server.send("a message that repeats itself")
            let answer = try server.sent()
            client.receive(answer)
            sizes[0].append(request.count)
            sizes[1].append(answer.count)
        }
        #expect(server.messages == client.messages && server.messages.count == 3)
        #expect(Set(sizes[0]).count == 1, "the client forgets")
        #expect(sizes[1][1] < sizes[1][0] / 2, "the server remembers")
    }

    @Test func controlFramesAndEmptyMessagesGoAsTheyAre() throws {
        let end = try WebSocketEnd(.server, compression: Self.agreement())
        end.channel.triggerUserOutboundEvent(TransportRequest.ping(Array("ping".utf8)), promise: nil)
        #expect(try end.sent() == wireFrame(0x89, "ping"))
        end.send("")
        #expect(try end.sent() == wireFrame(0x81, ""))
        end.receive(wireFrame(0x89, "ping", key: [1, 2, 3, 4]))
        #expect(try end.sent() == wireFrame(0x8A, "ping"))
        end.channel.triggerUserOutboundEvent(TransportRequest.close(code: 4000, reason: "bye"), promise: nil)
        #expect(try end.sent() == wireFrame(0x88, [15, 160] + Array("bye".utf8)))
    }

    @Test func onlyTheFirstFragmentIsMarked() throws {
        let end = try WebSocketEnd(.server, compression: Self.agreement()) { $0.fragment = 4 }
        end.send("Hello")
        #expect(
            try end.sent() == wireFrame(0x41, Array(Self.hello[..<4])) + wireFrame(0x80, Array(Self.hello[4...])))
    }

    @Test func theInflatedTextMustBeUTF8() throws {
        let deflater = try Deflater(.init())
        let bytes = Array(deflater.deflate(ByteBuffer(bytes: [0x61, 0xFF])).readableBytesView)
        let strict = try WebSocketEnd(compression: Self.agreement()) { $0.acceptsInvalidUTF8 = false }
        strict.receive(wireFrame(0xC1, bytes))
        #expect(strict.messages.isEmpty && strict.isEnding)
        let tolerant = try WebSocketEnd(compression: Self.agreement())
        tolerant.receive(wireFrame(0xC1, bytes))
        #expect(tolerant.events == [.invalidUTF8])
    }

    @Test(arguments: [
        (WebSocketViolation.reservedBit, wireFrame(0xC9, hello), 1002),
        (.reservedBit, wireFrame(0xC8, hello), 1002),
        (.reservedBit, wireFrame(0xA1, hello), 1002),
        (.reservedBit, wireFrame(0x41, hello) + wireFrame(0xC0, hello), 1002),
        (.brokenCompression(cause: "invalid block type"), wireFrame(0xC1, [0xFF, 0xFF]), 1007),
        (.truncatedCompression, wireFrame(0xC1, []), 1007),
        (.tooLarge(limit: 1000), wireFrame(0xC1, bomb), 1009),
        (.tooLarge(limit: 1000), wireFrame(0x41, bomb), 1009),
        (.tooLarge(limit: 1000), wireFrame(0x41, []) + wireFrame(0x00, bomb), 1009),
        (.tooLarge(limit: 1000), [0xC1, 127, 0, 0, 0, 0, 0, 1, 0, 0], 1009),
    ])
    func aViolationClosesTheConnection(violation: WebSocketViolation, bytes: [UInt8], code: Int) throws {
        for split in [1, Int.max] {
            let end = try WebSocketEnd(compression: Self.agreement()) { $0.maximumMessage = 1000 }
            end.receive(bytes + wireFrame(0x81, "later"), split: split)
            #expect(end.messages.isEmpty)
            let sent = try end.sent()
            try #require(sent.count > 8)
            #expect(sent[0] == 0x88)
            #expect(Int(sent[6] ^ sent[2]) << 8 | Int(sent[7] ^ sent[3]) == code)
            end.channel.pipeline.fireChannelInactive()
            #expect(end.error == violation.error(by: .server))
            #expect(end.error?.kind == (code == 1009 ? .limitExceeded : .protocolViolation))
        }
    }

    private static let bomb: [UInt8] = {
        let deflater = try? Deflater(.init())
        return deflater.map { Array($0.deflate(ByteBuffer(repeating: 0, count: 100_000)).readableBytesView) } ?? []
    }()

    @Test func whatCannotBeCompressedMayBeAsLargeAsTheLimit() throws {
        let noise = (0..<1000).map { _ in UInt8.random(in: 0...255) }
        let client = try WebSocketEnd(compression: Self.agreement())
        let server = try WebSocketEnd(.server, compression: Self.agreement()) { $0.maximumMessage = 1000 }
        client.send(noise)
        let bytes = try client.sent()
        #expect(bytes.count > 1008)
        server.receive(bytes)
        #expect(server.messages.count == 1)
    }

    /// The input is a series of valid frames with up to 9 bytes replaced at random.
    @Test func noBytesLeadToMoreThanACloseFrame() throws {
        let sane =
            try wireFrame(0xC1, Self.hello) + wireFrame(0x41, Self.bomb) + wireFrame(0x80, [0x00])
            + wireFrame(0xC2, Array(Deflater(.init()).deflate(ByteBuffer(bytes: 0...255)).readableBytesView))
        var random = Noise(state: 7)
        for _ in 0..<3000 {
            var bytes = sane
            for _ in 0...Int.random(in: 0...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let end = try WebSocketEnd(compression: Self.agreement()) { $0.maximumMessage = 200_000 }
            end.receive(bytes, split: Int.random(in: 1...bytes.count, using: &random))
            #expect(end.messages.allSatisfy { $0.utf8.count <= 3 * 200_000 })
            var reader = WebSocketFrameReader(isServer: true, isCompressed: true, limit: 1000)
            reader.feed(ByteBuffer(bytes: try end.sent()))
            var sent: [WebSocketOpcode] = []
            while let frame = try reader.next() { sent.append(frame.opcode) }
            #expect(sent.filter { $0 == .close }.count == (end.isEnding ? 1 : 0))
            #expect(sent.allSatisfy { $0 == .pong || $0 == .close })
        }
    }

    /// Random bytes that are the same in each run.
    private struct Noise: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 33
        }
    }

    // MARK: - Over a socket

    @Test func itIsAgreedOnWhereBothSidesWantIt() async throws {
        for (offers, takes) in [(true, true), (true, false), (false, true)] {
            let trace = Trace(.bytes)
            var options = TransportOptions()
            options.trace = trace.wire
            options.offersCompression = offers
            let pair = try await WebSocketPair(clientOptions: options, compresses: takes)
            let text = String(repeating: "hello ", count: 100)
            try await pair.stream.send(text)
            try await pair.server.wait { $0.texts == [text] }
            try await pair.accepted.send(text)
            try await pair.client.wait { $0.texts == [text] }
            let lines = trace.lines.filter { $0.hasPrefix("ws ") && !$0.contains(" frame ") }
            try #require(lines.count == (offers ? 3 : 2))
            let sent = lines[lines.count - 2].replacing(text, with: "")
            if offers && takes {
                #expect(lines[0] == "ws local compression agreed permessage-deflate; client_max_window_bits=15")
                #expect(sent.hasPrefix("ws outgoing message is text true compressed size "))
            } else {
                if offers { #expect(lines[0] == "ws local compression declined") }
                #expect(sent == "ws outgoing message is text true ")
            }
            await pair.close()
        }
    }

    @Test(arguments: [1, 65536, 5 << 20])
    func messagesOfEverySizeTravelBothWays(size: Int) async throws {
        var options = TransportOptions()
        options.offersCompression = true
        options.split = 1 << 20
        let pair = try await WebSocketPair(clientOptions: options, compresses: true)
        let bytes = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) })
        try await pair.stream.perform {
            $0.write(bytes, promise: nil)
            $0.flush()
        }
        let received = try await pair.server.wait { $0.bytes == size }
        #expect(received.chunks.count == max(1, size >> 20))
        #expect(received.chunks.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) } == bytes)
        try await pair.accepted.perform {
            $0.write(bytes, promise: nil)
            $0.flush()
        }
        try await pair.client.wait { $0.chunks == [bytes] }
        await pair.close()
    }

    // MARK: - Answers from other servers

    private func error(answer: String, offers: Bool = true) async throws -> TransportError? {
        var options = ScriptedServer.options
        options.offersCompression = offers
        return try await ScriptedServer.error(
            of: .text("\(ScriptedServer.switching)Sec-WebSocket-Extensions: \(answer)\r\n\r\n"), options: options)
    }

    @Test func anAnswerThatBreaksTheRulesIsRefused() async throws {
        #expect(try await error(answer: "permessage-deflate") == nil)
        #expect(try await error(answer: "permessage-deflate; server_no_context_takeover") == nil)
        for answer in ["permessage-deflate; server_max_window_bits=7", "permessage-deflate, permessage-deflate"] {
            let error = try await error(answer: answer)
            #expect(error?.kind == .protocolViolation)
            #expect(error == .webSocket(.invalidExtensionAnswer(answer, from: "ws://127.0.0.1:PORT/ws")))
        }
        let other = try await error(answer: "permessage-bzip2")
        #expect(other == .webSocket(.unofferedExtension("permessage-bzip2", from: "ws://127.0.0.1:PORT/ws")))
        let unasked = try await error(answer: "permessage-deflate", offers: false)
        #expect(unasked == .webSocket(.unofferedExtension("permessage-deflate", from: "ws://127.0.0.1:PORT/ws")))
    }
}
