import NIOCore

/// The server's end of a SockJS session over a WebSocket. It lives as long as the WebSocket.
final class SockJSServerWebSocket: SockJSEnd {
    private let stream: any TransportStream
    private let options: SockJSServerOptions
    private let transportOptions: TransportOptions
    private var receiver: (any TransportReceiver)?
    private var timer: Scheduled<Void>?
    private var isClosing = false
    private var error: TransportError?

    private init(_ stream: any TransportStream, options: SockJSServerOptions, transportOptions: TransportOptions) {
        self.stream = stream
        self.options = options
        self.transportOptions = transportOptions
    }

    /// Makes a receiver factory that runs a SockJS session on each accepted WebSocket.
    static func factory(
        options: SockJSServerOptions, transportOptions: TransportOptions, accept: @escaping TransportReceiverFactory
    ) -> TransportReceiverFactory {
        { stream in
            let session = SockJSServerWebSocket(stream, options: options, transportOptions: transportOptions)
            var description = stream.description
            description.carriesOnlyText = true
            session.send(ByteBuffer(string: "o"))
            session.receiver = accept(SockJSStream(session, on: stream.eventLoop, description: description))
            return Receiver(session: session)
        }
    }

    // MARK: - Sending

    var isWritable: Bool { stream.isWritable }
    var queuedBytes: Int { stream.queuedBytes }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard bytes.isUTF8 else {
            let error = TransportError.sockJS(.cannotSendBinary(from: .server))
            if let promise { return promise.fail(error) }
            // Without a promise, the error would not be reported and the client would miss a frame.
            self.error = error
            return request(.close(code: 1003, reason: "SockJS cannot carry a binary message"))
        }
        write(frame: SockJSMessages.frame(of: [SockJSMessages.quoted(bytes)]), promise: promise)
    }

    func flush() { stream.flush() }
    func setReading(_ isReading: Bool) { stream.setReading(isReading) }

    /// Doubles the limit: JSON escapes each line end as two characters.
    func limitMessages(to bytes: Int?) { stream.limitMessages(to: bytes.map { 2 * $0 }) }

    func request(_ request: TransportRequest) {
        guard !isClosing else { return }
        switch request {
        case .close(let code, let reason):
            isClosing = true
            send(SockJSFrame.closing(code: code, reason: reason))
            stream.request(request)
        case .ping:
            send(ByteBuffer(string: "h"))
        case .messages:
            break
        }
    }

    func close() {
        guard !isClosing else { return }
        isClosing = true
        send(SockJSFrame.goAway)
        stream.close()
    }

    func abort() { stream.abort() }

    private func send(_ frame: ByteBuffer) {
        write(frame: frame, promise: nil)
        stream.flush()
    }

    private func write(frame: ByteBuffer, promise: EventLoopPromise<Void>?) {
        transportOptions.trace.record(.layers) {
            WireEvent(.sockjs, .outgoing, .layers, .sockJSFrameSent, bytes: frame)
        }
        stream.write(frame, promise: promise)
        timer?.cancel()
        timer = stream.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(options.heartBeatInterval)) { [self] in
            send(ByteBuffer(string: "h"))
        }
    }

    // MARK: - Receiving

    private func received(_ bytes: ByteBuffer) {
        // Empty messages are ignored.
        guard bytes.readableBytes > 0, !isClosing else { return }
        do throws(JSONFault) {
            let messages = try bytes.withUnsafeReadableBytes { bytes throws(JSONFault) in
                try SockJSMessages(messageOrArray: bytes)
            }
            transportOptions.trace.record(.layers) { WireEvent(.sockjs, .incoming, .layers, messages.event) }
            if !messages.isUTF8 { receiver?.happened(.invalidUTF8) }
            for text in messages.texts where text.readableBytes > 0 && !isClosing { receiver?.received(text) }
        } catch {
            self.error = .sockJS(.invalidMessage(error))
            request(.close(code: 3000, reason: "Broken framing."))
        }
    }

    private func ended(_ error: TransportError?) {
        timer?.cancel()
        receiver.take()?.ended(self.error ?? error)
    }

    private struct Receiver: TransportReceiver {
        let session: SockJSServerWebSocket

        func received(_ bytes: ByteBuffer) { session.received(bytes) }
        func receivedAll() { session.receiver?.receivedAll() }
        func happened(_ event: TransportEvent) { session.receiver?.happened(event) }
        func writabilityChanged(_ isWritable: Bool) { session.receiver?.writabilityChanged(isWritable) }
        func ended(_ error: TransportError?) { session.ended(error) }
    }
}
