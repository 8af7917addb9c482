import NIOCore
import STOMPCore
import STOMPTransport

/// A client's connection, on the event loop: it feeds what the stream brings to the decoder and the session, and does
/// what they say.
final class BrokerConnection {
    let id: ConnectionID
    let stream: any TransportStream
    let core: BrokerCore
    private var session: any ServerSession
    private var decoder: FrameDecoder
    var output: FrameOutput
    /// The kind of message that the stream sends at present.
    var kind = TransportMessageKind.byContent
    var monitor: HeartBeatMonitor?
    /// Requests that wait for the end of the read.
    private var postponed = CircularBuffer<(ClientRequest, Frame)>(initialCapacity: 0)
    var timer: Scheduled<Void>?
    let writeWatch: WriteWatch
    /// Messages that wait because the stream takes nothing more for now.
    var waiting = WaitingDeliveries()
    /// A message that the next one overtakes.
    private(set) var overtaken: Delivery?
    /// Whether messages wait rather than being written.
    var isHeld = false

    /// Whether frames wait in the decoder, because somebody does not take what they would cause.
    private(set) var isStopped = false
    /// Whether frames wait in the decoder, because it is not known yet whether the one before them is denied.
    private var awaitsVerdict = false
    /// Whether frames wait in the decoder.
    private var holdsFrames: Bool { isStopped || awaitsVerdict }
    /// Whether the session is over; what still comes is read and forgotten.
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
                // After what is not a frame nothing can be read, unless the next message begins one.
                if case .refuse = action { _ = decoder.restart() }
                return
            }
        }
    }

    private func receive(_ frame: Frame) {
        if core.reportsFrames { core.report(id, .frame(.incoming, frame.bytes)) }
        judge(frame, by: core.configuration.denials[...])
    }

    /// Performs a frame, unless it is denied.
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

    /// Lets further frames wait until it is known elsewhere whether this one is denied.
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

    /// Returns whether it could be done.
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

    /// What was not to be done before the rest of the read.
    private func performPostponed() {
        while !postponed.isEmpty, !isClosing {
            let (request, frame) = postponed.removeFirst()
            _ = perform(request, of: frame)
        }
    }

    // MARK: Back-pressure

    /// Lets further frames wait.
    func stop() {
        isStopped = true
        stream.setReading(false)
    }

    /// Takes up the frames that waited.
    func goOn() {
        guard isStopped else { return }
        isStopped = false
        readOn()
    }

    private func readOn() {
        guard !holdsFrames else { return core.flush() }
        // While this side did not listen, the client's silence meant nothing.
        monitor?.received(at: .now())
        readFrames()
        performPostponed()
        core.flush()
        guard !holdsFrames else { return }
        stream.setReading(true)
        if hasEnded { core.remove(id) }
    }

    // MARK: The end

    /// Answers ERROR and closes.
    func refuse(_ error: BrokerError) {
        perform(session.end(error))
        core.flush()
    }

    /// Closes because the broker ends.
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
        // The client's own end is still to be seen.
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
        // Its stream may have ended while frames were held.
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

// MARK: - Messages that others overtake

extension BrokerConnection {
    /// Lets the next message overtake this one, if it comes soon.
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

// MARK: - What the stream brings

extension BrokerConnection: TransportReceiver {
    func received(_ bytes: ByteBuffer) {
        monitor?.received(at: .now())
        guard !isClosing else { return reportLate(bytes) }
        decoder.feed(bytes)
        readFrames()
        if isClosing { reportLate(ByteBuffer()) }
        // Here each call is a message.
        if stream.description.keepsMessages { performPostponed() }
    }

    /// What comes when the session is over is forgotten, and that is told where it is wanted.
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
            // What came before the end still counts, when its turn comes.
            core.release(id)
        } else {
            core.remove(id)
        }
    }
}

/// What time does to a connection: heart-beats that are due, and clients that have gone silent or take nothing.
extension BrokerConnection {
    /// Gives up on a client that takes nothing.
    func watchWriting() {
        writeWatch.start(
            left: { [weak self] in
                guard let self, !stream.isWritable else { return nil }
                return output.taken - stream.queuedBytes
            },
            stalled: { [weak self] in
                guard let self else { return }
                drop("it took nothing for \(limits.sendTimeout.readable)")
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
            // A full queue is a sign of life on its way already.
            if stream.isWritable {
                touch()
                output.appendHeartBeat()
                flush()
            }
        }
        scheduleHeartBeat()
    }
}
