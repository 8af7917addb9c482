import NIOCore
import NIOHTTP1

/// A request that is here whole, and the answer that somebody gives to it, now or later, at once or bit by bit. It lives
/// on the event loop of its connection.
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
    /// How long the connection is kept for another request.
    private let keepAlive: TimeAmount
    private let trace: WireTrace
    private var writer = HTTPWriter()
    private var state = State.unanswered
    /// Called when the answer is whole.
    private let whenDone: (_ staysOpen: Bool) -> Void
    /// Called when the client has gone away before the answer was whole.
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

    /// Sends a whole answer.
    func answer(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ text: String = "") {
        var headers = headers
        // RFC 9110, section 8.6: there is none with a 204.
        if status != .noContent { headers.add(name: "Content-Length", value: "\(text.utf8.count)") }
        writeHead(status, headers)
        if !text.isEmpty { write(ByteBuffer(string: text), promise: nil) }
        end()
    }

    /// Sends the head of an answer whose body comes bit by bit.
    func writeHead(_ status: HTTPResponseStatus, _ headers: HTTPHeaders) {
        guard case .unanswered = state else { return }
        state = .answering
        var headers = headers
        if request.isKeepAlive {
            headers.add(name: "Keep-Alive", value: "timeout=\(keepAlive.nanoseconds / 1_000_000_000)")
        } else {
            headers.add(name: "Connection", value: "close")
        }
        // An answer as old as the request: HTTP/1.0 knows no chunks.
        let head = writer.bytes(
            of: HTTPResponseHead(version: request.version, status: status, headers: headers))
        trace.record(head: head, .outgoing)
        channel.write(head, promise: nil)
    }

    /// Sends a part of the body at once.
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

    /// The answer is whole.
    func end() {
        guard case .answering = state else { return }
        state = .over
        if let end = writer.bytesOfEnd() { channel.write(end, promise: nil) }
        channel.flush()
        whenDone(request.isKeepAlive)
    }

    /// Ends the connection in the midst of the answer.
    func abort() {
        state = .over
        channel.close(promise: nil)
    }

    /// The connection has ended.
    func connectionEnded() {
        if case .over = state { return }
        state = .over
        whenAborted()
    }
}
