import NIOCore
import NIOPosix
import STOMPTransport
import Testing

/// Both ends of a WebSocket over a real socket.
@Suite struct WebSocketTests {
    @Test func messagesTravelBothWays() async throws {
        let pair = try await WebSocketPair()
        #expect(pair.stream.description.kind == .webSocket)
        try await pair.stream.send("SEND\n\n\u{C548}\u{B155}\0")
        try await pair.server.wait { $0.texts == ["SEND\n\n\u{C548}\u{B155}\0"] && $0.batches > 0 }
        try await pair.accepted.send("MESSAGE\n\n\0")
        try await pair.client.wait { $0.texts == ["MESSAGE\n\n\0"] && $0.batches > 0 }
        await pair.close()
    }

    @Test func theServerPicksTheFirstSubprotocolItSpeaks() async throws {
        var options = TransportOptions()
        options.subprotocols = ["v13.stomp", "v12.stomp", "v11.stomp"]
        let pair = try await WebSocketPair(clientOptions: options, subprotocols: ["v11.stomp", "v12.stomp"])
        #expect(pair.stream.description.subprotocol == "v12.stomp")
        #expect(pair.accepted.description.subprotocol == "v12.stomp")
        await pair.close()
    }

    @Test func withNoCommonSubprotocolThereIsNone() async throws {
        var options = TransportOptions()
        options.subprotocols = ["v13.stomp"]
        let pair = try await WebSocketPair(clientOptions: options, subprotocols: ["v12.stomp"])
        #expect(pair.stream.description.subprotocol == nil)
        await pair.close()
    }

    @Test(arguments: [0, 1, 125, 126, 65535, 65536, 5 << 20])
    func messagesOfEverySizeTravelBothWays(size: Int) async throws {
        let pair = try await WebSocketPair()
        let bytes = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) })
        try await pair.stream.perform {
            $0.write(bytes, promise: nil)
            $0.flush()
        }
        try await pair.server.wait { $0.chunks == [bytes] }
        try await pair.accepted.perform {
            $0.write(bytes, promise: nil)
            $0.flush()
        }
        try await pair.client.wait { $0.chunks == [bytes] }
        await pair.close()
    }

    @Test func aMessageAboveTheLimitClosesWith1009() async throws {
        var options = TransportOptions()
        options.maximumMessage = 1000
        let pair = try await WebSocketPair(serverOptions: options)
        try await pair.stream.send(String(repeating: "x", count: 1000))
        try await pair.server.wait { $0.bytes == 1000 }
        try await pair.stream.send(String(repeating: "x", count: 1001))
        let error = try await pair.server.end()
        #expect(error?.kind == .limitExceeded)
        #expect(error == .webSocket(.messageTooLarge(limit: 1000, from: .client)))
        let closure = try #require(try await pair.client.wait { !$0.endings.isEmpty }.closures.first)
        #expect(closure.code == 1009)
        #expect(closure.isClean)
        await pair.close()
    }

    @Test func theClientClosesWithCodeAndReason() async throws {
        let pair = try await WebSocketPair()
        try await pair.stream.perform { $0.request(.close(code: 4001, reason: "bye \u{1F44B}")) }
        #expect(try await pair.server.end() == nil)
        #expect(try await pair.client.end() == nil)
        let closure = TransportClosure(layer: .webSocket, code: 4001, reason: "bye \u{1F44B}", isClean: true)
        #expect(pair.server.contents.closures == [closure])
        #expect(pair.client.contents.closures == [closure])
        #expect(pair.client.contents.endings.count == 1)
        await pair.close()
    }

    @Test func theServerClosesAndWhatWasWrittenBeforeArrives() async throws {
        let pair = try await WebSocketPair(client: Inbox(keepsBytes: false))
        try await pair.accepted.perform {
            for _ in 0..<100 { $0.write(ByteBuffer(repeating: 65, count: 40000), promise: nil) }
            $0.close()
        }
        let client = try await pair.client.wait { !$0.endings.isEmpty }
        #expect(client.bytes == 4_000_000)
        #expect(client.closures == [TransportClosure(layer: .webSocket, code: 1000, isClean: true)])
        #expect(client.endings[0] == nil)
        #expect(try await pair.server.end() == nil)
        await pair.close()
    }

    @Test func anAbortIsAnUncleanEndForTheOtherSide() async throws {
        let pair = try await WebSocketPair()
        pair.stream.abort()
        let error = try await pair.server.end()
        #expect(error?.kind == .connectionLost)
        #expect(pair.server.contents.closures == [TransportClosure(layer: .webSocket, isClean: false)])
        #expect(try await pair.client.end() == nil)
        #expect(pair.client.contents.closures.isEmpty)
        await pair.close()
    }

    @Test func aPingIsAnsweredAndBothSidesAreAlive() async throws {
        let trace = Trace(.layers)
        var options = TransportOptions()
        options.trace = trace.wire
        let pair = try await WebSocketPair(clientOptions: options)
        try await pair.stream.perform { $0.request(.ping(Array("are you there?".utf8))) }
        let payload = ByteBuffer(string: "are you there?")
        try await pair.client.wait { $0.events == [.pong(payload)] }
        try await pair.server.wait { $0.events == [.ping(payload)] }
        #expect(
            trace.lines.suffix(2) == [
                "ws outgoing frame ping FIN masked are you there?", "ws incoming frame pong FIN are you there?",
            ])
        await pair.close()
    }

    @Test func aStoppedReaderHoldsUpTheWriter() async throws {
        let pair = try await WebSocketPair(client: Inbox(keepsBytes: false))
        try await pair.stream.perform { $0.setReading(false) }
        let message = ByteBuffer(repeating: 65, count: 64 << 10)
        let written = try await pair.accepted.eventLoop.submit { [stream = pair.accepted] in
            var written = 0
            while stream.isWritable && written < 64 << 20 {
                stream.write(message, promise: nil)
                stream.flush()
                written += message.readableBytes
            }
            return written
        }.get()
        #expect(written < 32 << 20, "the system's own buffers are not that large")
        try await pair.server.wait { $0.writability == [false] }
        #expect(pair.client.contents.bytes < 4 << 20)
        try await pair.stream.perform { $0.setReading(true) }
        try await pair.client.wait { $0.bytes == written }
        try await pair.server.wait { $0.writability == [false, true] }
        await pair.close()
    }

    @Test func closingEndsEvenWhereReadingWasStopped() async throws {
        let pair = try await WebSocketPair()
        try await pair.stream.perform { $0.setReading(false) }
        try await pair.accepted.send("never read")
        try await pair.stream.perform { $0.close() }
        #expect(try await pair.client.end() == nil)
        #expect(try await pair.server.end() == nil)
        #expect(pair.client.contents.bytes == 0)
        await pair.close()
    }

    @Test func theTraceShowsHeadsAndPayloads() async throws {
        let trace = Trace(.bytes)
        var options = TransportOptions()
        options.trace = trace.wire
        options.origin = "http://localhost:3000"
        let pair = try await WebSocketPair(clientOptions: options)
        try await pair.stream.send("hello")
        try await pair.accepted.send("hi")
        try await pair.client.wait { $0.texts == ["hi"] }
        let lines = trace.lines
        #expect(lines[2].hasPrefix("http outgoing GET /ws HTTP/1.1 GET /ws HTTP/1.1\r\nHost: 127.0.0.1:"))
        #expect(lines[2].contains("\r\nOrigin: http://localhost:3000\r\n") && lines[2].hasSuffix("\r\n\r\n"))
        #expect(lines[3].hasPrefix("http incoming HTTP/1.1 101 Switching Protocols HTTP/1.1 101"))
        #expect(lines[3].hasSuffix("\r\n\r\n"))
        // The trace shows the payload with the message, which may consist of several frames.
        #expect(
            lines.dropFirst(4) == [
                "ws outgoing message is text true hello", "ws outgoing frame text FIN masked size 5",
                "ws incoming frame text FIN size 2", "ws incoming message is text true hi",
            ])
        await pair.close()
    }
}
