import NIOCore
import STOMPCore
import STOMPTransport

/// Events of the stream.
extension ConnectionCore: TransportReceiver {
    func received(_ bytes: ByteBuffer) {
        let time = timeOfRead ?? .now()
        timeOfRead = time
        let isTraced = trace.wants(.frames)
        let actions = machine.receive(
            bytes, at: time, isTraced: isTraced, isMessage: keepsMessages, sent: sentBefore, into: &newMessages)
        for action in actions {
            switch action {
            case .trace(.heartBeat): traceHeartBeat(.incoming)
            case .trace(.frame(let frame)):
                trace.record(.frames) {
                    WireEvent(.stomp, .incoming, .frames, .frame(command: frame.command.rawValue), bytes: frame.bytes)
                }
            case .receipt(let id):
                sentBefore.confirmed(id)
                receipts.arrived(id, at: eventLoop.now)?.succeed(time)
            case .open(let opening, let handshake):
                clocks.stop(.connected)
                heartBeats = HeartBeats(handshake.heartBeat, at: eventLoop.now)
                startHeartBeatClock()
                opening.succeed(Opened(core: NIOLoopBound(self, eventLoop: eventLoop), handshake: handshake))
            case .close(let close): perform(close)
            }
        }
    }

    func receivedAll() {
        heartBeats.received(at: eventLoop.now)
        timeOfRead = nil
        deliver()
        switch machine.phase {
        case .open: perform(inboxes.budget.endRead())
        case .opening: if let unfinished = machine.unfinished { configuration.notice(.opening(unfinished)) }
        case .leaving, .closed: break
        }
    }

    func happened(_ event: TransportEvent) {
        switch event {
        case .alive, .wire(.ping, _): heartBeats.received(at: eventLoop.now)
        case .wire(.pong, let payload):
            heartBeats.received(at: eventLoop.now)
            guard let payload else { return }
            for promise in pings.pong(payload) { promise.succeed() }
        case .wire(.ended(let closure), _): machine.streamCloses(closure)
        case .messages, .wire: break
        case .invalidUTF8:
            guard !warnedOfInvalidUTF8 else { return }
            warnedOfInvalidUTF8 = true
            configuration.notice(.invalidUTF8)
        }
    }

    func writabilityChanged(_ isWritable: Bool) {
        guard isWritable else { return }
        becameWritable()
    }

    func ended(_ error: TransportError?) {
        let quiet = heartBeats.quietWithoutBeats(at: eventLoop.now)
        if let close = machine.streamEnded(error, quiet: quiet) { perform(close) }
    }
}

/// The negotiated heart-beats: sends this side's, and checks the server's.
extension ConnectionCore {
    private func startHeartBeatClock() {
        guard let time = heartBeats.nextCheck else { return }
        startClock(.heartBeat, until: time) { core in core.checkHeartBeats() }
    }

    private func checkHeartBeats() {
        let isReading = inboxes.budget.isReading
        switch heartBeats.check(at: eventLoop.now, isReading: isReading, isWritable: stream.isWritable) {
        case .nothing: break
        case .send:
            traceHeartBeat(.outgoing)
            write(ByteBuffer(integer: UInt8(ascii: "\n")))
            sentBefore.sent(.heartBeat)
            stream.flush()
        case .endSilent(let silence, let agreed): return fail(.silent(for: silence, agreed: agreed))
        }
        startHeartBeatClock()
    }

    /// Records a heart-beat in the trace, with its negotiated interval.
    private func traceHeartBeat(_ direction: WireEvent.Direction) {
        trace.record(.layers) {
            let agreed = direction == .outgoing ? heartBeats.outgoing : heartBeats.incoming
            return WireEvent(
                .stomp, direction, .layers, .heartBeat(agreed: agreed), bytes: ByteBuffer(integer: UInt8(ascii: "\n")))
        }
    }
}

/// Timeouts.
extension ConnectionCore {
    enum Clock: Int, CaseIterable {
        /// CONNECTED.
        case connected
        /// The receipt of DISCONNECT.
        case disconnected
        /// The next receipt other than that of DISCONNECT.
        case receipts
        /// This side's next heart-beat, or the timeout for the server's.
        case heartBeat
    }

    /// The timers on the event loop, at most one for each clock.
    struct Clocks {
        private var timers: [Scheduled<Void>?] = Array(repeating: nil, count: Clock.allCases.count)

        subscript(clock: Clock) -> Scheduled<Void>? {
            get { timers[clock.rawValue] }
            set { timers[clock.rawValue] = newValue }
        }

        mutating func stop(_ clock: Clock) {
            timers[clock.rawValue].take()?.cancel()
        }

        mutating func stopAll() {
            for clock in Clock.allCases { stop(clock) }
        }
    }

    /// Runs `action` at `deadline`, unless this clock is running already.
    func startClock(_ clock: Clock, until deadline: NIODeadline, _ action: @escaping (ConnectionCore) -> Void) {
        guard clocks[clock] == nil else { return }
        clocks[clock] = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            clocks[clock] = nil
            action(self)
        }
    }
}
