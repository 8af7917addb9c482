import NIOCore
import STOMPCore
import TestSupport
import Testing

@testable import STOMPTap
@testable import STOMPTransport

/// WebSocket traffic passes through a tap unchanged, byte by byte, and is reported.
@Suite(.timeLimit(.minutes(1))) struct WebSocketPassageTests {
    private static func frame(
        _ opcode: WebSocketOpcode, _ payload: String, isLast: Bool = true, key: UInt32? = nil
    ) -> ByteBuffer {
        WebSocketFrame(opcode: opcode, isLast: isLast, payload: ByteBuffer(string: payload)).bytes(maskedBy: key)
    }

    private static func close(_ code: Int?, _ reason: String = "", key: UInt32? = nil) -> ByteBuffer {
        WebSocketFrame(opcode: .close, payload: WebSocketClose(code: code, reason: reason).body).bytes(maskedBy: key)
    }

    /// Sends bytes, and expects the same ones, and no others, at the other end.
    private static func expectPassage(
        _ bytes: [ByteBuffer], from sender: Wire, to receiver: Wire, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let head = receiver.received.readableBytes
        var all = ByteBuffer()
        for piece in bytes {
            sender.send(piece)
            all.writeImmutableBuffer(piece)
        }
        try await receiver.wait("\(all.readableBytes) octets") { $0.count - head >= all.readableBytes }
        #expect(
            receiver.received.readableBytesView.dropFirst(head).elementsEqual(all.readableBytesView),
            sourceLocation: location)
    }

    /// The headers that the app sent, and those that the server received.
    @Test func theHandshakeGoesThrough() async throws {
        try await Between.run { between in
            let headers =
                "Origin: http://\(between.tapName)\r\nSec-WebSocket-Protocol: v12.stomp, v11.stomp\r\nCookie: a=b\r\n"
            let answer = "Sec-WebSocket-Protocol: v12.stomp\r\nSet-Cookie: c=d\r\n"
            let (_, server) = try await between.webSocket("/a/b?c=d", headers: headers, answer: answer)
            let expected = headers.replacing(between.tapName, with: between.serverName)
            #expect(server.text == Between.upgrade("/a/b?c=d", host: between.serverName, expected))
            try await between.wait("opening") { $0.openings == [.webSocket(path: "/a/b")] }
            #expect(between.notes == [])
        }
    }

    @Test func allKindsOfFramesPassByteByByte() async throws {
        try await Between.run(reportsLayers: true) { between in
            let (app, server) = try await between.webSocket()
            for (sender, receiver, key) in [(app, server, UInt32?(0x1234_5678)), (server, app, nil)] {
                let long = String(repeating: "0123456789", count: 7000)
                let frames = [
                    Self.frame(.text, "한글", key: key), Self.frame(.binary, "b\u{0}", key: key),
                    Self.frame(.text, "", key: key),
                    Self.frame(.text, "one, ", isLast: false, key: key), Self.frame(.ping, "beat", key: key),
                    Self.frame(.continuation, "", isLast: false, key: key), Self.frame(.pong, "", key: key),
                    Self.frame(.continuation, "two", key: key), Self.frame(.text, long, key: key.map { _ in 0 }),
                ]
                try await Self.expectPassage(frames, from: sender, to: receiver)
                let direction = key == nil ? WireEvent.Direction.incoming : .outgoing
                let expected = ["한글", "binary b\u{0}", "", "one, two", long]
                try await between.wait("message") { $0.messages(direction).count == expected.count }
                #expect(between.messages(direction) == expected)
                let controls = between.all.compactMap { event in
                    if event.direction == direction, !event.content.isTraffic,
                        case .wire(.ws, let content, let bytes?) = event.content
                    {
                        "\(plainWords(of: content)) \(String(buffer: bytes))"
                    } else {
                        nil
                    }
                }
                #expect(controls == ["ping beat", "pong "])
            }
            #expect(between.notes == [])
            #expect(Set(between.all.map(\.connection)) == [1])
        }
    }

    @Test func bytesThatArriveOneByOneAreReportedAsOne() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            try await app.trickle(Between.upgrade(host: between.tapName))
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            try await server.trickle(Between.switching())
            try await app.wait(until: Between.switching())
            let frame = Self.frame(.text, "CONNECT\naccept-version:1.2\n\n\u{0}", key: 0x0102_0304)
            let pieces = frame.readableBytesView.map { ByteBuffer(bytes: [$0]) }
            try await Self.expectPassage(pieces, from: app, to: server)
            let answer = Self.frame(.text, "CONNECTED\nversion:1.2\n\n\u{0}\n")
            try await Self.expectPassage(
                answer.readableBytesView.map { ByteBuffer(bytes: [$0]) }, from: server, to: app)
            try await between.wait("frame") { $0.frames(.outgoing).count == 1 && $0.frames(.incoming).count == 1 }
        }
    }

    /// Bytes that arrive together with the handshake, from either side, belong to the WebSocket.
    @Test func framesTogetherWithTheHandshake() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            let eager = Self.frame(.text, "eager", key: 0x0A0B_0C0D)
            var request = ByteBuffer(string: Between.upgrade(host: between.tapName))
            request.writeImmutableBuffer(eager)
            app.send(request)
            let server = try await between.server.wire()
            let head = Between.upgrade(host: between.serverName)
            try await server.wait(until: head)
            var answer = ByteBuffer(string: Between.switching())
            answer.writeImmutableBuffer(Self.frame(.text, "first"))
            answer.writeImmutableBuffer(Self.frame(.text, "second"))
            server.send(answer)
            try await app.wait("answer") { $0.count == answer.readableBytes }
            #expect(app.received == answer)
            var expected = ByteBuffer(string: head)
            expected.writeImmutableBuffer(eager)
            try await server.wait("frame") { $0.count == expected.readableBytes }
            #expect(server.received == expected)
            try await Self.expectPassage([Self.frame(.text, "third", key: 1)], from: app, to: server)
            try await between.wait("message") { $0.messages(.outgoing) == ["eager", "third"] }
            #expect(between.messages(.incoming) == ["first", "second"])
        }
    }

    @Test func aFloodBeforeTheHandshakeIsBounded() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send(Between.upgrade(host: between.tapName))
            let frame = Self.frame(.binary, String(repeating: "x", count: 1 << 16), key: 0)
            let sent = app.flood(frame, times: 800)
            let stop = try await standstill(beyond: 0) { sent.withLockedValue { $0 } }
            #expect(stop < 300)
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            let before = server.count
            server.onlyCount()
            server.send(Between.switching())
            try await server.wait("all of it") { $0.count - before == 800 * frame.readableBytes }
            try await between.wait("message") { $0.messages(.outgoing).count == 800 }
        }
    }

    // MARK: - Ends

    @Test(arguments: [true, false]) func closeCodesPassAndAreReported(isApps: Bool) async throws {
        for (code, reason) in [(1000, ""), (4001, "안녕"), (nil, "")] as [(Int?, String)] {
            try await Between.run { between in
                let (app, server) = try await between.webSocket()
                let (closer, other) = isApps ? (app, server) : (server, app)
                let (key, otherKey) = isApps ? (UInt32?(0x0102_0304), nil) : (nil, UInt32?(5))
                try await Self.expectPassage([Self.close(code, reason, key: key)], from: closer, to: other)
                try await Self.expectPassage([Self.close(code, reason, key: otherKey)], from: other, to: closer)
                server.close()
                try await app.waitForEnd()
                app.close()
                try await between.wait("end") { $0.endings.count == 1 }
                let close = WebSocketClose(code: code, reason: reason)
                #expect(between.endings == [.webSocketClosed(by: isApps ? .app : .server, close)])
                #expect(between.notes == [])
            }
        }
    }

    @Test(arguments: [true, false], [true, false])
    func endsWithoutACloseAreSeen(isApps: Bool, isReset: Bool) async throws {
        try await Between.run { between in
            let (app, server) = try await between.webSocket()
            let (leaver, other) = isApps ? (app, server) : (server, app)
            let key = isApps ? UInt32?(7) : nil
            try await Self.expectPassage([Self.frame(.text, "last words", key: key)], from: leaver, to: other)
            if isReset { try await leaver.reset() } else { leaver.close() }
            try await other.waitForEnd()
            if isReset { try await other.wait("reset") { $0.wasReset } }
            #expect(other.wasReset == isReset)
            other.close()
            try await between.wait("end") { $0.endings.count == 1 }
            let side = isApps ? TapSide.app : .server
            let ending = between.endings[0]
            #expect(isReset ? ending.isReset(by: side) : ending == .connectionClosed(by: side), "\(ending)")
            #expect(between.messages(isApps ? .outgoing : .incoming) == ["last words"])
        }
    }

    @Test func halfClosesPass() async throws {
        try await Between.run { between in
            let (app, server) = try await between.webSocket()
            app.finish()
            try await server.wait("end") { $0.isFinished }
            try await Self.expectPassage([Self.frame(.text, "still here")], from: server, to: app)
            #expect(!app.isFinished)
            server.close()
            try await app.waitForEnd()
        }
    }

    // MARK: - Extensions

    @Test(arguments: [
        "permessage-deflate", "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
    ]) func compressedMessagesPassAndAreInflated(answer: String) async throws {
        try await Between.run { between in
            let offer = "permessage-deflate; client_max_window_bits"
            let name = "Sec-WebSocket-Extensions: "
            let (app, server) = try await between.webSocket(
                headers: "\(name)x-other, \(offer)\r\n", answer: "\(name)\(answer)\r\n")
            #expect(server.text.contains("\r\n\(name)\(offer)\r\n"))
            let agreement = try #require(PerMessageDeflate(answer: WebSocketExtension(answer[...])))
            for (sender, receiver, side, key) in [
                (app, server, agreement.client, UInt32?(0x0F0E_0D0C)), (server, app, agreement.server, nil),
            ] {
                let deflater = try Deflater(side)
                let texts = (0..<5).map { "message \($0) " + String(repeating: "again and again, ", count: 100) }
                let frames = texts.flatMap { text in
                    var rest = deflater.deflate(ByteBuffer(string: text))
                    let first = rest.readSlice(length: 5) ?? ByteBuffer()
                    return [
                        WebSocketFrame(opcode: .text, isLast: false, isCompressed: true, payload: first),
                        WebSocketFrame(opcode: .continuation, payload: rest),
                    ]
                }
                let plain = Self.frame(.text, "plain", key: key)
                try await Self.expectPassage(
                    frames.map { $0.bytes(maskedBy: key) } + [plain], from: sender, to: receiver)
                let direction = key == nil ? WireEvent.Direction.incoming : .outgoing
                try await between.wait("message") { $0.messages(direction) == texts + ["plain"] }
            }
            #expect(between.notes == [])
        }
    }

    @Test func otherExtensionsAreRemovedAndReported() async throws {
        try await Between.run(reportsLayers: true) { between in
            let (_, server) = try await between.webSocket(headers: "Sec-WebSocket-Extensions: foo, bar; x=1\r\n")
            #expect(server.text == Between.upgrade(host: between.serverName))
            #expect(between.layers.contains("http offer withheld of foo, bar"))
        }
    }

    @Test func anExtensionThatNobodyKnowsPasses() async throws {
        try await Between.run { between in
            let (app, server) = try await between.webSocket(answer: "Sec-WebSocket-Extensions: foo\r\n")
            try await Self.expectPassage([Self.frame(.text, "x", key: 1)], from: app, to: server)
            try await Self.expectPassage([Self.frame(.text, "y")], from: server, to: app)
            #expect(between.notes == [.notTakenApart(.webSocket(.unknownExtensions(["foo"])))])
            app.close()
            try await server.waitForEnd()
            server.close()
            try await between.wait("end") { $0.endings == [.connectionClosed(by: .app)] }
        }
    }

    // MARK: - Data that the tap cannot decode

    @Test(arguments: [true, false]) func aMessageAboveTheLimitPasses(isApps: Bool) async throws {
        try await Between.run {
            $0.transport.maximumMessage = 1000
        } _: { between in
            let (app, server) = try await between.webSocket()
            let (sender, receiver) = isApps ? (app, server) : (server, app)
            let key = isApps ? UInt32?(9) : nil
            let frames = [String(repeating: "x", count: 1000), String(repeating: "y", count: 1001), "z"]
            try await Self.expectPassage(frames.map { Self.frame(.text, $0, key: key) }, from: sender, to: receiver)
            let direction = isApps ? WireEvent.Direction.outgoing : .incoming
            try await between.wait("note") { $0.notes.count == 1 }
            let failure = WebSocketFailure.messageTooLarge(limit: 1000, from: .otherSide)
            #expect(between.notes == [.noLongerTakenApart(.webSocket(failure))])
            #expect(between.messages(direction) == [frames[0]])
            // The other direction is still decoded.
            let answer = Self.frame(.text, "answer", key: isApps ? nil : 3)
            try await Self.expectPassage([answer], from: receiver, to: sender)
            try await between.wait("message") { $0.messages(isApps ? .incoming : .outgoing) == ["answer"] }
        }
    }

    @Test(arguments: [true, false], ["\u{7F}garbage\u{1}", "\u{1}\u{5}hello"])
    func garbageAfterTheHandshakePasses(isApps: Bool, garbage: String) async throws {
        try await Between.run { between in
            let (app, server) = try await between.webSocket()
            let (sender, receiver) = isApps ? (app, server) : (server, app)
            // A frame with wrong masking for its direction, or bytes that are not a frame.
            let bytes =
                garbage.hasPrefix("\u{1}")
                ? Self.frame(.text, "hello", key: isApps ? nil : 5) : ByteBuffer(string: garbage)
            try await Self.expectPassage([bytes, ByteBuffer(string: "more"), bytes], from: sender, to: receiver)
            try await between.wait("note") { $0.notes.count == 1 }
            guard case .noLongerTakenApart(.webSocket(.protocolViolation(_, by: .otherSide))) = between.notes[0] else {
                Issue.record("\(between.notes)")
                return
            }
            sender.close()
            try await receiver.waitForEnd()
            #expect(!receiver.wasReset)
        }
    }

    @Test func invalidWebSocketPasses() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: tunnel\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            server.send("HTTP/1.1 101 Yes\r\nUpgrade: tunnel\r\n\r\nhello")
            try await app.wait(until: "\r\n\r\nhello")
            try await Self.expectPassage([ByteBuffer(string: "\r\n\r\n")], from: app, to: server)
            #expect(between.notes == [.otherUpgrade(path: "/")])
        }
    }

    /// A message that is not STOMP, in a STOMP session or without one.
    @Test func otherDataThanSTOMPIsReportedAsMessages() async throws {
        try await Between.run { between in
            let (app, server) = try await between.webSocket()
            for text in ["{\"a\":1}", "CONNECTING"] {
                try await Self.expectPassage([Self.frame(.text, text, key: 1)], from: app, to: server)
                try await Self.expectPassage([Self.frame(.binary, text)], from: server, to: app)
            }
            try await between.wait("message") { $0.messages(.incoming).count == 2 }
            #expect(between.messages(.outgoing) == ["{\"a\":1}", "CONNECTING"])
            #expect(between.messages(.incoming) == ["binary {\"a\":1}", "binary CONNECTING"])
            #expect(between.frames(.outgoing) + between.frames(.incoming) == [])
            #expect(between.notes == [])
        }
    }

    @Test(arguments: [WireEvent.Direction.outgoing, .incoming])
    func aSlowReaderHoldsTheWriterBack(direction: WireEvent.Direction) async throws {
        try await Between.run { between in
            let (app, server) = try await between.webSocket()
            let (sender, receiver) = direction == .outgoing ? (app, server) : (server, app)
            try await receiver.setReading(false)
            let before = receiver.count
            receiver.onlyCount()
            let key = direction == .outgoing ? UInt32?(0) : nil
            let frame = Self.frame(.binary, String(repeating: "x", count: 1 << 16), key: key)
            let sent = sender.flood(frame, times: 600)
            let stop = try await standstill(beyond: 16) { sent.withLockedValue { $0 } }
            #expect(stop < 400)
            try await receiver.setReading(true)
            try await receiver.wait("all of it") { $0.count - before == 600 * frame.readableBytes }
            try await between.wait("message") { $0.messages(direction).count == 600 }
        }
    }
}
