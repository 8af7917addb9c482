import NIOCore
import NIOHTTP1

/// The client side of an HTTP/1.1 connection, with one exchange at a time.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// A connection is not reused within this time before the idle timeout that the server announced.
    static let idleMargin = TimeAmount.seconds(1)

    let channel: any Channel
    let tls: TLSSummary?
    private let trace: WireTrace
    private var reader: HTTPAnswerReader
    private var exchange: HTTPExchange?
    private var hasAnswer = false
    private var staysOpen = true
    /// When the server closes the connection because it is idle.
    private var idleDeadline = NIODeadline.distantFuture
    private var idleTimeout: TimeAmount?
    /// Called when an exchange is finished and another one may start.
    var whenIdle: (HTTPConnection) -> Void = { _ in }

    private init(_ channel: any Channel, tls: TLSSummary?, trace: WireTrace) {
        self.channel = channel
        self.tls = tls
        self.trace = trace
        reader = HTTPAnswerReader(trace: trace)
    }

    /// Adds HTTP to an open channel.
    static func add(to channel: any Channel, tls: TLSSummary?, trace: WireTrace) throws -> HTTPConnection {
        let connection = HTTPConnection(channel, tls: tls, trace: trace)
        let pipeline = channel.pipeline.syncOperations
        if trace.wants(.bytes) { try pipeline.addHandler(ByteTraceHandler(trace: trace)) }
        try pipeline.addHandler(connection)
        return connection
    }

    /// Whether another exchange may start.
    var isUsable: Bool { exchange == nil && staysOpen && channel.isActive && .now() < idleDeadline }

    func start(_ exchange: HTTPExchange) {
        self.exchange = exchange
        hasAnswer = false
        exchange.start(on: self)
        setReading(exchange.isReading)
        reader.expectAnswer(to: exchange.head.method)
        var writer = HTTPWriter()
        let head = writer.bytes(of: exchange.head)
        trace.record(head: head, .outgoing)
        channel.write(head, promise: nil)
        if let body = exchange.body {
            for bytes in writer.bytes(ofBody: body) { channel.write(bytes, promise: nil) }
        }
        if let end = writer.bytesOfEnd() { channel.write(end, promise: nil) }
        channel.flush()
    }

    func setReading(_ isReading: Bool) {
        // This fails if the channel is already closed, which is reported separately.
        try? channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    func abort() {
        exchange = nil
        reader.stop()
        channel.close(promise: nil)
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.append(Self.unwrapInboundIn(data))
        do throws(HTTPReader.Violation) {
            while let part = try reader.next() { receive(part) }
        } catch {
            let peer = addressText(channel.remoteAddress)
            if let exchange { fail(.http(reader.failure(error, of: exchange.url, from: peer))) }
            close()
        }
    }

    private func receive(_ part: HTTPAnswerReader.Part) {
        switch part {
        case .head(let head, let framing):
            guard let exchange else {
                trace.record(.frames) { WireEvent(.http, .local, .frames, .unsolicitedAnswer) }
                return close()
            }
            hasAnswer = true
            staysOpen = head.isKeepAlive && framing != .untilClose && head.status.code != 101
            idleTimeout = head.headers.keepAliveTimeout
            exchange.receive(.head(head))
        case .body(let bytes):
            exchange?.receive(.body(bytes))
        case .end:
            finishExchange()
        }
    }

    private func finishExchange() {
        guard let exchange else { return }
        self.exchange = nil
        setReading(true)
        idleDeadline = idleTimeout.map { .now() + max(.zero, $0 - Self.idleMargin) } ?? .distantFuture
        if staysOpen { whenIdle(self) } else { channel.close(promise: nil) }
        exchange.receive(.end)
    }

    func channelReadComplete(context: ChannelHandlerContext) { exchange?.receive(.readComplete) }

    // MARK: - Closing

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { inputEnded() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) { inputEnded() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(TransportError(breaking: error, with: addressText(channel.remoteAddress)))
        close()
    }

    private func inputEnded() {
        staysOpen = false
        if reader.finish() { return finishExchange() }
        guard let exchange else { return }
        if hasAnswer {
            fail(.http(.answerCutShort(of: exchange.url)))
        } else if reader.rest.readableBytes == 0 {
            fail(.http(.connectionClosed(beforeAnswerTo: exchange.summary)))
        } else {
            fail(.http(reader.failure(of: exchange.url)))
        }
        close()
    }

    private func close() {
        staysOpen = false
        reader.stop()
        channel.close(promise: nil)
    }

    private func fail(_ error: TransportError) {
        guard let exchange else { return }
        self.exchange = nil
        exchange.receive(.failed(error))
    }
}

extension HTTPHeaders {
    /// How long the server keeps an idle connection, if it announces that: `Keep-Alive: timeout=5`.
    fileprivate var keepAliveTimeout: TimeAmount? {
        for parameter in self[canonicalForm: "Keep-Alive"] {
            let words = parameter.split(separator: "=", maxSplits: 1)
            if words.count == 2, words[0].lowercased() == "timeout", let seconds = Int32(words[1]), seconds >= 0 {
                return .seconds(Int64(seconds))
            }
        }
        return nil
    }
}

/// A request and its response, which is reported as it arrives. It must be used on the event loop of its client.
final class HTTPExchange {
    enum Event {
        case head(HTTPResponseHead)
        case body(ByteBuffer)
        /// Everything from one read has been reported; the handler may now pass it on.
        case readComplete
        /// The response is complete. This is the last event.
        case end
        /// There will be no response, or no more of it. This is the last event.
        case failed(TransportError)
    }

    /// The URL for display: without the query, which may contain secrets.
    let url: String
    let isSecure: Bool
    let head: HTTPRequestHead
    let body: ByteBuffer?
    let identity: HTTPIdentity

    private var handler: ((Event) -> Void)?
    private weak var connection: HTTPConnection?
    private(set) var isReading = true
    /// Cancels the connection attempt, while there is no connection.
    var stopConnecting: () -> Void = {}

    init(
        url: String, isSecure: Bool, head: HTTPRequestHead, body: ByteBuffer?, identity: HTTPIdentity,
        handler: @escaping (Event) -> Void
    ) {
        self.url = url
        self.isSecure = isSecure
        self.head = head
        self.body = body
        self.identity = identity
        self.handler = handler
    }

    var isOver: Bool { handler == nil }

    /// The request as failures show it.
    var summary: HTTPRequestSummary {
        HTTPRequestSummary(.method(head.method.rawValue), url, isSecure: isSecure)
    }

    /// The channel of the exchange; nil while there is no connection.
    var channel: (any Channel)? { connection?.channel }

    /// Stops or resumes reading the response.
    func setReading(_ isReading: Bool) {
        self.isReading = isReading
        connection?.setReading(isReading)
    }

    /// Cancels the exchange and closes its connection. No more events are reported.
    func cancel() {
        guard handler != nil else { return }
        handler = nil
        stopConnecting()
        connection?.abort()
    }

    func start(on connection: HTTPConnection) {
        self.connection = connection
        stopConnecting = {}
    }

    func receive(_ event: Event) {
        guard let handler else { return }
        switch event {
        case .end, .failed: self.handler = nil
        case .head, .body, .readComplete: break
        }
        handler(event)
    }
}
