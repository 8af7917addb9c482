import NIOCore
import STOMPCore
import STOMPTransport

/// A client's connection, on the event loop: it passes received bytes to the decoder and the session, and performs
/// the actions that they return.
final class BrokerConnection {
    let id: ConnectionID
    let stream: any TransportStream
    let core: BrokerCore
    private var session: any ServerSession
    private var decoder: FrameDecoder
    var output: FrameOutput
    /// The kind of message that the stream currently sends.
    var kind = TransportMessageKind.byContent
    var monitor: HeartBeatMonitor?
    /// Requests that are performed at the end of the read.
    private var postponed = CircularBuffer<(ClientRequest, Frame)>(initialCapacity: 0)
    var timer: Scheduled<Void>?
    let writeWatch: WriteWatch
    /// Messages that wait because the stream is not writable.
    var waiting = WaitingDeliveries()
    /// A message that the next one will overtake.
    private(set) var overtaken: Delivery?
    /// Whether messages wait instead of being written.
    var isHeld = false

    /// Whether frames wait in the decoder because a receiver of their messages is congested.
    private(set) var isStopped = false
    /// Whether frames wait in the decoder because the decision on denying the previous one is pending.
    private var awaitsVerdict = false
    /// Whether frames wait in the decoder.
    private var holdsFrames: Bool { isStopped || awaitsVerdict }
    /// Whether the session is over; later bytes are read and ignored.
    private(set) var isClosing = false
    private(set) var hasEnded = false

    var limits: BrokerLimits { core.configuration.limits }

    init(_ id: ConnectionID, stream: any TransportStream, core: BrokerCore) {
        self.id = id
        self.stream = stream
        self.core = core
        let configuration = core.configuration
        writeWatch = WriteWatch(every: configuration.limits.sendTimeout, on: stream.eventLoop)
        let keepsMessages = stream.description.keepsMessages
        session = configuration.serverProfile.makeSession(
            name: SessionPolicy.name(of: id),
            policy: SessionPolicy(configuration, keepsMessages: keepsMessages))
        let frameLimits = configuration.frameLimits(keepsMessages: keepsMessages)
        let first = min(frameLimits.frame, configuration.limits.frameBeforeConnected)
        decoder = FrameDecoder(
            limits: FrameLimits(line: frameLimits.line, headers: frameLimits.headers, frame: first))
        stream.limitMessages(to: first)
        decoder.skipsUnknownCommands = configuration.serverProfile.answersUnknownCommands
        output = FrameOutput(serverProfile: configuration.serverProfile, keepsMessages: keepsMessages)
        let timeout = configuration.serverProfile.connectTimeout(limits)
        timer = schedule(in: timeout) { connection in
            connection.refuse(.connectTimedOut(after: timeout))
        }
    }

    func schedule(
        in delay: TimeAmount, _ action: @escaping (BrokerConnection) -> Void
    ) -> Scheduled<Void> {
        stream.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            if let self, !self.isClosing { action(self) }
        }
    }

    // MARK: Frames

    private func readFrames() {
        while !isClosing, !holdsFrames {
            do throws(STOMPProtocolError) {
                guard let element = try decoder.next() else { return }
                if case .frame(let frame) = element { receive(frame) }
            } catch {
                let action = session.receive(error)
                perform(action)
                guard error.skippedCommand == nil else { continue }
                // After an invalid frame nothing more can be decoded, unless the next message begins a new frame.
                if case .refuse = action { _ = decoder.restart() }
                return
            }
        }
    }

    private func receive(_ frame: Frame) {
        if core.reportsFrames { core.report(id, .frame(.incoming, frame.bytes)) }
        judge(frame, by: core.configuration.denials[...])
    }

    /// Handles a frame, unless it is denied.
    private func judge(_ frame: Frame, by denials: ArraySlice<BrokerDenial>) {
        var rest = denials
        while let denial = rest.popFirst() {
            guard denial.concerns(frame, isOpen: session.version != nil) else { continue }
            if let matches = denial.matches {
                if let runner = denial.runner {
                    return wait(for: runner, { matches(frame) }, frame, denial, otherwise: rest)
                }
                guard matches(frame) else { continue }
            }
            return perform(session.deny(denial.text, frame), for: frame)
        }
        perform(session.receive(frame), for: frame)
    }

    /// Stops reading frames until another thread has decided whether this one is denied.
    private func wait(
        for runner: BrokerDenial.Runner, _ matches: @escaping @Sendable () -> Bool, _ frame: Frame,
        _ denial: BrokerDenial, otherwise rest: ArraySlice<BrokerDenial>
    ) {
        awaitsVerdict = true
        stream.setReading(false)
        let connection = NIOLoopBound(self, eventLoop: stream.eventLoop)
        let eventLoop = stream.eventLoop
        runner(matches) { isDenied in
            eventLoop.execute {
                connection.value.decided(isDenied ? denial : nil, on: frame, otherwise: rest)
            }
        }
    }

    private func decided(_ denial: BrokerDenial?, on frame: Frame, otherwise rest: ArraySlice<BrokerDenial>) {
        awaitsVerdict = false
        guard !isClosing else { return }
        if let denial { perform(session.deny(denial.text, frame), for: frame) } else { judge(frame, by: rest) }
        readOn()
    }

    private func perform(_ action: SessionAction, for frame: Frame? = nil) {
        switch action {
        case .open(let reply, let version, let heartBeat):
            write(reply)
            output.version = version
            decoder.version = version
            decoder.limits = core.configuration.frameLimits(keepsMessages: stream.description.keepsMessages)
            stream.limitMessages(to: nil)
            timer?.cancel()
            monitor = HeartBeatMonitor(heartBeat, now: .now())
            scheduleHeartBeat()
            if let user = reply.headers["user-name"] { core.name(id, user) }
            core.report(id, .connected(version: session.version ?? version, login: frame?.headers["login"]))
        case .perform(let request, let receipts):
            guard let frame, perform(request, of: frame) else { return }
            for receipt in receipts { write(receipt) }
        case .performLater(let request):
            guard let frame else { break }
            if core.chance.falls(core.configuration.earlySendLoss) {
                postponed.append((request, frame))
            } else {
                _ = perform(request, of: frame)
            }
        case .refuse(let error, let reply):
            core.report(id, .refused(error))
            write(reply)
        case .end(let replies, let ending, let error):
            core.report(id, error.map { .refused($0) } ?? .disconnected)
            for reply in replies { write(reply) }
            end(ending)
        case .ignore(let drop):
            if let frame { core.report(id, drop, of: frame) }
        }
    }

    /// Returns whether it succeeded.
    private func perform(_ request: ClientRequest, of frame: Frame) -> Bool {
        do throws(BrokerError) {
            try core.perform(request, from: id)
            if let kind = BrokerEvent.Kind(request) { core.report(id, kind) }
            if case .select(_, _, .unknown(let selector)) = request { core.report(id, .unknownSelector(selector)) }
            for drop in core.takeDrops() { core.report(id, drop, of: frame) }
            return true
        } catch {
            perform(session.failed(error, frame), for: frame)
            return false
        }
    }

    /// Performs the requests that were postponed to the end of the read.
    private func performPostponed() {
        while !postponed.isEmpty, !isClosing {
            let (request, frame) = postponed.removeFirst()
            _ = perform(request, of: frame)
        }
    }

    // MARK: Back-pressure

    /// Stops reading frames.
    func stop() {
        isStopped = true
        stream.setReading(false)
    }

    /// Continues with the waiting frames.
    func goOn() {
        guard isStopped else { return }
        isStopped = false
        readOn()
    }

    private func readOn() {
        guard !holdsFrames else { return core.flush() }
        // Reading was paused, so the client's silence had no meaning.
        monitor?.received(at: .now())
        readFrames()
        performPostponed()
        core.flush()
        guard !holdsFrames else { return }
        stream.setReading(true)
        if hasEnded { core.remove(id) }
    }

    // MARK: The end

    /// Answers with ERROR and closes.
    func refuse(_ error: BrokerError) {
        perform(session.end(error))
        core.flush()
    }

    /// Closes because the broker shuts down.
    func goAway() {
        guard !isClosing else { return stream.close() }
        end(.close(code: 1001, reason: "the broker is going away"))
    }

    func end(_ ending: SessionEnding) {
        guard !isClosing else { return }
        isClosing = true
        overtaken = nil
        timer?.cancel()
        waiting = WaitingDeliveries()
        core.leave(id)
        flush()
        // Keep reading, to detect the client's close.
        if holdsFrames { stream.setReading(true) }
        switch ending {
        case .close(let code, let reason) where stream.description.keepsMessages:
            stream.request(.close(code: code, reason: reason))
        case .close:
            stream.close()
        case .closeLater(let delay):
            timer = stream.eventLoop.assumeIsolated().scheduleTask(in: delay) { [stream] in stream.close() }
        case .leave:
            break
        }
        // The stream may have ended while frames were waiting.
        if hasEnded { core.remove(id) }
    }

    func drop(_ reason: String) {
        guard !isClosing else { return }
        core.report(id, .dropped(reason))
        if let ending = core.configuration.serverProfile.slownessClose(stream.description),
            stream.description.keepsMessages
        {
            return end(ending)
        }
        isClosing = true
        waiting = WaitingDeliveries()
        stream.abort()
        if hasEnded { core.remove(id) }
    }
}

// MARK: - Reordered messages

extension BrokerConnection {
    /// Waits a short time for the next message, which then overtakes this one.
    func letOvertake(_ delivery: Delivery) {
        guard !isClosing else { return }
        overtaken = delivery
        _ = schedule(in: BrokerConfiguration.reorderDelay) { connection in
            guard connection.overtaken?.id == delivery.id, let overtaken = connection.takeOvertaken() else { return }
            connection.core.writeOvertaken(overtaken, to: connection)
            connection.core.flush()
        }
    }

    func takeOvertaken() -> Delivery? { overtaken.take() }
}

// MARK: - Events of the stream

extension BrokerConnection: TransportReceiver {
    func received(_ bytes: ByteBuffer) {
        monitor?.received(at: .now())
        guard !isClosing else { return reportLate(bytes) }
        decoder.feed(bytes)
        readFrames()
        if isClosing { reportLate(ByteBuffer()) }
        // Over a WebSocket, each call is one message.
        if stream.description.keepsMessages { performPostponed() }
    }

    /// Ignores bytes after the end of the session; reports their frames if configured.
    private func reportLate(_ bytes: ByteBuffer) {
        guard core.configuration.detail >= .drops else { return }
        decoder.feed(bytes)
        while let element = try? decoder.next() {
            if case .frame(let frame) = element { core.report(id, .sessionOver, of: frame) }
        }
    }

    func receivedAll() {
        performPostponed()
        core.flush()
    }

    func happened(_ event: TransportEvent) {
        monitor?.received(at: .now())
    }

    func writabilityChanged(_ isWritable: Bool) {
        if isWritable { core.drained(id) }
    }

    func ended(_ error: TransportError?) {
        hasEnded = true
        timer?.cancel()
        writeWatch.cancel()
        core.report(id, .ended(error))
        if holdsFrames, !isClosing {
            // Frames received before the end are still handled in their turn.
            core.release(id)
        } else {
            core.remove(id)
        }
    }
}

/// Timers of a connection: heart-beats, and clients that are silent or do not read.
extension BrokerConnection {
    /// Drops a client that does not read.
    func watchWriting() {
        writeWatch.start(
            left: { [weak self] in
                guard let self, !stream.isWritable else { return nil }
                return output.taken - stream.queuedBytes
            },
            stalled: { [weak self] in
                guard let self else { return }
                drop("the client read no data for \(limits.sendTimeout.readable)")
            })
    }

    // MARK: Heart-beats

    func scheduleHeartBeat() {
        guard let next = monitor?.nextCheck else { return }
        timer = schedule(in: max(next - .now(), .nanoseconds(0))) { $0.heartBeatDue() }
    }

    private func heartBeatDue() {
        guard let due = monitor?.due(at: .now()) else { return }
        if due.peerIsSilent {
            guard holdsFrames else {
                return refuse(.silent)
            }
            monitor?.received(at: .now())
        }
        if due.send {
            monitor?.sent(at: .now())
            // A full queue is being sent, which shows that this side is alive.
            if stream.isWritable {
                touch()
                output.appendHeartBeat()
                flush()
            }
        }
        scheduleHeartBeat()
    }
}
