import NIOCore
import STOMPCore
import STOMPTransport

/// A connection on its event loop. It passes events of the stream and calls of this side to the values that decide,
/// and performs the actions that they return. ``STOMPConnection`` is its public interface.
///
/// | value | decides |
/// |---|---|
/// | ``ConnectionStateMachine`` | what a frame, a call or the end of the stream means now |
/// | ``ReceiptTable`` | which waiter a receipt completes, and which receipts have timed out |
/// | ``HeartBeats`` | when to send a heart-beat, and when the server is silent |
/// | ``Inboxes`` | which reader gets a message, and whether the socket is read |
/// | ``PendingPings`` | which pings a pong answers |
final class ConnectionCore {
    /// A session after CONNECTED.
    struct Opened: Sendable {
        var core: NIOLoopBound<ConnectionCore>
        var handshake: Handshake
    }

    typealias Machine = ConnectionStateMachine<EventLoopPromise<Opened>, EventLoopPromise<DisconnectOutcome>>
    typealias Reader = CheckedContinuation<[Message]?, any Error>

    let stream: any TransportStream
    let configuration: ClientConfiguration
    /// Whether the stream preserves message boundaries.
    let keepsMessages: Bool
    let eventLoop: any EventLoop
    var machine: Machine
    var receipts: ReceiptTable<EventLoopPromise<Timestamp>>
    var heartBeats: HeartBeats
    var inboxes: Inboxes<Reader>
    /// Callers that wait until the stream is writable again.
    var writers: [EventLoopPromise<Void>] = []
    private let writeWatch: WriteWatch
    /// The number of bytes passed to the stream.
    private var written = 0
    /// Recently sent frames that an ERROR may refer to.
    var sentBefore = SentBefore()
    var pings = PendingPings<EventLoopPromise<Void>>()
    var clocks = Clocks()

    /// Messages of the current read.
    var newMessages = ReceivedMessages()
    /// When the current read returned: the clock is read once per read.
    var timeOfRead: Timestamp?
    var warnedOfInvalidUTF8 = false

    /// Whether the connection was closed for any reason other than a call of this side.
    var hasFailed: Bool {
        if case .failed = machine.closedReason { true } else { false }
    }

    var trace: WireTrace { configuration.transport.trace }

    init(stream: any TransportStream, configuration: ClientConfiguration, opening: EventLoopPromise<Opened>) {
        self.stream = stream
        self.configuration = configuration
        keepsMessages = stream.description.keepsMessages
        eventLoop = stream.eventLoop
        machine = Machine(limits: configuration.limits, opening: opening)
        receipts = ReceiptTable(timeout: TimeAmount(configuration.receiptTimeout))
        heartBeats = HeartBeats(at: stream.eventLoop.now)
        inboxes = Inboxes(limit: configuration.undeliveredLimit)
        writeWatch = WriteWatch(every: TimeAmount(configuration.receiptTimeout), on: stream.eventLoop)
    }

    /// Sends CONNECT; fails with `timeout` if CONNECTED is not received by `deadline`.
    func start(deadline: NIODeadline, timeout: STOMPClientError) {
        do throws(STOMPClientError) {
            let settings = configuration.session
            let frame = try machine.makeFrames { session throws(STOMPProtocolError) in try session.connect(settings) }
            write(frame)
            sentBefore = SentBefore(
                SentCredentials(frame, over: stream.description, options: configuration.transport))
            stream.flush()
        } catch {
            return fail(error)
        }
        startClock(.connected, until: deadline) { core in
            guard let close = core.machine.openingTimedOut(timeout) else { return }
            core.stream.abort()
            core.perform(close)
        }
    }

    // MARK: Writing

    /// Creates frames from the session's state and sends them together.
    func send<Result>(
        _ make: (inout Session) throws(STOMPProtocolError) -> (Result, [Frame])
    ) throws(STOMPClientError) -> Result {
        let (result, frames) = try machine.makeFrames(make)
        for frame in frames { write(frame) }
        for frame in frames { sentBefore.sent(frame) }
        stream.flush()
        return result
    }

    /// Queues a frame; the caller flushes.
    private func write(_ frame: Frame) {
        trace.record(.frames) {
            WireEvent(.stomp, .outgoing, .frames, .frame(command: frame.command.rawValue), bytes: frame.bytes)
        }
        write(frame.bytes)
        heartBeats.sent(at: eventLoop.now)
    }

    /// Queues bytes; the caller flushes.
    func write(_ bytes: ByteBuffer) {
        written += bytes.readableBytes
        stream.write(bytes, promise: nil)
    }

    /// Sends bytes without the session.
    func send(raw bytes: ByteBuffer) throws(STOMPClientError) {
        try machine.checkNotClosed()
        trace.record(.frames) { WireEvent(.stomp, .outgoing, .frames, .unchecked, bytes: bytes) }
        write(bytes)
        sentBefore.sentUnknown()
        stream.flush()
        heartBeats.sent(at: eventLoop.now)
    }

    /// A future that succeeds when the stream is writable again; nil if it is writable now, to avoid leaving the
    /// event loop. It fails if the server reads nothing for ``ClientConfiguration/receiptTimeout``.
    func writable() throws(STOMPClientError) -> EventLoopFuture<Void>? {
        switch machine.closedReason {
        case .failed(let error): throw error
        case .left: return nil
        case nil: break
        }
        guard !stream.isWritable else { return nil }
        let promise = eventLoop.makePromise(of: Void.self)
        writers.append(promise)
        writeWatch.start(
            left: { [weak self] in
                guard let self, !writers.isEmpty else { return nil }
                return written - stream.queuedBytes
            },
            stalled: { [weak self] in
                guard let self else { return }
                fail(.timedOut(.progress(queued: stream.queuedBytes), within: configuration.receiptTimeout))
            })
        return promise.futureResult
    }

    /// The stream is writable again.
    func becameWritable() { releaseWriters { $0.succeed() } }

    private func releaseWriters(_ release: (EventLoopPromise<Void>) -> Void) {
        let waiting = writers
        writers = []
        for promise in waiting { release(promise) }
    }

    // MARK: Receipts and pongs

    /// - Parameter transaction: the transaction that the frame belongs to. The timeout then
    ///   starts with ``releaseReceipts(of:)``.
    func awaitReceipt(_ id: String, in transaction: String? = nil) -> Receipt {
        let promise = eventLoop.makePromise(of: Timestamp.self)
        receipts.add(id, promise, in: transaction, at: eventLoop.now)
        startReceiptClock()
        return Receipt(id: id, future: promise.futureResult)
    }

    /// Starts the timeout of receipts of a transaction, after it has ended.
    func releaseReceipts(of transaction: String) {
        receipts.release(transaction, at: eventLoop.now)
        startReceiptClock()
    }

    private func startReceiptClock() {
        guard let deadline = receipts.deadline else { return }
        startClock(.receipts, until: deadline) { core in
            // Also while reading is paused: the task that waits for a receipt may be the one that does not
            // read its messages.
            let error = STOMPClientError.timedOut(.receipt, within: core.configuration.receiptTimeout)
            for promise in core.receipts.expire(at: core.eventLoop.now) { promise.fail(error) }
            core.startReceiptClock()
        }
    }

    /// Sends a WebSocket ping.
    ///
    /// - Returns: a promise that succeeds with the pong and that the caller may fail earlier; and the ping's
    ///   id in ``PendingPings``.
    func ping(_ payload: ByteBuffer) -> (pong: EventLoopPromise<Void>, id: Int) {
        let pong = eventLoop.makePromise(of: Void.self)
        let id = pings.add(payload, pong)
        stream.request(.ping(Array(buffer: payload)))
        return (pong, id)
    }

    // MARK: Inboxes

    func makeInbox(includesUnclaimed: Bool) -> Int {
        let inbox = inboxes.add()
        if includesUnclaimed { inboxes.unclaimed = inbox }
        if machine.closedReason != nil { finish(inbox) }
        return inbox
    }

    /// Removes a subscription's route, and ends its inbox if no other subscription shares it.
    func unroute(_ subscription: String) {
        inboxes.place(&newMessages)
        if let inbox = inboxes.unroute(subscription) { finish(inbox) }
    }

    private func finish(_ inbox: Int) {
        let end = machine.closedReason?.endOfMessages ?? .success(())
        let (reader, action) = inboxes.finish(inbox, end)
        reader?.resume(with: end.map { nil })
        perform(action)
    }

    /// What a reader gets now.
    func next(of inbox: Int) -> Inbox<Reader>.Next {
        let next = inboxes.next(of: inbox)
        if case .batch(let batch) = next { perform(inboxes.budget.remove(batch.bytes)) }
        return next
    }

    func wait(for inbox: Int, _ reader: Reader) {
        inboxes.wait(for: inbox, reader)?.resume(returning: nil)
    }

    func cancelReader(of inbox: Int) {
        inboxes.removeReader(of: inbox)?.resume(returning: nil)
    }

    /// Delivers the messages of the current read.
    func deliver() {
        inboxes.place(&newMessages)
        if let first = inboxes.strays.takeNews() { configuration.notice(.strayMessage(first)) }
        perform(inboxes.deliver { reader, messages in reader.resume(returning: messages) })
    }

    func perform(_ action: ReadingBudget.Action) {
        switch action {
        case .none: break
        case .pause: stream.setReading(false)
        case .resume:
            // Reading was paused, so the peer's silence had no meaning.
            heartBeats.received(at: eventLoop.now)
            receipts.restart(at: eventLoop.now)
            stream.setReading(true)
        }
    }

    // MARK: Disconnect and close

    /// Sends DISCONNECT and waits for its receipt, the end of the stream, or ``ClientConfiguration/receiptTimeout``.
    func disconnect() -> EventLoopFuture<DisconnectOutcome> {
        let promise = eventLoop.makePromise(of: DisconnectOutcome.self)
        switch machine.disconnect(promise) {
        case .send(let frame):
            perform(inboxes.budget.resume())
            write(frame)
            sentBefore.sent(frame)
            stream.flush()
            startClock(.disconnected, until: eventLoop.now + TimeAmount(configuration.receiptTimeout)) { core in
                if let close = core.machine.disconnectTimedOut() { core.perform(close) }
            }
        case .wait(let first): first.futureResult.cascade(to: promise)
        case .succeed(let outcome): promise.succeed(outcome)
        case .fail(let error): promise.fail(error)
        }
        return promise.futureResult
    }

    /// Ends the session with this error, if it has not ended.
    func fail(_ error: STOMPClientError) {
        if let close = machine.fail(error) { perform(close) }
    }

    /// Closes the stream and completes all pending calls.
    func perform(_ close: Machine.CloseAction) {
        let error = close.reason.error
        switch (close.waiting, close.reason) {
        case (.opening(let promise), _): promise.fail(error)
        case (.leaving(let promise), .left(let outcome)): promise.succeed(outcome)
        case (.leaving(let promise), .failed): promise.fail(error)
        case (nil, _): break
        }
        stream.close()
        clocks.stopAll()
        for promise in receipts.removeAll() { promise.fail(error) }
        writeWatch.cancel()
        releaseWriters { $0.fail(error) }
        for promise in pings.removeAll() { promise.fail(error) }
        deliver()
        if inboxes.strays.count > 1 { configuration.notice(.strayMessages(inboxes.strays.count)) }
        let end = close.reason.endOfMessages
        for reader in inboxes.finishAll(end) { reader.resume(with: end.map { nil }) }
    }
}
