import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// TLS streams over sockets.
@Suite(.spawning) struct TLSStreamTests {
    /// A client and a server of this package.
    private struct Pair {
        let client: Inbox
        let server: Inbox
        let stream: any TransportStream
        let accepted: any TransportStream
        private let listener: TransportListener

        init(_ above: Above, keepsBytes: Bool = true, options: TransportOptions = TransportOptions()) async throws {
            (client, server) = (Inbox(keepsBytes: keepsBytes), Inbox(keepsBytes: keepsBytes))
            listener = try await listenTLS(above, TLSServerOptions(), options: options, accept: server.factory)
            stream = try await connectTLS(above, to: listener.port, options: options, client: client)
            accepted = try #require(try await server.wait { $0.stream != nil }.stream)
        }

        func close() async {
            stream.abort()
            await listener.close()
        }

        /// Runs `body` below TLS on the server side.
        func belowTLS(_ body: @escaping @Sendable (ChannelHandlerContext) -> Void) async throws {
            let channel = try #require(accepted as? ChannelStream).channel
            try await channel.eventLoop.submit {
                body(try channel.pipeline.syncOperations.context(handlerType: TLSHandler.self))
            }.get()
        }
    }

    // MARK: - Large transfers

    private static let messages = 64
    private static let size = 1 << 20

    /// Each message repeats its number every 4 KiB.
    private static func message(_ number: Int) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: size)
        let filling = ByteBuffer(bytes: (0..<4088).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) })
        while buffer.readableBytes < size {
            buffer.writeInteger(UInt64(number))
            buffer.writeImmutableBuffer(filling)
        }
        return buffer
    }

    @Test(arguments: Above.allCases) func manyLargeMessagesArriveEqualBothWays(_ above: Above) async throws {
        let pair = try await Pair(above)
        let messages = (0..<Self.messages).map(Self.message)
        // A WebSocket client masks each byte, which is slow in a debug build.
        let fromClient = above == .tcp ? messages : Array(messages.prefix(8))
        for (stream, messages) in [(pair.stream, fromClient), (pair.accepted, messages)] {
            try await stream.perform { stream in
                for message in messages {
                    stream.write(message, promise: nil)
                    stream.flush()
                }
            }
        }
        for (inbox, messages) in [(pair.client, messages), (pair.server, fromClient)] {
            let total = messages.count * Self.size
            let contents = try await inbox.wait(within: .seconds(120)) { $0.bytes >= total || !$0.endings.isEmpty }
            #expect(contents.bytes == total && contents.endings.isEmpty)
            var received = ByteBufferAllocator().buffer(capacity: total)
            for chunk in contents.chunks { received.writeImmutableBuffer(chunk) }
            for message in messages {
                // As a Bool, so that a failure does not print a mebibyte.
                let isEqual = received.readSlice(length: Self.size) == message
                #expect(isEqual)
            }
        }
        await pair.close()
    }

    // MARK: - Back-pressure

    @Test(arguments: Above.allCases) func aStoppedReaderHoldsUpTheWriter(_ above: Above) async throws {
        let pair = try await Pair(above, keepsBytes: false)
        try await pair.stream.perform { $0.setReading(false) }
        let chunk = ByteBuffer(repeating: 1, count: 16 << 10)
        let total = 32 << 20
        try await pair.accepted.perform { stream in
            var written = 0
            while stream.isWritable && written < total {
                stream.write(chunk, promise: nil)
                written += chunk.readableBytes
            }
            #expect(written < 1 << 20, "what is not flushed counts as well")
            // Now write as a caller should not: more than all system buffers hold.
            while written < total {
                stream.write(chunk, promise: nil)
                written += chunk.readableBytes
            }
            stream.flush()
        }
        try await pair.accepted.perform { #expect($0.queuedBytes > total / 2) }
        // At most the data of one read cycle is decrypted ahead of the reader.
        let ahead = pair.client.contents.bytes
        #expect(ahead <= Int(StreamPipeline.readsInARow) * StreamPipeline.largestRead)
        try await pair.stream.perform { $0.setReading(true) }
        try await pair.client.wait { $0.bytes == total }
        await pair.close()
    }

    // MARK: - Ends

    @Test(arguments: Above.allCases) func eitherSideMayEndTheStream(_ above: Above) async throws {
        for endsAtClient in [true, false] {
            let pair = try await Pair(above)
            let (ending, other) = endsAtClient ? (pair.stream, pair.server) : (pair.accepted, pair.client)
            try await ending.perform {
                $0.write(ByteBuffer(string: "last words"), promise: nil)
                $0.close()
            }
            #expect(try await other.end() == nil)
            #expect(other.contents.text == "last words")
            #expect(try await (endsAtClient ? pair.client : pair.server).end() == nil)
            #expect(other.contents.closures.map(\.isClean) == [true])
            await pair.close()
        }
    }

    @Test(arguments: Above.allCases) func aStreamThatIsCutOffIsAnError(_ above: Above) async throws {
        let pair = try await Pair(above)
        try await pair.accepted.send("MESSAGE\n\nhalf of a frame")
        try await pair.client.wait { $0.text == "MESSAGE\n\nhalf of a frame" }
        try await pair.belowTLS { $0.close(promise: nil) }
        let error = try await pair.client.end()
        #expect(error?.kind == .connectionLost)
        #expect(error == .tls(.noCloseNotify))
        await pair.close()
    }

    @Test(arguments: Above.allCases) func plainBytesInTheStreamAreAnError(_ above: Above) async throws {
        let pair = try await Pair(above)
        try await pair.accepted.send("fine")
        try await pair.belowTLS { $0.writeAndFlush(NIOAny(ByteBuffer(string: "MESSAGE\n\nplain\0")), promise: nil) }
        let error = try await pair.client.end()
        #expect(pair.client.contents.text == "fine")
        #expect(error?.kind == .protocolViolation)
        guard case .tls(.invalidRecord) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await pair.close()
    }

    @Test func theTraceShowsWhatIsInTheRecords() async throws {
        let trace = Trace(.bytes)
        var options = TransportOptions()
        options.trace = trace.wire
        try await withTLSServer { port in
            let client = Inbox()
            let stream = try await connectTLS(to: port, options: options, client: client)
            try await stream.send("hello")
            try await client.wait { $0.text == "hello" }
            #expect(trace.lines.contains("tcp outgoing bytes hello"))
            #expect(trace.lines.contains("tcp incoming bytes hello"))
            stream.abort()
        }
    }

    // MARK: - OpenSSL as the peer

    @Test(arguments: [true, false]) func anOpenSSLServersCloseDiffersFromItsDeath(_ isClean: Bool) async throws {
        try await withOpenSSLServer("-rev") { port, server in
            let client = Inbox()
            let stream = try await connectTLS(to: port, client: client)
            try await stream.send("abc\n")
            try await client.wait { $0.text == "cba\n" }
            if isClean { try await stream.send("CLOSE\n") } else { server.send(signal: 9) }
            let error = try await client.end()
            #expect(error == (isClean ? nil : .tls(.noCloseNotify)))
        }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func anOpenSSLClientIsServed(_ version: String) async throws {
        let server = Inbox()
        try await withTLSServer(.tcp, TLSServerOptions("chain", clientCA: "ca"), accept: server.factory) { port in
            let files = Certificates.shared
            var program = Program(
                "/usr/bin/openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", files.path("ca.pem"),
                    "-verify_return_error", "-verify_hostname", "localhost", "-quiet", "-no_ign_eof", version, "-cert",
                    files.path("client.pem"), "-key", files.path("key.pem"),
                ])
            program.input = .open
            try await program.start { client in
                client.write("hello\n")
                let accepted = try #require(try await server.wait { $0.text == "hello\n" }.stream)
                try await accepted.send("welcome\n")
                try await client.waitFor("welcome\n")
                client.closeInput()
                #expect(try await server.end() == nil)
                #expect(try await client.result().status == .exited(0))
            }
        }
    }

    @Test func anOpenSSLClientThatDoesNotTrustUsIsHeard() async throws {
        let trace = Trace(.layers)
        var options = TransportOptions()
        options.trace = trace.wire
        try await withTLSServer(options: options) { port in
            let program = Program(
                "/usr/bin/openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", Certificates.shared.path("other-ca.pem"),
                    "-verify_return_error",
                ])
            let result = try await program.run()
            #expect(result.status == .exited(1))
        }
        let certificate = try await eventually {
            trace.failures.lazy.compactMap { error in
                if case .tls(.certificateRejected(by: .client, let certificate, _, TLSAlert(number: 48))) = error {
                    certificate
                } else {
                    nil
                }
            }.first
        } otherwise: {
            "\(trace.lines)"
        }
        #expect(certificate.subject == "CN=server")
    }
}
