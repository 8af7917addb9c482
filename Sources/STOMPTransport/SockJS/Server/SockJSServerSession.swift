import NIOConcurrencyHelpers
import NIOCore

/// The server's end of a session whose frames go in HTTP responses. It lives on the event loop of its first request.
final class SockJSServerSession: SockJSEnd {
    private enum State {
        /// Nobody has received anything yet.
        case new
        case open
        /// This side ends it, once the client has taken what is here and this frame.
        case closing(ByteBuffer)
        /// This frame is all that the client is told any more.
        case closed(ByteBuffer)
        case gone
    }

    /// What became of messages that came.
    enum Delivery {
        case taken
        /// Too much waits already.
        case refused
        case unknownSession
    }

    /// The most bytes that a response's connection is given before it has sent them.
    static let window = 64 << 10

    /// The largest body of messages that is taken, in bytes. It is asked for on other event loops too.
    let largestBody: NIOLockedValueBox<Int>
    private let eventLoop: any EventLoop
    private let options: SockJSServerOptions
    private let transportOptions: TransportOptions
    private let makeReceiver: TransportReceiverFactory
    /// Called when the session is forgotten.
    private let whenGone: () -> Void

    private var state = State.new
    private var receiver: (any TransportReceiver)?
    private var response: SockJSResponse?
    private var bytesInResponse = 0
    private var outbox = SockJSOutbox()
    private var bytesUnderWay = 0
    private(set) var isWritable = true
    private var isTellingWritability = false
    private var isReading = true
    /// Messages that wait until there is reading again, and who waits for that.
    private var held: [(messages: SockJSMessages, completion: @Sendable (Delivery) -> Void)] = []
    private var heldBytes = 0
    /// When the next heart-beat is due, or the client has to have come back.
    private var timer: Scheduled<Void>?
    private var closeTimer: Scheduled<Void>?

    init(
        eventLoop: any EventLoop, options: SockJSServerOptions, transportOptions: TransportOptions,
        receiver: @escaping TransportReceiverFactory, whenGone: @escaping () -> Void
    ) {
        self.eventLoop = eventLoop
        self.options = options
        self.transportOptions = transportOptions
        largestBody = NIOLockedValueBox(transportOptions.maximumMessage)
        makeReceiver = receiver
        self.whenGone = whenGone
    }

    // MARK: - Responses

    /// Somebody wants frames.
    func attach(_ response: SockJSResponse) {
        guard self.response == nil else { return sendLast(SockJSFrame.anotherConnection, to: response) }
        switch state {
        case .new:
            hold(response)
            open(response)
        case .open, .closing:
            hold(response)
            pump()
        case .closed(let frame):
            sendLast(frame, to: response)
        case .gone:
            sendLast(SockJSFrame.goAway, to: response)
        }
    }

    /// The client has gone away in the midst of a response: it has no other way to say goodbye.
    func aborted(_ response: ObjectIdentifier) {
        guard self.response?.id == response else { return }
        self.response = nil
        receiver?.happened(.closed(TransportClosure(layer: .sockJS, isClean: true)))
        end(nil)
    }

    private func hold(_ response: SockJSResponse) {
        self.response = response
        bytesInResponse = 0
        startTimer()
    }

    private func open(_ response: SockJSResponse) {
        state = .open
        let description = TransportDescription(
            .sockJS(response.transport), remoteAddress: response.remoteAddress, carriesOnlyText: true)
        send(ByteBuffer(string: "o"))
        receiver = makeReceiver(SockJSStream(self, on: eventLoop, description: description))
    }

    /// Sends what the response takes.
    private func pump() {
        while response != nil, bytesUnderWay < Self.window, let (frame, promises) = outbox.next() {
            send(frame, promises)
        }
        guard case .closing(let frame) = state, outbox.isEmpty, response != nil else { return }
        state = .closed(frame)
        send(frame)
        finishResponse()
        finish(nil)
    }

    private func send(_ frame: ByteBuffer, _ promises: [EventLoopPromise<Void>] = []) {
        guard let response else { return }
        record(frame)
        let bytes = response.wrapped(frame)
        let size = bytes.readableBytes
        bytesInResponse += size
        bytesUnderWay += size
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] result in
            bytesUnderWay -= size
            for promise in promises { promise.completeWith(result) }
            updateWritability()
            pump()
        }
        // Before the write, which may be done at once and ask for the next frame: that one is for the next response.
        let isLast = response.transport == .xhrPolling || bytesInResponse >= options.responseLimit
        if isLast { self.response = nil }
        response.write(bytes, promise: promise)
        if isLast { response.end() }
        startTimer()
    }

    /// The client is to ask again.
    private func finishResponse() {
        response?.end()
        response = nil
        startTimer()
    }

    private func sendLast(_ frame: ByteBuffer, to response: SockJSResponse) {
        record(frame)
        response.write(response.wrapped(frame), promise: nil)
        response.end()
    }

    private func startTimer() {
        timer?.cancel()
        let isReceived = response != nil
        let delay = isReceived ? options.heartBeatInterval : options.receiverTimeout
        timer = eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            if isReceived { send(ByteBuffer(string: "h")) } else { receiverTimedOut() }
        }
    }

    private func receiverTimedOut() {
        guard case .open = state else { return end(nil) }
        end(.sockJS(.clientGone(after: options.receiverTimeout)))
    }

    // MARK: - What comes

    /// Messages came. They are answered for when somebody has taken them.
    func deliver(_ messages: SockJSMessages, completion: @escaping @Sendable (Delivery) -> Void) {
        switch state {
        case .new, .gone: return completion(.unknownSession)
        case .closing, .closed: return completion(.taken)
        case .open: break
        }
        guard isReading, held.isEmpty else {
            guard heldBytes + messages.bytes <= transportOptions.maximumMessage else { return completion(.refused) }
            heldBytes += messages.bytes
            held.append((messages, completion))
            return
        }
        deliver(messages)
        completion(.taken)
    }

    private func deliver(_ messages: SockJSMessages) {
        transportOptions.trace.record(.layers) { WireEvent(.sockjs, .incoming, .layers, messages.event) }
        if !messages.isUTF8 { receiver?.happened(.invalidUTF8) }
        for text in messages.texts where text.readableBytes > 0 {
            // The receiver may end the session in the midst of them.
            guard case .open = state else { return }
            receiver?.received(text)
        }
        receiver?.receivedAll()
    }

    func setReading(_ isReading: Bool) {
        self.isReading = isReading
        // Not from inside the receiver's own call.
        if isReading, !held.isEmpty { eventLoop.assumeIsolated().execute { self.release() } }
    }

    private func release() {
        while isReading, !held.isEmpty {
            let (messages, completion) = held.removeFirst()
            heldBytes -= messages.bytes
            if case .open = state { deliver(messages) }
            completion(.taken)
        }
    }

    /// What a message is wrapped in escapes its line ends.
    func limitMessages(to bytes: Int?) {
        largestBody.withLockedValue { $0 = min(bytes.map { 2 * $0 } ?? .max, transportOptions.maximumMessage) }
    }

    // MARK: - What goes

    var queuedBytes: Int { outbox.bytes + bytesUnderWay }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard case .open = state else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard bytes.isUTF8 else {
            let error = TransportError.sockJS(.cannotSendBinary(from: .server))
            if let promise { return promise.fail(error) }
            // Nobody would hear of it otherwise, and the client would miss a frame.
            return close(SockJSFrame.closing(code: 1003, reason: "SockJS cannot carry a binary message"), error)
        }
        guard bytes.readableBytes > 0 else {
            promise?.succeed()
            return
        }
        outbox.append(SockJSMessages.quoted(bytes), promise: promise)
        updateWritability()
    }

    func flush() {
        outbox.flush()
        pump()
    }

    func request(_ request: TransportRequest) {
        switch request {
        case .close(let code, let reason): close(SockJSFrame.closing(code: code, reason: reason))
        case .ping: if case .open = state { send(ByteBuffer(string: "h")) }
        case .messages: break
        }
    }

    func close() { close(SockJSFrame.goAway) }

    private func close(_ frame: ByteBuffer, _ error: TransportError? = nil) {
        guard case .open = state else { return }
        state = .closing(frame)
        if let error { finish(error) }
        closeTimer = eventLoop.assumeIsolated().scheduleTask(in: transportOptions.closeTimeout) { [self] in
            finish(nil)
        }
        flush()
    }

    func abort() {
        response?.abort()
        response = nil
        end(nil)
    }

    private func updateWritability() {
        let marks = StreamPipeline.writeMarks
        let isWritable = queuedBytes < (self.isWritable ? marks.high : marks.low)
        guard isWritable != self.isWritable else { return }
        self.isWritable = isWritable
        guard !isTellingWritability else { return }
        isTellingWritability = true
        // Not from inside the receiver's own call.
        eventLoop.assumeIsolated().execute { [self] in
            isTellingWritability = false
            receiver?.writabilityChanged(self.isWritable)
        }
    }

    // MARK: - The end

    /// The stream is over; the session may still have a frame to tell.
    private func finish(_ error: TransportError?) {
        closeTimer?.cancel()
        guard let receiver else { return }
        self.receiver = nil
        // Not from inside the receiver's own call.
        eventLoop.assumeIsolated().execute { receiver.ended(error) }
    }

    /// The session is over and forgotten.
    private func end(_ error: TransportError?) {
        if case .gone = state { return }
        state = .gone
        timer?.cancel()
        outbox.fail(ChannelError.ioOnClosedChannel)
        for (_, completion) in held { completion(.unknownSession) }
        held = []
        finish(error)
        whenGone()
    }

    private func record(_ frame: ByteBuffer) {
        transportOptions.trace.record(.layers) {
            WireEvent(.sockjs, .outgoing, .layers, .sockJSFrameSent, bytes: frame)
        }
    }
}
