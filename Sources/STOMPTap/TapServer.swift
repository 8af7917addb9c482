import NIOCore
import NIOHTTP1
import STOMPTransport

/// Performs what a ``TapMachine`` decides: it has the channels, the connector and the timers, and decides nothing itself.
/// It lives on the tap's event loop.
final class TapServer {
    private let eventLoop: any EventLoop
    private let connector: TransportConnector
    private let connectTimeout: TimeAmount
    private let makeHeaders: TapConfiguration.ConnectionHeaders?
    private let observer: @Sendable ([TapEvent]) -> Void
    private(set) var machine: TapMachine
    /// What is still to be performed. An action may cause an event at once; the actions that follow wait for their turn.
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
        machine = TapMachine(configuration)
    }

    /// Takes the connection of an app.
    func accept(_ channel: any Channel) throws {
        // A handshake of TLS may end when all the others are being ended.
        guard !isShuttingDown else { return channel.close(promise: nil) }
        lastID += 1
        ends[lastID] = Pair(app: try end(channel, .app, of: lastID), server: nil)
        handle(.accepted(lastID, app: addressText(channel.remoteAddress)))
    }

    /// Ends all connections, and then all sessions; the future succeeds when they are over.
    func shutDown() -> EventLoopFuture<Void> {
        let promise = whenEmpty ?? eventLoop.makePromise(of: Void.self)
        isShuttingDown = true
        whenEmpty = promise
        handle(.shutDown)
        if machine.isEmpty { whenEmpty.take()?.succeed() }
        return promise.futureResult.assumeIsolated().map { self.handle(.sessionsEnd) }.nonisolated()
    }

    /// Gives the machine an event, and performs the actions that follow from it.
    func handle(_ event: TapMachine.Event) {
        actions += machine.handle(event, at: eventLoop.now)
        guard !isPerforming else { return }
        isPerforming = true
        while let action = actions.popFirst() { perform(action) }
        isPerforming = false
    }

    private func perform(_ action: TapAction) {
        switch action {
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
