import NIOCore
import NIOEmbedded
import Testing

@testable import STOMPTransport

/// SOCKS 5 without a network: the bytes sent, and the result of each answer, however it is split.
@Suite struct SOCKSHandshakeTests {
    private typealias Action = SOCKSHandshake.Action
    private typealias Fault = SOCKSHandshake.Fault

    private static let login = SOCKSHandshake.Credentials(user: "ann", password: "s@cret")
    private static let loginBytes: [UInt8] = [1, 3] + Array("ann".utf8) + [6] + Array("s@cret".utf8)
    private static let accepted: [UInt8] = [5, 0, 0, 1, 127, 0, 0, 1, 0x1F, 0x90]

    private static func handshake(
        _ host: String = "a.b", _ credentials: SOCKSHandshake.Credentials? = nil
    ) -> SOCKSHandshake {
        SOCKSHandshake(host: host, port: 61613, credentials: credentials)
    }

    /// All actions except ``SOCKSHandshake/Action/wait`` for the proxy's bytes in these pieces.
    private static func actions(_ handshake: SOCKSHandshake, _ pieces: [[UInt8]]) -> [Action] {
        var handshake = handshake
        var actions: [Action] = []
        for piece in [[]] + pieces {
            handshake.receive(ByteBuffer(bytes: piece))
            while true {
                let action = handshake.next()
                if action == .wait { break }
                actions.append(action)
            }
            #expect(handshake.unread.readableBytes < 262)
        }
        return actions
    }

    private static func sent(_ actions: [Action]) -> [[UInt8]] {
        actions.compactMap { if case .send(let message) = $0 { Array(message.bytes.readableBytesView) } else { nil } }
    }

    /// The bytes as a whole, byte by byte, and in every split into two pieces.
    private static func splits(of bytes: [UInt8]) -> [[[UInt8]]] {
        [[bytes], bytes.map { [$0] }] + bytes.indices.map { [Array(bytes[..<$0]), Array(bytes[$0...])] }
    }

    // MARK: Requests

    @Test(
        arguments: [
            ("broker", [3, 6] + Array("broker".utf8)), ("10.1.2.3", [1, 10, 1, 2, 3]),
            ("fd00::1", [4, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            (String(repeating: "x", count: 255), [3, 255] + Array(repeating: UInt8(ascii: "x"), count: 255)),
        ] as [(String, [UInt8])])
    func whatIsAskedFor(_ host: String, _ address: [UInt8]) {
        let request = [5, 1, 0] + address + [0xF0, 0xAD]
        #expect(Self.sent(Self.actions(Self.handshake(host), [[5, 0]])) == [[5, 1, 0], request])
        #expect(
            Self.sent(Self.actions(Self.handshake(host, Self.login), [[5, 2], [1, 0]]))
                == [[5, 2, 0, 2], Self.loginBytes, request])
    }

    /// A proxy that asks for no credentials is sent none.
    @Test func credentialsAreSentOnlyWhereTheyAreWanted() {
        let sent = Self.sent(Self.actions(Self.handshake("a.b", Self.login), [[5, 0]]))
        #expect(sent == [[5, 2, 0, 2], [5, 1, 0, 3, 3] + Array("a.b".utf8) + [0xF0, 0xAD]])
    }

    @Test func credentialsOf255BytesAreSentWhole() {
        let long = String(repeating: "\u{E9}", count: 127) + "x"
        let login = SOCKSHandshake.Credentials(user: long, password: long)
        let sent = Self.sent(Self.actions(Self.handshake("a.b", login), [[5, 2]]))
        #expect(sent.last == [1, 255] + Array(long.utf8) + [255] + Array(long.utf8))
    }

    /// The trace shows nothing of the credentials, not even their length.
    @Test func credentialsAreCovered() {
        let actions = Self.actions(Self.handshake("a.b", Self.login), [[5, 2], [1, 0]])
        let shown = actions.compactMap { if case .send(let message) = $0 { message } else { nil } }
        #expect(shown.map(\.kind) == [.greeting, .credentials, .connect])
        #expect(shown.map { $0.bytes == $0.shown } == [true, false, true])
        #expect(Array(shown[1].shown.readableBytesView) == [1, 4] + Array("****".utf8) + [4] + Array("****".utf8))
    }

    // MARK: Answers

    /// Each form of the bound address, with and without credentials and early data of the target, in every split.
    /// No byte is lost.
    @Test(
        arguments: [
            [1, 127, 0, 0, 1], [4] + Array(repeating: 9, count: 16), [3, 3, 97, 46, 98], [3, 0],
            [3, 255] + Array(repeating: 97, count: 255),
        ] as [[UInt8]])
    func aTunnelThatOpens(_ address: [UInt8]) {
        let reply = [5, 0, 0] + address + [1, 2]
        for (credentials, answers) in [
            (nil, [[5, 0]]), (Self.login, [[5, 0]]), (Self.login, [[5, 2], [1, 0]]), (Self.login, [[5, 2], [5, 0]]),
        ] as [(SOCKSHandshake.Credentials?, [[UInt8]])] {
            for early in ["", "SSH-2.0-x\r\n"] {
                let bytes = answers.flatMap { $0 } + reply + Array(early.utf8)
                for pieces in Self.splits(of: bytes) {
                    var handshake = Self.handshake("a.b", credentials)
                    var (received, tunneled): ([ByteBuffer], ByteBuffer?) = ([], nil)
                    for piece in [[]] + pieces {
                        if var before = tunneled {
                            before.writeBytes(piece)
                            tunneled = before
                            continue
                        }
                        handshake.receive(ByteBuffer(bytes: piece))
                        loop: while true {
                            switch handshake.next() {
                            case .wait: break loop
                            case .send: break
                            case .received(let answer): received.append(answer)
                            case .finish(let whole, let early):
                                received.append(whole)
                                tunneled = early
                            case .fail(let fault): Issue.record("\(fault)")
                            }
                        }
                        #expect(handshake.unread.readableBytes < 262)
                    }
                    #expect(received == (answers + [reply]).map { ByteBuffer(bytes: $0) })
                    #expect(tunneled.map { String(buffer: $0) } == early)
                }
            }
        }
    }

    /// Refused and malformed answers give the same result in every split, and later bytes are ignored.
    @Test(
        arguments: [
            (false, [4, 0x5B], .notSOCKS5(firstByte: 4)),
            (false, Array("HTTP/1.1 400 No\r\n\r\n".utf8), .notSOCKS5(firstByte: UInt8(ascii: "H"))),
            (false, [5, 0xFF], .authenticationRequired), (false, [5, 2], .authenticationRequired),
            (true, [5, 0xFF], .noMethodInCommon), (false, [5, 1], .unofferedMethod(1)),
            (true, [5, 0x80], .unofferedMethod(0x80)), (true, [5, 2, 1, 1], .credentialsRejected),
            (true, [5, 2, 1, 0xFF], .credentialsRejected), (true, [5, 2, 5, 1], .credentialsRejected),
            (true, [5, 2, 2, 0], .invalidAuthenticationStatus), (false, [5, 0, 4, 0], .invalidReply),
            (false, [5, 0, 5, 0, 1], .invalidReply), (false, [5, 0, 5, 0, 0, 0], .invalidReply),
            (true, [5, 2, 1, 0, 5, 0, 0, 2], .invalidReply), (false, [5, 0, 5, 1], .refused(reply: 1)),
            (false, [5, 0, 5, 255, 0, 1, 0, 0, 0, 0, 0, 0], .refused(reply: 255)),
            (true, [5, 2, 1, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0], .refused(reply: 5)),
        ] as [(Bool, [UInt8], SOCKSHandshake.Fault)])
    func aTunnelThatDoesNotOpen(_ hasLogin: Bool, _ bytes: [UInt8], _ fault: SOCKSHandshake.Fault) {
        let handshake = Self.handshake("a.b", hasLogin ? Self.login : nil)
        let expected = Self.actions(handshake, [bytes])
        #expect(expected.last == .fail(fault))
        #expect(expected.count { if case .fail = $0 { true } else { false } } == 1)
        for pieces in Self.splits(of: bytes + Self.accepted) {
            #expect(Self.actions(handshake, pieces + [Array(repeating: 0, count: 1000)]) == expected)
        }
    }

    /// An answer that never ends: the handshake stores no more than the longest valid answer.
    @Test(arguments: [[5, 0, 5, 0, 0, 3, 255], [5], [5, 0, 5]] as [[UInt8]])
    func whatIsNotWholeIsWaitedFor(_ bytes: [UInt8]) {
        for pieces in Self.splits(of: bytes) {
            let actions = Self.actions(Self.handshake(), pieces)
            #expect(actions.count == (bytes.count > 1 ? 3 : 1))
        }
    }

    // MARK: The handler

    /// In every split, the bytes after the reply reach the opened tunnel's handlers, and the handler removes itself.
    @Test func theHandlerHandsOverWhatCameEarly() throws {
        let early = "SSH-2.0-x\r\n"
        for pieces in Self.splits(of: [5, 2, 1, 0] + Self.accepted + Array(early.utf8)) {
            let channel = EmbeddedChannel()
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            let tunnel = try ProxyTunnel(
                ProxyTarget("socks5://ann:s%40cret@127.0.0.1"),
                to: TransportTarget(kind: .tcp, host: "a.b", port: 61613, isSecure: false), trace: .off)
            let future = tunnel.open(channel)
            for piece in pieces where !piece.isEmpty { try channel.writeInbound(ByteBuffer(bytes: piece)) }
            channel.embeddedEventLoop.run()
            #expect(try String(buffer: future.wait()) == early)
            var sent: [[UInt8]] = []
            while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
                sent.append(Array(bytes.readableBytesView))
            }
            #expect(sent.prefix(2) == [[5, 2, 0, 2], Self.loginBytes] && sent.count == 3)
            #expect(throws: (any Error).self) {
                try channel.pipeline.syncOperations.handler(type: SOCKSTunnelHandler.self)
            }
            _ = try? channel.finish()
        }
    }

    /// Bytes after a failure are dropped, and only the first failure is reported.
    @Test func theHandlerFailsOnce() throws {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let tunnel = try ProxyTunnel(
            ProxyTarget("socks5://127.0.0.1"),
            to: TransportTarget(kind: .tcp, host: "a.b", port: 61613, isSecure: false), trace: .off)
        let future = tunnel.open(channel)
        for piece in [[5, 0], [5, 5], Array(repeating: UInt8(0), count: 100_000)] {
            try channel.writeInbound(ByteBuffer(bytes: piece))
        }
        _ = try? channel.finish()
        let error = #expect(throws: TransportError.self) { try future.wait() }
        #expect(
            error
                == .proxy(.socksRefusal(by: "socks5://127.0.0.1:1080", askedFor: "a.b:61613", .connectionRefused)))
        #expect(error?.kind == .cannotConnect)
    }
}
