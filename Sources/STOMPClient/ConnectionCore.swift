import NIOCore
import STOMPCore
import STOMPTransport

/// A connection's state, on its event loop: it feeds what the stream brings to the decoder and the session, performs
/// what they say, and hands messages to their inboxes. ``STOMPConnection`` is its public face.
final class ConnectionCore {
    /// A session that CONNECTED has opened.
    struct Opened: Sendable {
        var core: NIOLoopBound<ConnectionCore>
        var handshake: Handshake
    }

    let stream: any TransportStream
    let configuration: ClientConfiguration
    let eventLoop: any EventLoop
    var session = Session()
    private var decoder: FrameDecoder
    private var monitor: HeartBeatMonitor?
    private var heartBeatTimer: Scheduled<Void>?

    /// Waits for CONNECTED; nil once it came or failed.
    private var opening: EventLoopPromise<Opened>?
    /// Waits for the end of DISCONNECT.
    private var leaving: EventLoopPromise<Goodbye>?
    let receipts: PendingReceipts
    private var writers: [EventLoopPromise<Void>] = []
    private var writeWatch: Scheduled<Void>?

    private var inboxes: [Int: Inbox] = [:]
    private var routes: [String: Int] = [:]
    private var inboxesMade = 0
    private var undelivered = 0
    private var isReading = true
    /// The inboxes that this read brought something for.
    private var touched: [Int] = []

    /// One look at the clock for each read.
    private var timeOfRead: Timestamp?
    private var closure: TransportClosure?
    /// Why the session ended; set once.
    private(set) var failure: STOMPClientError?
    private var isOver = false
    private var warnedOfInvalidUTF8 = false

    /// How long nothing at all has come from the server.
    var silence: TimeAmount { monitor?.silence(at: .now()) ?? .nanoseconds(0) }

    private var trace: WireTrace { configuration.transport.trace }

    init(stream: any TransportStream, configuration: ClientConfiguration, opening: EventLoopPromise<Opened>) {
        self.stream = stream
        self.configuration = configuration
        self.opening = opening
        eventLoop = stream.eventLoop
        receipts = PendingReceipts(eventLoop: stream.eventLoop, timeout: configuration.receiptTimeout)
        decoder = FrameDecoder(limits: configuration.limits)
    }

    /// Sends CONNECT.
    func start() {
        do {
            write(try session.connect(configuration.session))
            stream.flush()
        } catch {
            end(.sending(error))
        }
    }

    // MARK: Writing

    /// Queues a frame; the caller flushes.
    func write(_ frame: Frame) {
        trace.record(.frames) {
            WireEvent(.stomp, .outgoing, .frames, frame.command.rawValue, octets: frame.bytes)
        }
        stream.write(frame.bytes, promise: nil)
        monitor?.sent(at: .now())
    }

    /// Makes frames from the session's state and sends them together.
    func send<Result>(_ make: (inout Session) throws(STOMPProtocolError) -> (Result, [Frame])) throws -> Result {
        if let failure { throw failure }
        let (result, frames): (Result, [Frame])
        do throws(STOMPProtocolError) {
            (result, frames) = try make(&session)
        } catch {
            throw STOMPClientError.sending(error)
        }
        for frame in frames { write(frame) }
        stream.flush()
        return result
    }

    /// Succeeds when more can be written without queueing it in memory.
    func writable() -> EventLoopFuture<Void> {
        if let failure { return eventLoop.makeFailedFuture(failure) }
        guard !stream.isWritable else { return eventLoop.makeSucceededVoidFuture() }
        let promise = eventLoop.makePromise(of: Void.self)
        writers.append(promise)
        watchWriting()
        return promise.futureResult
    }

    /// Gives up on a server that takes nothing for as long as a receipt may take.
    private func watchWriting() {
        guard writeWatch == nil else { return }
        let queued = stream.queuedBytes
        writeWatch = eventLoop.assumeIsolated().scheduleTask(in: configuration.receiptTimeout) { [weak self] in
            guard let self else { return }
            writeWatch = nil
            guard !writers.isEmpty else { return }
            guard stream.queuedBytes != queued else {
                return end(
                    STOMPClientError(
                        .timedOut,
                        "the server takes nothing: \(queued) octets have waited for \(configuration.receiptTimeout.readable)"
                    ))
            }
            watchWriting()
        }
    }

    // MARK: Inboxes

    func makeInbox() -> Int {
        inboxesMade += 1
        inboxes[inboxesMade] = Inbox()
        if isOver { finish(inboxesMade) }
        return inboxesMade
    }

    func route(_ subscription: String, to inbox: Int) {
        routes[subscription] = inbox
    }

    /// Takes a subscription's route away; an inbox without any ends.
    func unroute(_ subscription: String) {
        guard let inbox = routes.removeValue(forKey: subscription) else { return }
        if !routes.values.contains(inbox) { finish(inbox) }
    }

    /// What is there for the reader now; nil where it has to wait.
    func next(of inbox: Int) throws -> (batch: [Message]?, octets: Int)? {
        guard inboxes[inbox] != nil else { return (nil, 0) }
        let next = try inboxes[inbox]?.next()
        if let next { delivered(next.octets) }
        return next
    }

    func wait(for inbox: Int, _ reader: CheckedContinuation<[Message]?, any Error>) {
        inboxes[inbox]?.wait(reader)
    }

    func cancelReader(of inbox: Int) {
        inboxes[inbox]?.cancelReader()
    }

    private func delivered(_ octets: Int) {
        undelivered -= octets
        if undelivered <= configuration.undeliveredLimit / 2 { resumeReading() }
    }

    private func resumeReading() {
        guard !isReading else { return }
        isReading = true
        // While this side did not listen, the peer's silence meant nothing.
        monitor?.received(at: .now())
        stream.setReading(true)
    }

    private func finish(_ inbox: Int) {
        inboxes[inbox]?.finish(failure.map { .failure($0) } ?? .success(()))
    }

    // MARK: The end

    /// Says DISCONNECT and waits for its receipt, the end of the stream, or the receipt timeout.
    func leave() -> EventLoopFuture<Goodbye> {
        if let leaving { return leaving.futureResult }
        if let failure { return eventLoop.makeFailedFuture(failure) }
        let promise = eventLoop.makePromise(of: Goodbye.self)
        do {
            let frame = try session.disconnect()
            leaving = promise
            resumeReading()
            write(frame)
            stream.flush()
        } catch {
            promise.fail(STOMPClientError.sending(error))
            return promise.futureResult
        }
        let timeout = eventLoop.assumeIsolated().scheduleTask(in: configuration.receiptTimeout) { [weak self] in
            self?.left(.unanswered)
        }
        promise.futureResult.whenComplete { _ in timeout.cancel() }
        return promise.futureResult
    }

    private func left(_ goodbye: Goodbye) {
        leaving?.succeed(goodbye)
        leaving = nil
        stream.close()
        over()
    }

    /// Ends the session for this reason.
    func end(_ error: STOMPClientError) {
        guard !isOver else { return }
        failure = error
        stream.close()
        over()
    }

    /// Lets everyone go who waits for something. Called once, with ``failure`` set or not.
    private func over() {
        guard !isOver else { return }
        isOver = true
        session.close()
        heartBeatTimer?.cancel()
        writeWatch?.cancel()
        let error = failure ?? STOMPClientError(.connectionLost, "the session is over")
        opening?.fail(error)
        opening = nil
        leaving?.fail(error)
        leaving = nil
        receipts.fail(error)
        for writer in writers { writer.fail(error) }
        writers = []
        deliverTouched()
        for inbox in inboxes.keys { finish(inbox) }
    }
}

// MARK: - What the stream brings

extension ConnectionCore: TransportReceiver {
    func received(_ octets: ByteBuffer) {
        guard !isOver else { return }
        decoder.feed(octets)
        do throws(STOMPProtocolError) {
            while let element = try decoder.next() {
                switch element {
                case .heartBeat:
                    trace.record(.layers) { WireEvent(.stomp, .incoming, .layers, "heart-beat") }
                case .frame(let frame):
                    trace.record(.frames) {
                        WireEvent(.stomp, .incoming, .frames, frame.command.rawValue, octets: frame.bytes)
                    }
                    try handle(frame)
                    if isOver { return }
                }
            }
        } catch {
            end(explain(error, octets))
        }
    }

    func receivedAll() {
        monitor?.received(at: .now())
        timeOfRead = nil
        deliverTouched()
        if isReading, leaving == nil, undelivered > configuration.undeliveredLimit {
            isReading = false
            stream.setReading(false)
        }
    }

    func happened(_ event: TransportEvent) {
        switch event {
        case .alive: monitor?.received(at: .now())
        case .closed(let closure): self.closure = closure
        case .invalidUTF8:
            guard !warnedOfInvalidUTF8 else { return }
            warnedOfInvalidUTF8 = true
            configuration.logger.warning("a text message was no UTF-8: a browser would close with 1007")
        }
    }

    func writabilityChanged(_ isWritable: Bool) {
        guard isWritable else { return }
        for writer in writers { writer.succeed() }
        writers = []
    }

    func ended(_ error: TransportError?) {
        // RabbitMQ closes with 1000 instead of a receipt; another code tells of a failure.
        let isOrderly = closure?.code == nil || closure?.code == 1000
        if leaving != nil, isOrderly, error == nil || error?.code == .connectionLost {
            return left(.closed)
        }
        end(closure?.code != nil ? closedByServer() : error.map(STOMPClientError.init) ?? closedByServer())
    }

    private func handle(_ frame: Frame) throws(STOMPProtocolError) {
        switch try session.receive(frame) {
        case .connected(let handshake):
            decoder.version = handshake.version
            monitor = HeartBeatMonitor(handshake.heartBeat, now: .now())
            scheduleHeartBeat()
            opening?.succeed(Opened(core: NIOLoopBound(self, eventLoop: eventLoop), handshake: handshake))
            opening = nil
        case .message(let subscription):
            // What comes after DISCONNECT has no reader any more, and must not stand before its receipt.
            guard let subscription, leaving == nil, let inbox = routes[subscription] else { return }
            inboxes[inbox]?.append(Message(frame: frame, receivedAt: readTime()))
            undelivered += frame.bytes.readableBytes
            if touched.last != inbox { touched.append(inbox) }
        case .receipt(let id):
            receipts.arrived(id)
        case .goodbye:
            left(.confirmed)
        case .error:
            end(.server(frame, connected: opening == nil))
        }
    }

    private func readTime() -> Timestamp {
        let time = timeOfRead ?? .now()
        timeOfRead = time
        return time
    }

    private func deliverTouched() {
        for inbox in touched {
            if let octets = inboxes[inbox]?.deliver(), octets > 0 { delivered(octets) }
        }
        touched.removeAll(keepingCapacity: true)
    }

    private func closedByServer() -> STOMPClientError {
        let how = closure?.description ?? "closed by the other side"
        let when =
            opening != nil ? " before CONNECTED" : decoder.bufferedBytes > 0 ? " in the middle of a frame" : ""
        return STOMPClientError(.connectionLost, layer: closure?.layer.rawValue ?? "TCP", how + when)
    }

    /// Names the protocol that a peer speaks instead, where its first octets tell.
    private func explain(_ error: STOMPProtocolError, _ octets: ByteBuffer) -> STOMPClientError {
        var explained = STOMPClientError.received(error)
        if error.code == .unknownCommand, opening != nil {
            explained.remedy = ForeignProtocol(firstOctets: octets.readableBytesView)?.remedy
        }
        return explained
    }

    // MARK: Heart-beats

    private func scheduleHeartBeat() {
        guard let next = monitor?.nextCheck, !isOver else { return }
        heartBeatTimer = eventLoop.assumeIsolated().scheduleTask(deadline: next) { [weak self] in
            self?.heartBeatDue()
        }
    }

    private func heartBeatDue() {
        guard !isOver, let due = monitor?.due(at: .now()), let monitor else { return }
        if due.peerIsSilent {
            if isReading {
                let silence = monitor.silence(at: .now())
                return end(
                    STOMPClientError(
                        .connectionLost,
                        "nothing came from the server for \(silence.readable), "
                            + "though its heart-beat is every \(TimeAmount.milliseconds(Int64(monitor.heartBeat.incoming)).readable)"
                    ))
            }
            self.monitor?.received(at: .now())
        }
        if due.send {
            trace.record(.layers) { WireEvent(.stomp, .outgoing, .layers, "heart-beat") }
            // A full queue is a sign of life on its way already.
            if stream.isWritable {
                stream.write(ByteBuffer(integer: UInt8(ascii: "\n")), promise: nil)
                stream.flush()
            }
            self.monitor?.sent(at: .now())
        }
        scheduleHeartBeat()
    }
}
