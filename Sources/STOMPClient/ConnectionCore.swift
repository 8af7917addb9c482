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
    var decoder: FrameDecoder
    var monitor: HeartBeatMonitor?
    var heartBeatTimer: Scheduled<Void>?

    /// Waits for CONNECTED; nil once it came or failed.
    var opening: EventLoopPromise<Opened>?
    /// How the session was left, once it was.
    var goodbye: DisconnectOutcome?
    /// Waits for the end of DISCONNECT.
    var leaving: EventLoopPromise<DisconnectOutcome>?
    let receipts: PendingReceipts
    var writers: [EventLoopPromise<Void>] = []
    var writeWatch: Scheduled<Void>?

    var inboxes: [Int: Inbox] = [:]
    var routes: [String: Int] = [:]
    var inboxesMade = 0
    /// The inbox for what belongs to no subscription.
    var unclaimed: Int?
    var undelivered = 0
    var isReading = true
    /// The inboxes that this read brought something for.
    var touched: [Int] = []

    /// One look at the clock for each read.
    var timeOfRead: Timestamp?
    var closure: TransportClosure?
    /// Why the session ended; set once.
    private(set) var failure: STOMPClientError?
    var isOver = false
    var warnedOfInvalidUTF8 = false
    /// Pings on their way, with what is to be told when their pongs come.
    var pings: [(payload: ByteBuffer, answer: EventLoopPromise<Void>)] = []

    /// How long nothing at all has come from the server.
    var silence: TimeAmount { monitor?.silence(at: .now()) ?? .nanoseconds(0) }

    var trace: WireTrace { configuration.transport.trace }

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
            WireEvent(.stomp, .outgoing, .frames, .frame(command: frame.command.rawValue), bytes: frame.bytes)
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

    /// Succeeds when more can be written without queueing it in memory; nil where that is so now, since whoever awaits a
    /// future leaves the event loop for it.
    func writable() throws -> EventLoopFuture<Void>? {
        if let failure { throw failure }
        guard !stream.isWritable else { return nil }
        let promise = eventLoop.makePromise(of: Void.self)
        writers.append(promise)
        watchWriting()
        return promise.futureResult
    }

    /// Gives up on a server that takes nothing for as long as a receipt may take.
    func watchWriting() {
        guard writeWatch == nil else { return }
        let queued = stream.queuedBytes
        writeWatch = eventLoop.assumeIsolated().scheduleTask(in: configuration.receiptTimeout) { [weak self] in
            guard let self else { return }
            writeWatch = nil
            guard !writers.isEmpty else { return }
            guard stream.queuedBytes != queued else {
                return end(.timedOut(.progress(queued: queued), within: configuration.receiptTimeout))
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
        if inbox != unclaimed, !routes.values.contains(inbox) { finish(inbox) }
    }

    /// What is there for the reader now; nil where it has to wait.
    func next(of inbox: Int) throws -> (batch: [Message]?, bytes: Int)? {
        guard inboxes[inbox] != nil else { return (nil, 0) }
        let next = try inboxes[inbox]?.next()
        if let next { delivered(next.bytes) }
        return next
    }

    func wait(for inbox: Int, _ reader: CheckedContinuation<[Message]?, any Error>) {
        inboxes[inbox]?.wait(reader)
    }

    func cancelReader(of inbox: Int) {
        inboxes[inbox]?.cancelReader()
    }

    func delivered(_ bytes: Int) {
        undelivered -= bytes
        if undelivered <= configuration.undeliveredLimit / 2 { resumeReading() }
    }

    func resumeReading() {
        guard !isReading else { return }
        isReading = true
        // While this side did not listen, the peer's silence meant nothing.
        monitor?.received(at: .now())
        stream.setReading(true)
    }

    func finish(_ inbox: Int) {
        inboxes[inbox]?.finish(failure.map { .failure($0) } ?? .success(()))
    }

    // MARK: The end

    /// Says DISCONNECT and waits for its receipt, the end of the stream, or the receipt timeout.
    func leave() -> EventLoopFuture<DisconnectOutcome> {
        if let leaving { return leaving.futureResult }
        if let goodbye { return eventLoop.makeSucceededFuture(goodbye) }
        if let failure { return eventLoop.makeFailedFuture(failure) }
        let promise = eventLoop.makePromise(of: DisconnectOutcome.self)
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

    func left(_ goodbye: DisconnectOutcome) {
        self.goodbye = goodbye
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
    func over() {
        guard !isOver else { return }
        isOver = true
        session.close()
        heartBeatTimer?.cancel()
        writeWatch?.cancel()
        let error = failure ?? STOMPClientError.over
        opening?.fail(error)
        opening = nil
        leaving?.fail(error)
        leaving = nil
        receipts.fail(error)
        for writer in writers { writer.fail(error) }
        writers = []
        for ping in pings { ping.answer.fail(error) }
        pings = []
        deliverTouched()
        for inbox in inboxes.keys { finish(inbox) }
    }
}

/// The heart-beats that were agreed on: ours kept, the server's watched.
extension ConnectionCore {
    func scheduleHeartBeat() {
        guard let next = monitor?.nextCheck, !isOver else { return }
        heartBeatTimer = eventLoop.assumeIsolated().scheduleTask(deadline: next) { [weak self] in
            self?.heartBeatDue()
        }
    }

    private func heartBeatDue() {
        guard !isOver, let due = monitor?.due(at: .now()), let monitor else { return }
        if due.peerIsSilent {
            if isReading {
                let agreed = TimeAmount.milliseconds(Int64(monitor.heartBeat.incoming))
                return end(.silent(for: monitor.silence(at: .now()), agreed: agreed))
            }
            self.monitor?.received(at: .now())
        }
        if due.send {
            // A full queue is a sign of life on its way already.
            if stream.isWritable {
                traceHeartBeat(.outgoing)
                stream.write(ByteBuffer(integer: UInt8(ascii: "\n")), promise: nil)
                stream.flush()
            }
            self.monitor?.sent(at: .now())
        }
        scheduleHeartBeat()
    }

    /// Tells the trace of a heart-beat, and of the interval that was agreed on for it.
    func traceHeartBeat(_ direction: WireEvent.Direction) {
        trace.record(.layers) {
            let agreed = monitor.map { direction == .outgoing ? $0.heartBeat.outgoing : $0.heartBeat.incoming } ?? 0
            return WireEvent(
                .stomp, direction, .layers,
                .heartBeat(agreed: agreed > 0 ? .milliseconds(Int64(agreed)) : nil),
                bytes: ByteBuffer(integer: UInt8(ascii: "\n")))
        }
    }
}
