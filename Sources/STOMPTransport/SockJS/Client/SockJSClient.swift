import NIOCore

/// Carries the frames of a session to the client and its messages to the server. It lives on the event loop of the
/// session.
protocol SockJSTransportDriver: AnyObject {
    var isWritable: Bool { get }
    var queuedBytes: Int { get }
    /// Queues a message, which is a JSON string.
    func write(_ message: ByteBuffer, promise: EventLoopPromise<Void>?)
    func flush()
    func setReading(_ isReading: Bool)
    func request(_ request: TransportRequest)
    /// Ends the session after everything written is sent; then calls ``SockJSClient/ended(_:)``.
    func close()
    /// Ends the session at once, without a callback.
    func abort()
}

/// The client's end of a SockJS session, from the first request on. It lives on its event loop.
final class SockJSClient: SockJSEnd {
    let options: TransportOptions
    let eventLoop: any EventLoop
    private let url: String
    private let transport: SockJSTransport
    private let attempts: [FailedTransport]
    private let makeReceiver: TransportReceiverFactory
    private let promise: EventLoopPromise<any TransportStream>

    private var session = SockJSSession()
    private var driver: (any SockJSTransportDriver)?
    private var receiver: (any TransportReceiver)?
    private var remoteAddress = ""
    private var tlsSummary: TLSSummary?
    private var hasReceived = false
    private var isWritabilityEventPending = false
    private var isOver = false

    /// - Parameters:
    ///   - url: the base URL, for display.
    ///   - attempts: the transports that were tried before.
    init(
        at url: String, transport: SockJSTransport, options: TransportOptions, eventLoop: any EventLoop,
        attempts: [FailedTransport], receiver: @escaping TransportReceiverFactory
    ) {
        self.url = url
        self.transport = transport
        self.options = options
        self.eventLoop = eventLoop
        self.attempts = attempts
        makeReceiver = receiver
        promise = eventLoop.makePromise()
    }

    /// The stream, once the session is open, or the error that prevented it.
    var future: EventLoopFuture<any TransportStream> { promise.futureResult }

    var state: SockJSSession.State { session.state }

    func attach(_ driver: any SockJSTransportDriver) {
        guard !isOver else { return driver.abort() }
        self.driver = driver
    }

    /// Sets the peer's address and TLS, as soon as they are known.
    func reached(_ remoteAddress: String, tls: TLSSummary?) {
        self.remoteAddress = remoteAddress
        tlsSummary = tls
    }

    // MARK: - Receiving

    /// Handles a frame from the server.
    func received(_ bytes: ByteBuffer) {
        guard session.state == .opening || session.state == .open else { return }
        let frame: SockJSFrame
        do throws(TransportError) {
            frame = try SockJSFrame(bytes)
        } catch {
            return fail(error)
        }
        options.trace.record(.layers) {
            WireEvent(.sockjs, .incoming, .layers, .sockJSFrame(frame.envelope), bytes: bytes)
        }
        switch session.received(frame) {
        case .nothing:
            break
        case .opened:
            opened()
        case .alive:
            happened(.alive)
        case .deliver(let messages):
            deliver(messages)
        case .closed(let closure):
            receiver?.happened(.closed(closure))
            end(nil)
        case .fail(let error):
            end(error)
        }
    }

    /// All messages of one read have been delivered.
    func receivedAll() {
        guard hasReceived else { return }
        hasReceived = false
        receiver?.receivedAll()
    }

    /// Passes an event of the layer below to the receiver, if there is one.
    func happened(_ event: TransportEvent) {
        receiver?.happened(event)
    }

    /// Handles the end of a response that carries frames.
    ///
    /// - Returns: the delay before the next request; nil for no further request.
    func responseEnded() -> TimeAmount? {
        switch session.responseEnded() {
        case .nothing: return nil
        case .receive(let delay): return delay
        case .fail(let error):
            end(error)
            return nil
        }
    }

    func writabilityChanged() {
        // Deferred: writability changes during the receiver's own write, where the receiver must not be called.
        guard !isWritabilityEventPending else { return }
        isWritabilityEventPending = true
        eventLoop.assumeIsolated().execute { [self] in
            isWritabilityEventPending = false
            guard session.state == .open, let driver else { return }
            receiver?.writabilityChanged(driver.isWritable)
        }
    }

    /// Ends the session because the driver failed.
    func fail(_ error: TransportError) { end(error) }

    /// Handles the end of the driver without a close frame.
    func ended(_ error: TransportError?) {
        if session.state == .opening, error == nil {
            return end(.sockJS(.endedBeforeOpening))
        }
        end(session.state == .closing ? nil : error)
    }

    private func opened() {
        let description = TransportDescription(
            .sockJS(transport), remoteAddress: remoteAddress, tlsSummary: tlsSummary,
            carriesOnlyText: true, attempts: attempts)
        let stream = SockJSStream(self, on: eventLoop, description: description)
        options.trace.record(.frames) { WireEvent(.sockjs, .local, .frames, .sockJSOpened(transport, at: url)) }
        receiver = makeReceiver(stream)
        promise.succeed(stream)
    }

    private func deliver(_ messages: SockJSMessages) {
        if !messages.isUTF8 {
            guard options.acceptsInvalidUTF8 else {
                return end(.sockJS(.messageNotUTF8))
            }
            receiver?.happened(.invalidUTF8)
        }
        // The receiver may end the session during this loop.
        for text in messages.texts where session.state == .open && text.readableBytes > 0 {
            hasReceived = true
            receiver?.received(text)
        }
        // An empty array and empty strings are signs of life too.
        if !hasReceived { happened(.alive) }
    }

    private func end(_ error: TransportError?) {
        guard !isOver else { return }
        isOver = true
        session.end()
        driver?.abort()
        driver = nil
        guard let receiver else { return promise.fail(error.map { $0 as any Error } ?? CancellationError()) }
        self.receiver = nil
        // Deferred: the session may end inside a call from the receiver, where the receiver must not be called.
        eventLoop.assumeIsolated().execute { receiver.ended(error) }
    }

    // MARK: - Sending

    var isWritable: Bool { driver?.isWritable ?? false }
    var queuedBytes: Int { driver?.queuedBytes ?? 0 }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard session.state == .open, let driver else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard bytes.isUTF8 else {
            let error = TransportError.sockJS(.cannotSendBinary(from: .client))
            // Without a promise, the error would not be reported and the server would miss a frame.
            guard let promise else { return end(error) }
            return promise.fail(error)
        }
        guard bytes.readableBytes > 0 else {
            promise?.succeed()
            return
        }
        let pieces = SockJSMessages.quoted(bytes, limit: options.split)
        for (index, piece) in pieces.enumerated() {
            driver.write(piece, promise: index == pieces.count - 1 ? promise : nil)
        }
        options.trace.record(.layers) {
            WireEvent(.sockjs, .outgoing, .layers, .sockJSMessageSent, bytes: bytes)
        }
    }

    func flush() { driver?.flush() }
    func setReading(_ isReading: Bool) { driver?.setReading(isReading) }

    func request(_ request: TransportRequest) {
        switch request {
        case .close:
            session.close()
            driver?.request(request)
        case .ping:
            driver?.request(request)
        case .messages:
            // All are text.
            break
        }
    }

    func close() {
        guard session.state == .open else { return }
        session.close()
        driver?.close()
    }

    func abort() { end(nil) }
}

/// One end of a session, the client's or the server's. It lives on an event loop.
protocol SockJSEnd: AnyObject {
    var isWritable: Bool { get }
    var queuedBytes: Int { get }
    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?)
    func flush()
    func setReading(_ isReading: Bool)
    func request(_ request: TransportRequest)
    /// See ``TransportStream/limitMessages(to:)``.
    func limitMessages(to bytes: Int?)
    func close()
    func abort()
}

extension SockJSEnd {
    func limitMessages(to bytes: Int?) {}
}

/// The stream of a session.
struct SockJSStream<End: SockJSEnd>: TransportStream {
    let eventLoop: any EventLoop
    let description: TransportDescription
    private let end: NIOLoopBound<End>

    init(_ end: End, on eventLoop: any EventLoop, description: TransportDescription) {
        self.eventLoop = eventLoop
        self.description = description
        self.end = NIOLoopBound(end, eventLoop: eventLoop)
    }

    var isWritable: Bool { end.value.isWritable }
    var queuedBytes: Int { end.value.queuedBytes }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) { end.value.write(bytes, promise: promise) }
    func flush() { end.value.flush() }
    func setReading(_ isReading: Bool) { end.value.setReading(isReading) }
    func request(_ request: TransportRequest) { end.value.request(request) }
    func limitMessages(to bytes: Int?) { end.value.limitMessages(to: bytes) }
    func close() { end.value.close() }
    func abort() { end.value.abort() }
}
