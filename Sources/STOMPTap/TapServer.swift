import NIOCore
import NIOHTTP1
import STOMPTransport

/// Performs the actions of a ``TapMachine``. It owns the channels, the connector and the timers, and makes no
/// decisions itself. It lives on the tap's event loop.
final class TapServer {
    private let eventLoop: any EventLoop
    private let connector: TransportConnector
    private let connectTimeout: TimeAmount
    private let makeHeaders: TapConfiguration.ConnectionHeaders?
    private let observer: @Sendable ([TapEvent]) -> Void
    private(set) var machine: TapMachine
    /// Decides which frames are dropped, if that is not done on the event loop.
    private let verdicts: DeferredVerdicts?
    /// The waiting events of each relay that needs such a decision; the decision is for the first event.
    private var waiting: [Relay.ID: CircularBuffer<TapMachine.Event>] = [:]
    /// The actions still to perform. An action may cause an event at once; the actions that follow from it are
    /// queued.
    private var actions = CircularBuffer<TapAction>()
    private var isPerforming = false
    private var ends: [Relay.ID: Pair<ChannelEnd?>] = [:]
    private var timers: [TapTimer: Scheduled<Void>] = [:]
    private var lastID = 0
    private var isShuttingDown = false
    private var whenEmpty: EventLoopPromise<Void>?

    init(
        _ configuration: TapConfiguration, on eventLoop: any EventLoop,
        observer: @escaping @Sendable ([TapEvent]) -> Void
    ) {
        self.eventLoop = eventLoop
        self.observer = observer
        connector = TransportConnector(options: configuration.transport)
        connectTimeout = configuration.connectTimeout
        makeHeaders = configuration.connectionHeaders
        var configuration = configuration
        verdicts = DeferredVerdicts(replacing: &configuration.faults)
        machine = TapMachine(configuration)
    }

    /// Accepts a connection from an app.
    func accept(_ channel: any Channel) throws {
        // A TLS handshake may complete during the shutdown.
        guard !isShuttingDown else { return channel.close(promise: nil) }
        lastID += 1
        ends[lastID] = Pair(app: try end(channel, .app, of: lastID), server: nil)
        handle(.accepted(lastID, app: addressText(channel.remoteAddress)))
    }

    /// Ends all connections, and then all sessions; the future succeeds when all have ended.
    func shutDown() -> EventLoopFuture<Void> {
        let promise = whenEmpty ?? eventLoop.makePromise(of: Void.self)
        isShuttingDown = true
        whenEmpty = promise
        endWaiting()
        handle(.shutDown)
        if machine.isEmpty { whenEmpty.take()?.succeed() }
        return promise.futureResult.assumeIsolated().map { self.handle(.sessionsEnd) }.nonisolated()
    }

    /// Passes an event to the machine, and performs the resulting actions.
    func handle(_ event: TapMachine.Event) {
        let id = TapMachine.relay(of: event)
        if let id, waiting[id] != nil {
            waiting[id]?.append(event)
        } else if !perform(event), let id {
            waiting[id] = [event]
            for side in TapSide.both { ends[id]?[side]?.perform(.read(false)) }
        }
    }

    /// Performs an event. If the event depends on an unknown decision, nothing changes, the decision is started,
    /// and the result is false.
    ///
    /// - Parameter known: the decisions that are already known.
    private func perform(_ event: TapMachine.Event, knowing known: [DeferredVerdicts.Known] = []) -> Bool {
        guard let verdicts, let id = TapMachine.relay(of: event), !isShuttingDown else {
            enqueue(machine.handle(event, at: eventLoop.now))
            return true
        }
        // The machine is a value, so a discarded copy has no effect.
        var trial = machine
        verdicts.start(with: known)
        let actions = trial.handle(event, at: eventLoop.now)
        let unknown = verdicts.takeUnknown()
        guard unknown.isEmpty else {
            let server = NIOLoopBound(self, eventLoop: eventLoop)
            let before = known
            verdicts.decide(unknown) { [eventLoop] known in
                eventLoop.execute { server.value.decided(id, before + known) }
            }
            return false
        }
        machine = trial
        enqueue(actions)
        return true
    }

    /// Continues a relay after the decision on its frames. Events that happened at its ends meanwhile come last.
    private func decided(_ id: Relay.ID, _ known: [DeferredVerdicts.Known]) {
        var known = known
        while let event = waiting[id]?.first {
            guard perform(event, knowing: known) else { return }
            known = []
            waiting[id]?.removeFirst()
        }
        waiting[id] = nil
        for side in TapSide.both where machine.isReading(id, side) { ends[id]?[side]?.perform(.read(true)) }
    }

    /// Bytes that wait for a decision when the tap ends are not passed on.
    private func endWaiting() {
        for id in waiting.keys.sorted() {
            for event in waiting.removeValue(forKey: id) ?? [] {
                if case .end(_, _, .bytes) = event { continue }
                enqueue(machine.handle(event, at: eventLoop.now))
            }
        }
    }

    private func enqueue(_ new: [TapAction]) {
        actions += new
        guard !isPerforming else { return }
        isPerforming = true
        while let action = actions.popFirst() { perform(action) }
        isPerforming = false
    }

    private func perform(_ action: TapAction) {
        switch action {
        case .end(let id, _, .read(true)) where waiting[id] != nil: break
        case .end(let id, let side, let command): ends[id]?[side]?.perform(command)
        case .connect(let id, let server): connect(id, to: server)
        case .report(let events): observer(events)
        case .schedule(let timer, let deadline):
            timers[timer]?.cancel()
            timers[timer] = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
                self?.timers[timer] = nil
                self?.handle(.timerFired(timer))
            }
        case .cancel(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .over(let id):
            ends[id] = nil
            if machine.isEmpty { whenEmpty.take()?.succeed() }
        }
    }

    private func end(_ channel: any Channel, _ side: TapSide, of id: Relay.ID) throws -> ChannelEnd {
        try ChannelEnd(channel) { [self] event in handle(.end(id, side, event)) }
    }

    // MARK: - Connections to servers

    private func connect(_ id: Relay.ID, to server: TapConfiguration.Server) {
        let deadline = NIODeadline.now() + connectTimeout
        guard let makeHeaders, server.target.kind != .tcp else {
            return connect(id, to: server, HTTPHeaders(), deadline)
        }
        eventLoop.makeFutureWithTask { HTTPHeaders(try await makeHeaders(deadline)) }
            .assumeIsolated().whenComplete { [self] result in
                switch result {
                case .success(let headers): connect(id, to: server, headers, deadline)
                case .failure(let error): handle(.noHeaders(id, error))
                }
            }
    }

    private func connect(
        _ id: Relay.ID, to server: TapConfiguration.Server, _ headers: HTTPHeaders, _ deadline: NIODeadline
    ) {
        connector.channel(
            to: server.target, by: server.proxy, on: eventLoop, deadline: deadline
        ).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let channel): connected(id, channel, headers)
            case .failure(let error): handle(.notConnected(id, error))
            }
        }
    }

    private func connected(_ id: Relay.ID, _ channel: any Channel, _ headers: HTTPHeaders) {
        do {
            guard machine.awaitsServer(id), channel.isActive else { throw ChannelError.eof }
            ends[id]?.server = try end(channel, .server, of: id)
        } catch {
            channel.close(promise: nil)
            return handle(.unusable(id, error))
        }
        handle(.connected(id, address: addressText(channel.remoteAddress), headers))
    }
}
