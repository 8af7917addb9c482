import NIOConcurrencyHelpers
import NIOCore

/// The server's end of a session whose frames are sent in HTTP responses. It lives on the event loop of its first
/// request.
final class SockJSServerSession: SockJSEnd {
    private enum State {
        /// No request for frames has been received yet.
        case new
        case open
        /// This side is closing the session. It ends after the client has received the queued messages and this
        /// frame.
        case closing(ByteBuffer)
        /// The session is closed; each further request for frames gets this frame.
        case closed(ByteBuffer)
        case gone
    }

    /// The outcome of messages received from the client.
    enum Delivery {
        case taken
        /// Too many bytes are waiting already.
        case refused
        case unknownSession
    }

    /// The maximum number of bytes written to a response that its connection has not sent yet.
    static let window = 64 << 10

    /// The largest accepted request body, in bytes. Other event loops read it too.
    let largestBody: NIOLockedValueBox<Int>
    private let eventLoop: any EventLoop
    private let options: SockJSServerOptions
    private let transportOptions: TransportOptions
    private let makeReceiver: TransportReceiverFactory
    /// Called when the session is removed.
    private let whenGone: () -> Void

    private var state = State.new
    private var receiver: (any TransportReceiver)?
    private var response: SockJSResponse?
    private var bytesInResponse = 0
    private var outbox = SockJSOutbox()
    private var bytesUnderWay = 0
    private(set) var isWritable = true
    private var isWritabilityEventPending = false
    private var isReading = true
    /// Messages that wait until reading resumes, with their completion handlers.
    private var held: [(messages: SockJSMessages, completion: @Sendable (Delivery) -> Void)] = []
    private var heldBytes = 0
    /// Fires when the next heart-beat is due, or when the client has not come back in time.
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

    /// Attaches a response that receives the session's frames.
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

    /// The client closed the connection during a response. A client has no other way to end the session.
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

    /// Sends queued frames until the response ends or the window is full.
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
        // Cleared before the write: the write may complete at once and ask for the next frame, which belongs to
        // the next response.
        let isLast = response.transport == .xhrPolling || bytesInResponse >= options.responseLimit
        if isLast { self.response = nil }
        response.write(bytes, promise: promise)
        if isLast { response.end() }
        startTimer()
    }

    /// Ends the response; the client must send a new request.
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
        let delay = TimeAmount(isReceived ? options.heartBeatInterval : options.receiverTimeout)
        timer = eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            if isReceived { send(ByteBuffer(string: "h")) } else { receiverTimedOut() }
        }
    }

    private func receiverTimedOut() {
        guard case .open = state else { return end(nil) }
        end(.sockJS(.clientGone(after: options.receiverTimeout)))
    }

    // MARK: - Receiving

    /// Handles messages from the client. `completion` is called when they are delivered or rejected.
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
            // The receiver may end the session during this loop.
            guard case .open = state else { return }
            receiver?.received(text)
        }
        receiver?.receivedAll()
    }

    func setReading(_ isReading: Bool) {
        self.isReading = isReading
        // Deferred: this may run inside a call from the receiver, where the receiver must not be called.
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

    /// Doubles the limit: JSON escapes each line end as two characters.
    func limitMessages(to bytes: Int?) {
        largestBody.withLockedValue { $0 = min(bytes.map { 2 * $0 } ?? .max, transportOptions.maximumMessage) }
    }

    // MARK: - Sending

    var queuedBytes: Int { outbox.bytes + bytesUnderWay }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard case .open = state else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard bytes.isUTF8 else {
            let error = TransportError.sockJS(.cannotSendBinary(from: .server))
            if let promise { return promise.fail(error) }
            // Without a promise, the error would not be reported and the client would miss a frame.
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
        closeTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(transportOptions.closeTimeout)) { [self] in
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
        guard !isWritabilityEventPending else { return }
        isWritabilityEventPending = true
        // Deferred: this may run inside a call from the receiver, where the receiver must not be called.
        eventLoop.assumeIsolated().execute { [self] in
            isWritabilityEventPending = false
            receiver?.writabilityChanged(self.isWritable)
        }
    }

    // MARK: - The end

    /// Ends the stream; the session may still have a frame to send.
    private func finish(_ error: TransportError?) {
        closeTimer?.cancel()
        guard let receiver else { return }
        self.receiver = nil
        // Deferred: this may run inside a call from the receiver, where the receiver must not be called.
        eventLoop.assumeIsolated().execute { receiver.ended(error) }
    }

    /// Ends the session and removes it.
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
