import NIOCore
import NIOHTTP1

/// Sends the messages of a session in HTTP requests (SockJS 0.3.3, `xhr_send`). It sends one request at a time to
/// keep the order; each request carries all messages queued meanwhile.
final class SockJSSender {
    /// The maximum size of a request body in bytes, unless a single message is larger.
    static let largestBody = 128 << 10

    private struct Message {
        /// A JSON string.
        let text: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    private let http: HTTPClient
    private let requestTarget: String
    private var queue = MarkedCircularBuffer<Message>(initialCapacity: 16)
    /// The messages in the current request.
    private var batch: [Message] = []
    private var sending: HTTPExchange?
    private var isOver = false
    private var done: (() -> Void)?

    /// The bytes of the messages that the server has not confirmed yet.
    private(set) var queuedBytes = 0
    private(set) var isWritable = true

    var whenWritabilityChanged: () -> Void = {}
    var whenFailed: (TransportError) -> Void = { _ in }

    init(http: HTTPClient, requestTarget: String) {
        self.http = http
        self.requestTarget = requestTarget
    }

    /// Queues a message, which is a JSON string. The promise succeeds when the server has confirmed it.
    func write(_ message: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard !isOver else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        queue.append(Message(text: message, promise: promise))
        queuedBytes += message.readableBytes
        updateWritability()
    }

    func flush() {
        queue.mark()
        sendNext()
    }

    /// Sends an empty array as a sign of life, unless a request is under way.
    func sendNothing() {
        if !isOver && sending == nil { post() }
    }

    /// Calls `body` when the server has confirmed all written messages.
    func whenDone(_ body: @escaping () -> Void) {
        done = body
        flush()
        finishIfDone()
    }

    func abort() {
        isOver = true
        done = nil
        sending?.cancel()
        sending = nil
        settle(.failure(ChannelError.ioOnClosedChannel))
        while !queue.isEmpty { queue.removeFirst().promise?.fail(ChannelError.ioOnClosedChannel) }
    }

    private func sendNext() {
        guard !isOver, sending == nil, queue.hasMark else { return }
        var size = 0
        while queue.hasMark, let next = queue.first, batch.isEmpty || size + next.text.readableBytes < Self.largestBody
        {
            size += next.text.readableBytes + 1
            batch.append(queue.removeFirst())
        }
        post()
    }

    private func post() {
        let body = SockJSMessages.array(of: batch.map(\.text))
        do throws(TransportError) {
            sending = try http.fetch(
                .POST, requestTarget, [("Content-Type", "text/plain; charset=UTF-8")], body: body,
                deadline: .now() + SockJSSession.receiverTimeout
            ) { [self] in answered($0) }
        } catch {
            answered(.failure(error))
        }
    }

    private func answered(_ result: Result<HTTPResponse, TransportError>) {
        sending = nil
        switch result {
        case .success(let response) where (200..<300).contains(response.head.status.code):
            settle(.success(()))
            updateWritability()
            sendNext()
            finishIfDone()
        case .success(let response):
            let answer = HTTPRefusal(response.head, body: "", to: response.identity)
            fail(.sockJS(SockJSFailure(answer: answer, of: response.url, isOpen: true)))
        case .failure(let error):
            fail(error)
        }
    }

    private func fail(_ error: TransportError) {
        settle(.failure(error))
        whenFailed(error)
    }

    /// Completes the promises of the messages in the current request.
    private func settle(_ result: Result<Void, any Error>) {
        let batch = batch
        self.batch = []
        for message in batch {
            queuedBytes -= message.text.readableBytes
            message.promise?.completeWith(result)
        }
    }

    private func finishIfDone() {
        guard let done, sending == nil, queue.isEmpty else { return }
        self.done = nil
        done()
    }

    private func updateWritability() {
        let marks = StreamPipeline.writeMarks
        let isWritable = queuedBytes < (self.isWritable ? marks.high : marks.low)
        guard isWritable != self.isWritable else { return }
        self.isWritable = isWritable
        whenWritabilityChanged()
    }
}
