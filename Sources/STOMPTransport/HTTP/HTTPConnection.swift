import NIOCore
import NIOHTTP1

/// The client's end of an HTTP/1.1 connection: one exchange after the other.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// How long before the server closes an idle connection, as far as it tells, the connection is not used any more.
    static let idleMargin = TimeAmount.seconds(1)

    let channel: any Channel
    let tls: TLSSummary?
    private let recorder: HTTPHeadRecorder
    private let trace: WireTrace
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
        recorder = HTTPHeadRecorder(trace: trace)
    }

    /// Makes an HTTP connection of one that stands.
    static func add(to channel: any Channel, tls: TLSSummary?, trace: WireTrace) throws -> HTTPConnection {
        let connection = HTTPConnection(channel, tls: tls, trace: trace)
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = 64 << 10
        let decoder = HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        let pipeline = channel.pipeline.syncOperations
        if trace.wants(.octets) { try pipeline.addHandler(OctetTraceHandler(trace: trace)) }
        try pipeline.addHandlers(
            connection.recorder, HTTPRequestEncoder(), ByteToMessageHandler(decoder), connection)
        return connection
    }

    /// Whether another exchange may begin.
    var isUsable: Bool { exchange == nil && staysOpen && channel.isActive && .now() < idleDeadline }

    var reason: String { recorder.reason }

    func begin(_ exchange: HTTPExchange) {
        self.exchange = exchange
        hasAnswer = false
        recorder.reset()
        exchange.begin(on: self)
        setReading(exchange.isReading)
        channel.write(HTTPClientRequestPart.head(exchange.head), promise: nil)
        if let body = exchange.body {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    func setReading(_ isReading: Bool) {
        // It fails on a channel that is closed already, which is told otherwise.
        try? channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    func abort() {
        exchange = nil
        channel.close(promise: nil)
    }

    // MARK: - What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            hasAnswer = true
            staysOpen = head.isKeepAlive
            idleTimeout = head.headers.keepAliveTimeout
            exchange.tell(.head(head))
        case .body(let octets):
            exchange.tell(.body(octets))
        case .end:
            self.exchange = nil
            setReading(true)
            idleDeadline = idleTimeout.map { .now() + max(.zero, $0 - Self.idleMargin) } ?? .distantFuture
            if staysOpen { whenIdle(self) } else { channel.close(promise: nil) }
            exchange.tell(.end)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { exchange?.tell(.readComplete) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if exchange == nil, error is NIOHTTPDecoderError {
            trace.record(.frames) {
                WireEvent(.http, .local, .frames, .unsolicitedAnswer)
            }
        }
        staysOpen = false
        fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        staysOpen = false
        fail(ChannelError.eof)
    }

    private func fail(_ error: any Error) {
        guard let exchange else { return }
        self.exchange = nil
        exchange.tell(.failed(transportError(error, of: exchange)))
    }

    private func transportError(_ error: any Error, of exchange: HTTPExchange) -> TransportError {
        if let failure = recorder.failure { return failure }
        switch error {
        case let error as TransportError:
            return error
        case HTTPParserError.headerOverflow:
            return .http(.headTooLarge(of: exchange.url))
        case HTTPParserError.invalidEOFState, ChannelError.eof:
            break
        case is HTTPParserError, is NIOHTTPDecoderError:
            return violation(exchange)
        default:
            return TransportError(breaking: error, with: addressText(channel.remoteAddress))
        }
        if hasAnswer {
            return .http(.answerCutShort(of: exchange.url))
        } else if recorder.incoming.readableBytes == 0 {
            return .http(.connectionClosed(beforeAnswerTo: exchange.summary))
        }
        return violation(exchange)
    }

    private func violation(_ exchange: HTTPExchange) -> TransportError {
        .http(recorder.violation(by: exchange.url))
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
