import NIOCore
import NIOHTTP1

/// The client's end of an HTTP/1.1 connection: one exchange after the other.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// How long before the server closes an idle connection, as far as it tells, the connection is not used any more.
    static let idleMargin = TimeAmount.seconds(1)

    let channel: any Channel
    let tls: TLSSummary?
    private let trace: WireTrace
    private var reader: HTTPAnswerReader
    private var exchange: HTTPExchange?
    private var hasAnswer = false
    private var staysOpen = true
    /// When the server will have closed the connection for idleness.
    private var idleDeadline = NIODeadline.distantFuture
    private var idleTimeout: TimeAmount?
    /// Called when an exchange is over and another one may follow.
    var whenIdle: (HTTPConnection) -> Void = { _ in }

    private init(_ channel: any Channel, tls: TLSSummary?, trace: WireTrace) {
        self.channel = channel
        self.tls = tls
        self.trace = trace
        reader = HTTPAnswerReader(trace: trace)
    }

    /// Makes an HTTP connection of one that is open.
    static func add(to channel: any Channel, tls: TLSSummary?, trace: WireTrace) throws -> HTTPConnection {
        let connection = HTTPConnection(channel, tls: tls, trace: trace)
        let pipeline = channel.pipeline.syncOperations
        if trace.wants(.bytes) { try pipeline.addHandler(ByteTraceHandler(trace: trace)) }
        try pipeline.addHandler(connection)
        return connection
    }

    /// Whether another exchange may begin.
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
        // It fails on a channel that is closed already, which is told otherwise.
        try? channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    func abort() {
        exchange = nil
        reader.stop()
        channel.close(promise: nil)
    }

    // MARK: - What comes

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

    // MARK: - The end

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
    /// How long the server keeps an idle connection, where it says so: `Keep-Alive: timeout=5`.
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

/// A request and its answer, which is told as it comes. It lives on the event loop of its client.
final class HTTPExchange {
    enum Event {
        case head(HTTPResponseHead)
        case body(ByteBuffer)
        /// What one read brought is told: now is the time to pass it on.
        case readComplete
        /// The answer is whole. It is the last event.
        case end
        /// There will be no answer, or no more of it. It is the last event.
        case failed(TransportError)
    }

    /// Where the request goes, for people: without the query, which may hold secrets.
    let url: String
    let isSecure: Bool
    let head: HTTPRequestHead
    let body: ByteBuffer?
    let identity: HTTPIdentity

    private var handler: ((Event) -> Void)?
    private weak var connection: HTTPConnection?
    private(set) var isReading = true
    /// Gives up the connecting, as long as there is no connection.
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

    /// The request as a failure names it.
    var summary: HTTPRequestSummary {
        HTTPRequestSummary(.method(head.method.rawValue), url, isSecure: isSecure)
    }

    /// The connection that the exchange is made on.
    var channel: (any Channel)? { connection?.channel }

    /// Stops the reading of the answer and starts it again.
    func setReading(_ isReading: Bool) {
        self.isReading = isReading
        connection?.setReading(isReading)
    }

    /// Ends the exchange, and the connection with it. Nothing more is told.
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
