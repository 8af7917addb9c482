import NIOCore
import STOMPTransport
import TestSupport

extension ScriptedServer {
    /// The server's reaction after it received an HTTP request head.
    struct Reply: Sendable {
        var bytes: ByteBuffer
        /// Whether each byte is sent in its own segment.
        var isSplit = false
        var closes = false

        static func text(_ text: String, closes: Bool = false) -> Reply {
            Reply(bytes: ByteBuffer(string: text), closes: closes)
        }

        static let silence = Reply(bytes: ByteBuffer())

        var steps: [Step] {
            let bytes = Array(bytes.readableBytesView)
            let sent = isSplit ? bytes.map { Step.send([$0]) } : bytes.isEmpty ? [] : [.send(bytes)]
            return [.awaitText("\r\n\r\n")] + sent + (closes ? [] : [.stall])
        }
    }

    /// A key and its accept value, both from RFC 6455, section 1.3.
    static var key: String { "dGhlIHNhbXBsZSBub25jZQ==" }
    static var accept: String { "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }
    static var switching: String {
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(accept)\r\n"
    }

    /// Options whose request has the key that matches `accept`.
    static var options: TransportOptions {
        var options = TransportOptions()
        options.httpHeaders = [("Sec-WebSocket-Key", key)]
        return options
    }

    /// Runs the server while `body` runs, with the same reply on each connection.
    static func run<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ reply: Reply,
        _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        try await run(script: { _ in reply.steps }, body)
    }

    /// The error of a client that requests a WebSocket from such a server.
    static func error(
        of reply: Reply, options: TransportOptions = options, within limit: TimeAmount = .seconds(20),
        on eventLoop: any EventLoop = group.next()
    ) async throws -> TransportError? {
        try await run(reply) { server in
            let error = await transportError {
                let stream = try await TransportConnector(options: options).connect(
                    to: .webSocket(server.port), on: eventLoop, deadline: .now() + limit, receiver: Inbox().factory)
                stream.abort()
            }
            // No connection stays open: the server sees its end.
            _ = try await server.receivedWhole()
            return error?.withoutPort(server.port)
        }
    }
}
