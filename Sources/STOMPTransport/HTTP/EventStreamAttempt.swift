import NIOCore
import NIOHTTP1

/// One attempt to open a stream of server-sent events (WHATWG HTML, section 9.2), and the stream itself: the body
/// of the response as it arrives. It must be used on its event loop.
final class EventStreamAttempt: StreamAttempt {
    private let http: HTTPClient
    private let requestTarget: String
    private let deadline: NIODeadline
    private let makeReceiver: TransportReceiverFactory
    private let promise: EventLoopPromise<any TransportStream>
    private var exchange: HTTPExchange?
    private var receiver: (any TransportReceiver)?
    private var timer: Scheduled<Void>?
    private var isOver = false

    init(
        target: TransportTarget, requestTarget: String, options: TransportOptions, tls: TLSContext?,
        eventLoop: any EventLoop, deadline: NIODeadline, receiver: @escaping TransportReceiverFactory
    ) {
        http = HTTPClient(target, options: options, tls: tls, eventLoop: eventLoop)
        self.requestTarget = requestTarget
        self.deadline = deadline
        makeReceiver = receiver
        promise = eventLoop.makePromise()
    }

    var future: EventLoopFuture<any TransportStream> { promise.futureResult }

    func run() {
        guard !isOver else { return }
        let start = NIODeadline.now()
        do throws(TransportError) {
            exchange = try http.send(
                .GET, requestTarget, [("Accept", "text/event-stream"), ("Cache-Control", "no-cache")],
                deadline: deadline
            ) { [self] in receive($0) }
        } catch {
            return end(error)
        }
        // The connection attempt has the same deadline and a more precise error, so this timer fires a little later.
        timer = http.eventLoop.assumeIsolated().scheduleTask(deadline: deadline + .milliseconds(1)) { [self] in
            guard let exchange else { return }
            end(.http(.noAnswer(to: exchange.summary, within: Duration(deadline - start))))
        }
    }

    func cancel() {
        guard !isOver else { return }
        isOver = true
        stop()
        promise.fail(CancellationError())
    }

    private func receive(_ event: HTTPExchange.Event) {
        switch event {
        case .head(let head):
            if let error = refusal(head) { end(error) } else { open() }
        case .body(let bytes):
            receiver?.received(bytes)
        case .readComplete:
            receiver?.receivedAll()
        case .end:
            receiver?.happened(.closed(TransportClosure(layer: .http, isClean: true)))
            end(nil)
        case .failed(let error):
            end(error)
        }
    }

    private func open() {
        timer?.cancel()
        let description = TransportDescription(
            .eventStream, remoteAddress: addressText(exchange?.channel?.remoteAddress), tlsSummary: http.tlsSummary)
        let stream = EventStream(
            eventLoop: http.eventLoop, description: description,
            attempt: NIOLoopBound(self, eventLoop: http.eventLoop))
        receiver = makeReceiver(stream)
        promise.succeed(stream)
    }

    /// Returns the error if a response is not an event stream; nil if it is.
    private func refusal(_ head: HTTPResponseHead) -> TransportError? {
        guard let exchange else { return nil }
        let answer = HTTPRefusal(head, body: "", to: exchange.identity)
        if answer.status == 200, answer.mediaType == "text/event-stream" {
            let coding = head.headers["Content-Encoding"].joined(separator: ", ").lowercased()
            return coding.isEmpty || coding == "identity" ? nil : .http(.compressedAnswer(encoding: coding))
        }
        return .http(.notEventStream(answer, from: exchange.url))
    }

    private func end(_ error: TransportError?) {
        guard !isOver else { return }
        isOver = true
        stop()
        if let receiver {
            self.receiver = nil
            receiver.ended(error)
        } else {
            promise.fail(error ?? CancellationError())
        }
    }

    private func stop() {
        timer?.cancel()
        exchange?.cancel()
        exchange = nil
        http.close()
    }

    fileprivate func setReading(_ isReading: Bool) { exchange?.setReading(isReading) }

    /// Closes the stream. The receiver is notified later, because it may be the caller.
    fileprivate func close() {
        guard !isOver else { return }
        http.eventLoop.assumeIsolated().execute { [self] in end(nil) }
    }
}

/// The body of a response as a stream. It cannot be written to.
private struct EventStream: TransportStream {
    let eventLoop: any EventLoop
    let description: TransportDescription
    let attempt: NIOLoopBound<EventStreamAttempt>

    var isWritable: Bool { false }
    var queuedBytes: Int { 0 }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        promise?.fail(TransportError.http(.cannotSendToEventStream))
    }
    func flush() {}
    func setReading(_ isReading: Bool) { attempt.value.setReading(isReading) }
    func request(_ request: TransportRequest) {}
    func close() { attempt.value.close() }
    func abort() { attempt.value.close() }
}
