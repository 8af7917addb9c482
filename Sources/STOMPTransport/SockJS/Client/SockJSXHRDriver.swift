import NIOCore
import NIOHTTP1

/// Carries a session over HTTP requests: frames come in consecutive responses, and messages go in separate
/// requests (SockJS 0.3.3, "XhrPolling", "XhrStreaming", "EventSource").
final class SockJSXHRDriver: SockJSTransportDriver {
    /// The maximum number of bytes in a response before the frame that opens the session; the prelude has 2 KiB.
    static let bytesBeforeOpening = 64 << 10

    private let http: HTTPClient
    private let location: SockJSSessionLocation
    private let transport: SockJSTransport
    private let client: SockJSClient
    private let sender: SockJSSender

    private var receiving: HTTPExchange?
    private var decoder: SockJSFrameDecoder
    private var bytesInResponse = 0
    private var isReading = true
    private var timer: Scheduled<Void>?
    private var isOver = false

    init(_ client: SockJSClient, http: HTTPClient, location: SockJSSessionLocation, transport: SockJSTransport) {
        self.client = client
        self.http = http
        self.location = location
        self.transport = transport
        decoder = Self.decoder(for: transport, options: client.options)
        sender = SockJSSender(http: http, requestTarget: location.sending)
        sender.whenWritabilityChanged = { [weak client] in client?.writabilityChanged() }
        sender.whenFailed = { [weak client] in client?.fail($0) }
    }

    private static func decoder(for transport: SockJSTransport, options: TransportOptions) -> SockJSFrameDecoder {
        transport == .eventSource
            ? .events(limit: options.maximumMessage) : .lines(limit: options.maximumMessage)
    }

    // MARK: - Receiving

    /// Sends a request that receives frames.
    ///
    /// - Parameter deadline: the deadline for connecting, if a new connection is needed.
    func receive(deadline: NIODeadline) {
        guard !isOver else { return }
        decoder = Self.decoder(for: transport, options: client.options)
        bytesInResponse = 0
        do throws(TransportError) {
            let isEvents = transport == .eventSource
            receiving = try http.send(
                isEvents ? .GET : .POST, location.receiving(transport),
                isEvents ? [("Accept", "text/event-stream")] : [], deadline: deadline
            ) { [self] in receive($0) }
            receiving?.setReading(isReading)
        } catch {
            client.fail(error)
        }
    }

    private func receive(_ event: HTTPExchange.Event) {
        switch event {
        case .head(let head):
            if let channel = receiving?.channel {
                client.reached(addressText(channel.remoteAddress), tls: http.tlsSummary)
            }
            if head.status.code != 200, let receiving { client.fail(refusal(head, receiving)) }
        case .body(let bytes):
            bytesInResponse += bytes.readableBytes
            decoder.append(bytes)
            receiveFrames()
        case .readComplete:
            client.receivedAll()
        case .end:
            receiving = nil
            if let rest = decoder.rest { client.received(rest) }
            client.receivedAll()
            if let delay = client.responseEnded() { receive(after: delay) }
        case .failed(let error):
            receiving = nil
            client.fail(error)
        }
    }

    private func receiveFrames() {
        do throws(TransportError) {
            while !isOver, let frame = try decoder.next() { client.received(frame) }
        } catch {
            return client.fail(.sockJS(.frameTooLarge(limit: client.options.maximumMessage)))
        }
        if client.state == .opening, bytesInResponse > Self.bytesBeforeOpening {
            client.fail(.sockJS(.tooMuchBeforeOpening(bytes: bytesInResponse)))
        }
    }

    private func receive(after delay: TimeAmount) {
        guard delay > .zero else { return receive(deadline: .now() + SockJSSession.receiverTimeout) }
        timer = client.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            receive(deadline: .now() + SockJSSession.receiverTimeout)
        }
    }

    private func refusal(_ head: HTTPResponseHead, _ exchange: HTTPExchange) -> TransportError {
        let answer = HTTPRefusal(head, body: "", to: exchange.identity)
        return .sockJS(SockJSFailure(answer: answer, of: exchange.url, isOpen: client.state != .opening))
    }

    // MARK: - Sending

    var isWritable: Bool { sender.isWritable }
    var queuedBytes: Int { sender.queuedBytes }

    func write(_ message: ByteBuffer, promise: EventLoopPromise<Void>?) { sender.write(message, promise: promise) }
    func flush() { sender.flush() }

    func setReading(_ isReading: Bool) {
        self.isReading = isReading
        receiving?.setReading(isReading)
    }

    func request(_ request: TransportRequest) {
        switch request {
        // A SockJS client can only close by going away; an empty array of messages replaces the ping.
        case .close: close()
        case .ping: sender.sendNothing()
        // All messages are text.
        case .messages: break
        }
    }

    func close() {
        timer?.cancel()
        timer = client.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(client.options.closeTimeout)) { [self] in
            client.ended(nil)
        }
        sender.whenDone { [self] in client.ended(nil) }
    }

    func abort() {
        isOver = true
        timer?.cancel()
        receiving?.cancel()
        receiving = nil
        sender.abort()
        http.close()
    }
}
