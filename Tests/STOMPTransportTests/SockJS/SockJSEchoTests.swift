import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// The client against this package's own server, over each transport.
@Suite(.timeLimit(.minutes(5))) struct SockJSEchoTests {
    private static let receivingRequests: [SockJSTransport: String] = [
        .websocket: "GET /ws/S/websocket", .xhrStreaming: "POST /ws/S/xhr_streaming",
        .eventSource: "GET /ws/S/eventsource", .xhrPolling: "POST /ws/S/xhr",
    ]

    /// Whether this is how a server sees the client disconnect. Between two polls there is no connection whose end
    /// the server could see.
    private static func isDisconnected(_ error: TransportError?, _ transport: SockJSTransport) -> Bool {
        error == nil || transport == .xhrPolling && error == .sockJS(.clientGone(after: .seconds(5)))
    }

    @Test(arguments: SockJSTransport.all)
    func carriesMessagesBothWays(transport: SockJSTransport) async throws {
        let server = try await EchoListener()
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        #expect(stream.description.kind == .sockJS(transport))
        #expect(stream.description.remoteAddress == "127.0.0.1:\(server.port)")
        #expect(stream.description.carriesOnlyText && stream.description.keepsMessages)
        let client = try await server.client
        #expect(client.contents.stream?.description.kind == .sockJS(transport))

        let messages = ["SEND\ndestination:/주문\n\n100% \"한글\" \\ 🚀\0", "\n", "\u{2028}\u{FFFD}\u{7F}%25", "x"]
        for message in messages { try await stream.send(message) }
        try await inbox.wait { $0.chunks.count == messages.count }
        #expect(inbox.contents.texts == messages)
        #expect(client.contents.texts == messages)
        #expect(!inbox.contents.events.contains(.invalidUTF8))

        try await stream.perform { $0.close() }
        #expect(try await inbox.end() == nil)
        #expect(Self.isDisconnected(try await client.end(), transport))
        let receiving = try #require(Self.receivingRequests[transport])
        #expect(server.requests.prefix(2) == ["GET /ws/info", receiving])
        #expect(server.requests.contains("POST /ws/S/xhr_send") == (transport != .websocket))
        #expect(Set(server.requests).subtracting(["GET /ws/info", receiving, "POST /ws/S/xhr_send"]).isEmpty)
        await server.stop()
    }

    @Test(arguments: SockJSTransport.all)
    func carriesAMebibyteBothWays(transport: SockJSTransport) async throws {
        let server = try await EchoListener()
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        let line = "가나다라마바사아자차카타파하 The quick brown fox jumps over the lazy dog 0123456789\n"
        let part = String(repeating: line, count: 64 << 10 / line.utf8.count + 1) + "\0"
        let parts = (0..<12).map { "\($0) \(part)" } + [String(repeating: part, count: 5)]
        try await stream.perform { stream in
            for part in parts { stream.write(ByteBuffer(string: part), promise: nil) }
            stream.flush()
        }
        let size = parts.reduce(0) { $0 + $1.utf8.count }
        #expect(size > 1 << 20)
        try await inbox.wait(within: .seconds(120)) { $0.bytes == size }
        #expect(inbox.contents.texts == parts)
        if transport == .xhrStreaming || transport == .eventSource {
            // Each response ended at the limit of 128 KiB and was followed by another.
            #expect(server.requests.count { !$0.hasSuffix("xhr_send") } >= 5)
        }
        try await stream.perform { $0.close() }
        #expect(try await inbox.end() == nil)
        await server.stop()
    }

    @Test(arguments: SockJSTransport.all)
    func whatWasWrittenGoesBeforeTheClose(transport: SockJSTransport) async throws {
        let server = try await EchoListener()
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        try await stream.perform { stream in
            for index in 0..<100 {
                stream.write(ByteBuffer(string: "\(index),"), promise: nil)
                if index % 7 == 0 { stream.flush() }
            }
            stream.flush()
            stream.close()
        }
        #expect(try await inbox.end() == nil)
        let client = try await server.client
        #expect(Self.isDisconnected(try await client.end(), transport))
        #expect(client.contents.text == (0..<100).map { "\($0)," }.joined())
        await server.stop()
    }

    @Test(arguments: SockJSTransport.all)
    func aWriteIsConfirmedAndARefusedOneIsNot(transport: SockJSTransport) async throws {
        let server = try await EchoListener()
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        let good = stream.eventLoop.makePromise(of: Void.self)
        let bad = stream.eventLoop.makePromise(of: Void.self)
        let empty = stream.eventLoop.makePromise(of: Void.self)
        try await stream.perform { stream in
            stream.write(ByteBuffer(bytes: [0x61, 0xFF]), promise: bad)
            stream.write(ByteBuffer(), promise: empty)
            stream.write(ByteBuffer(string: "a"), promise: good)
            stream.flush()
        }
        try await good.futureResult.get()
        try await empty.futureResult.get()
        let error = await transportError { try await bad.futureResult.get() }
        #expect(error?.kind == .badConfiguration)
        #expect(error == .sockJS(.cannotSendBinary(from: .client)))
        try await inbox.wait { $0.text == "a" }

        // Without a promise the write error ends the stream, so that it is not lost.
        try await stream.perform { stream in
            stream.write(ByteBuffer(bytes: [0xFF]), promise: nil)
            stream.flush()
        }
        #expect(try await inbox.end()?.kind == .badConfiguration)
        let late = stream.eventLoop.makePromise(of: Void.self)
        try await stream.perform { $0.write(ByteBuffer(string: "b"), promise: late) }
        await #expect(throws: ChannelError.self) { try await late.futureResult.get() }
        await server.stop()
    }

    @Test(arguments: SockJSTransport.all)
    func heartBeatsOfTheServerAreSignsOfLife(transport: SockJSTransport) async throws {
        var sockJS = SockJSServerOptions()
        sockJS.heartBeatInterval = .milliseconds(20)
        let server = try await EchoListener(sockJS: sockJS)
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        try await inbox.wait { $0.events.count { $0 == .alive } >= 5 }
        // In SockJS the server sends the heart-beats; a ping request from the client must do no harm.
        try await stream.perform { $0.request(.ping([])) }
        try await stream.send("still here")
        try await inbox.wait { $0.text == "still here" }
        try await stream.perform { $0.abort() }
        #expect(try await inbox.end() == nil)
        // For the server, an aborted WebSocket is a closed one.
        #expect(Self.isDisconnected(try await server.client.end(), transport))
        await server.stop()
    }

    @Test(arguments: SockJSTransport.all)
    func theServerClosesWithACode(transport: SockJSTransport) async throws {
        let server = try await EchoListener()
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        _ = stream
        let client = try await server.client
        try await client.contents.stream?.eventLoop.submit {
            client.contents.stream?.write(ByteBuffer(string: "last words"), promise: nil)
            client.contents.stream?.close()
        }.get()
        #expect(try await inbox.end() == nil)
        #expect(inbox.contents.text == "last words")
        let closure = try #require(inbox.contents.closures.first)
        #expect(closure.code == 3000 && closure.reason == "Go away!" && closure.isClean && closure.layer == .sockJS)
        #expect(try await client.end() == nil)
        await server.stop()
    }

    @Test(arguments: [SockJSTransport.websocket, .xhrPolling])
    func piecesOfAMessageFitWhatIsTaken(transport: SockJSTransport) async throws {
        let server = try await EchoListener()
        var options = TransportOptions()
        options.split = 100
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, options: options, inbox: inbox)
        let text = String(repeating: "\0한\n\"", count: 500)
        try await stream.send(text)
        try await inbox.wait { $0.bytes == text.utf8.count }
        #expect(inbox.contents.text == text)
        let chunks = try await server.client.contents.chunks
        #expect(chunks.count > 20)
        #expect(chunks.allSatisfy { $0.isUTF8 && SockJSMessages.quoted($0, limit: nil)[0].readableBytes <= 98 })
        try await stream.perform { $0.close() }
        await server.stop()
    }

    @Test(arguments: SockJSTransport.all)
    func aServerThatDoesNotReadHoldsTheClientUp(transport: SockJSTransport) async throws {
        let server = try await EchoListener()
        let inbox = Inbox()
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        let client = try await server.client
        let other = try #require(client.contents.stream)
        try await other.eventLoop.submit { other.setReading(false) }.get()
        let part = String(repeating: "0123456789abcdef", count: 2 << 10)
        var sent = 0
        // The system buffers some of it.
        while try await stream.eventLoop.submit({ stream.isWritable }).get() {
            try await stream.send(part)
            sent += part.utf8.count
            try #require(sent < 64 << 20)
        }
        #expect(try await stream.eventLoop.submit { stream.queuedBytes }.get() > 64 << 10)
        #expect(client.contents.bytes < sent)
        try await other.eventLoop.submit { other.setReading(true) }.get()
        let total = sent
        try await inbox.wait(within: .seconds(120)) { $0.bytes == total }
        try await inbox.wait { $0.writability.contains(true) }
        // The last confirmation may arrive after the last echo.
        try await eventually {
            try await stream.eventLoop.submit { stream.queuedBytes }.get() == 0 ? () : nil
        } otherwise: {
            "not all is confirmed"
        }
        try await stream.perform { $0.close() }
        await server.stop()
    }

    @Test(arguments: SockJSTransport.all)
    func aClientThatDoesNotReadHoldsTheServerUp(transport: SockJSTransport) async throws {
        let server = try await EchoListener()
        let inbox = Inbox(keepsBytes: false)
        let stream = try await openSockJS(server.port, transport, inbox: inbox)
        let client = try await server.client
        let other = try #require(client.contents.stream)
        try await stream.perform { $0.setReading(false) }
        let part = ByteBuffer(string: String(repeating: "0123456789abcdef", count: 4 << 10))
        var sent = 0
        while try await other.eventLoop.submit({ other.isWritable }).get() {
            try await other.eventLoop.submit {
                other.write(part, promise: nil)
                other.flush()
            }.get()
            sent += part.readableBytes
            try #require(sent < 64 << 20)
        }
        #expect(try await other.eventLoop.submit { other.queuedBytes }.get() > 64 << 10)
        try await stream.perform { $0.setReading(true) }
        let total = sent
        try await inbox.wait(within: .seconds(120)) { $0.bytes == total }
        try await client.wait { $0.writability.contains(true) }
        try await stream.perform { $0.close() }
        await server.stop()
    }
}
