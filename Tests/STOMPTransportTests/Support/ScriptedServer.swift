import NIOCore
import STOMPTransport

/// A TCP server that takes an HTTP request and answers it with the octets it was told to.
struct ScriptedServer {
    /// What is done once the request is here.
    struct Reply: Sendable {
        var octets: ByteBuffer
        /// Whether each octet is sent in a segment of its own.
        var isSplit = false
        var closes = false

        static func text(_ text: String, closes: Bool = false) -> Reply {
            Reply(octets: ByteBuffer(string: text), closes: closes)
        }

        static let silence = Reply(octets: ByteBuffer())
    }

    /// A key and what answers it, both from RFC 6455, section 1.3.
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    static let switching =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: \(accept)\r\n"

    /// What clients have sent.
    let inbox = Inbox()
    let port: Int
    private let listener: TransportListener

    init(_ reply: Reply) async throws {
        let inbox = inbox
        listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions()
        ) { stream in Script(reply: reply, stream: stream, inner: inbox.factory(stream)) }
        port = listener.port
    }

    func stop() async {
        inbox.contents.stream?.abort()
        await listener.close()
    }

    /// Options whose request has the key that `accept` answers.
    static var options: TransportOptions {
        var options = TransportOptions()
        options.httpHeaders = [("Sec-WebSocket-Key", key)]
        return options
    }

    /// What becomes of a client that asks this server for a WebSocket.
    static func error(
        of reply: Reply, options: TransportOptions = options, within limit: TimeAmount = .seconds(20),
        on eventLoop: any EventLoop = group.next()
    ) async throws -> TransportError? {
        let server = try await ScriptedServer(reply)
        let error = await transportError {
            let stream = try await TransportConnector(options: options).connect(
                to: .webSocket(server.port), on: eventLoop, deadline: .now() + limit, receiver: Inbox().factory)
            stream.abort()
        }
        // Nothing is left open: the server sees the end.
        _ = try await server.inbox.end()
        await server.stop()
        return error?.withoutPort(server.port)
    }
}

private final class Script: TransportReceiver {
    private let reply: ScriptedServer.Reply
    private let stream: any TransportStream
    private let inner: any TransportReceiver
    private var request = ""

    init(reply: ScriptedServer.Reply, stream: any TransportStream, inner: any TransportReceiver) {
        self.reply = reply
        self.stream = stream
        self.inner = inner
    }

    func received(_ octets: ByteBuffer) {
        inner.received(octets)
        let isAnswered = request.contains("\r\n\r\n")
        request += String(buffer: octets)
        guard !isAnswered, request.contains("\r\n\r\n") else { return }
        var rest = reply.octets
        while let octet = rest.readSlice(length: reply.isSplit ? 1 : max(1, rest.readableBytes)) {
            stream.write(octet, promise: nil)
            stream.flush()
        }
        if reply.closes { stream.close() }
    }

    func receivedAll() { inner.receivedAll() }
    func happened(_ event: TransportEvent) { inner.happened(event) }
    func writabilityChanged(_ isWritable: Bool) { inner.writabilityChanged(isWritable) }
    func ended(_ error: TransportError?) { inner.ended(error) }
}
