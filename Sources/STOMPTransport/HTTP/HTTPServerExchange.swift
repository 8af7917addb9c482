import NIOCore
import NIOHTTP1

/// A complete request and the response to it, which may be sent later and in parts. It must be used on the event
/// loop of its connection.
final class HTTPServerExchange {
    private enum State {
        case unanswered
        /// The head is sent.
        case answering
        case over
    }

    let request: HTTPRequestHead
    let body: ByteBuffer
    let channel: any Channel
    /// How long the connection stays open for another request.
    private let keepAlive: TimeAmount
    private let trace: WireTrace
    private var writer = HTTPWriter()
    private var state = State.unanswered
    /// Called when the response is complete.
    private let whenDone: (_ staysOpen: Bool) -> Void
    /// Called when the client disconnects before the response is complete.
    var whenAborted: () -> Void = {}

    init(
        _ request: HTTPRequestHead, body: ByteBuffer, channel: any Channel, keepAlive: TimeAmount,
        trace: WireTrace, whenDone: @escaping (_ staysOpen: Bool) -> Void
    ) {
        self.request = request
        self.body = body
        self.channel = channel
        self.keepAlive = keepAlive
        self.trace = trace
        self.whenDone = whenDone
    }

    var eventLoop: any EventLoop { channel.eventLoop }

    /// Sends a complete response.
    func answer(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ text: String = "") {
        var headers = headers
        // A 204 response has no Content-Length (RFC 9110, section 8.6).
        if status != .noContent { headers.add(name: "Content-Length", value: "\(text.utf8.count)") }
        writeHead(status, headers)
        if !text.isEmpty { write(ByteBuffer(string: text), promise: nil) }
        end()
    }

    /// Sends the head of a response whose body is sent in parts.
    func writeHead(_ status: HTTPResponseStatus, _ headers: HTTPHeaders) {
        guard case .unanswered = state else { return }
        state = .answering
        var headers = headers
        if request.isKeepAlive {
            headers.add(name: "Keep-Alive", value: "timeout=\(keepAlive.nanoseconds / 1_000_000_000)")
        } else {
            headers.add(name: "Connection", value: "close")
        }
        // The response has the version of the request, because HTTP/1.0 has no chunked coding.
        let head = writer.bytes(
            of: HTTPResponseHead(version: request.version, status: status, headers: headers))
        trace.record(head: head, .outgoing)
        channel.write(head, promise: nil)
    }

    /// Sends and flushes a part of the body.
    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard case .answering = state else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        var pieces = writer.bytes(ofBody: bytes)
        let last = pieces.popLast() ?? ByteBuffer()
        for piece in pieces { channel.write(piece, promise: nil) }
        channel.writeAndFlush(last, promise: promise)
    }

    /// Completes the response.
    func end() {
        guard case .answering = state else { return }
        state = .over
        if let end = writer.bytesOfEnd() { channel.write(end, promise: nil) }
        channel.flush()
        whenDone(request.isKeepAlive)
    }

    /// Closes the connection before the response is complete.
    func abort() {
        state = .over
        channel.close(promise: nil)
    }

    /// Called when the connection has ended.
    func connectionEnded() {
        if case .over = state { return }
        state = .over
        whenAborted()
    }
}
