import NIOCore
import STOMPTransport

/// All connections and sessions of a tap. It lives on the tap's event loop.
final class TapServer {
    /// The most SockJS sessions that are known at a time; the requests of more are passed on and not taken apart.
    static let largestSessionCount = 10_000
    /// What is told at once at the most.
    private static let largestBatch = 1000
    /// How long a SockJS session may be without a request before it counts as over. Servers end it after 5 s.
    private static let sessionTimeout = TimeAmount.seconds(6)

    let configuration: TapConfiguration
    let eventLoop: any EventLoop
    let connector: TransportConnector
    let admission: RequestAdmission
    private let observer: @Sendable ([TapEvent]) -> Void
    private var batch: [TapEvent] = []
    private(set) var relays: [ObjectIdentifier: Relay] = [:]
    private(set) var sessions: [String: TapSession] = [:]
    private var lastNumber = 0
    private var whenEmpty: EventLoopPromise<Void>?

    init(
        _ configuration: TapConfiguration, on eventLoop: any EventLoop,
        observer: @escaping @Sendable ([TapEvent]) -> Void
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.observer = observer
        connector = TransportConnector(options: configuration.transport)
        admission = RequestAdmission(configuration)
    }

    func accept(_ channel: any Channel) throws {
        // A handshake of TLS may end when all the others are being ended.
        guard whenEmpty == nil else { return channel.close(promise: nil) }
        if configuration.faults.refusal > 0, Double.random(in: 0..<1) < configuration.faults.refusal {
            report(
                TapEvent(connection: nextNumber(), app: addressText(channel.remoteAddress), .fault(.connectionRefused)))
            deliver()
            RelayEnd(channel, .outgoing) { _ in }.reset()
            return
        }
        let relay = Relay(channel, self)
        try relay.start()
        relays[ObjectIdentifier(relay)] = relay
    }

    /// The relay is over.
    func remove(_ relay: Relay) {
        relays[ObjectIdentifier(relay)] = nil
        if relays.isEmpty { whenEmpty?.succeed() }
    }

    /// Ends all connections; the future is kept when they are over.
    func shutDown() -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        guard !relays.isEmpty else {
            endSessions()
            promise.succeed()
            return promise.futureResult
        }
        whenEmpty = promise
        for relay in relays.values { relay.shutDown() }
        return promise.futureResult.assumeIsolated().map { self.endSessions() }.nonisolated()
    }

    private func endSessions() {
        for session in sessions.values { session.end(.tapEnded) }
        sessions = [:]
    }

    // MARK: - What is told

    func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    func tells(_ content: TapEvent.Content) -> Bool {
        switch content {
        case .wire(_, .observedHeartBeat, _): true
        case .wire: configuration.tellsLayers || content.isTraffic
        case .frame, .opened, .refused, .fault, .note, .ended: true
        }
    }

    func report(_ event: TapEvent) {
        guard tells(event.content) else { return }
        batch.append(event)
        // One read may bring very many.
        if batch.count >= Self.largestBatch { deliver() }
    }

    /// Hands on what was told since the last time.
    func deliver() {
        guard !batch.isEmpty else { return }
        let events = batch
        batch.removeAll(keepingCapacity: true)
        observer(events)
    }

    // MARK: - SockJS sessions

    /// The session that a request belongs to; nil where it cannot be known.
    ///
    /// - Parameter isReceiving: whether the request receives: only such a one opens a session.
    func session(of path: SockJSPath, app: String, isReceiving: Bool) -> TapSession? {
        if let session = sessions[path.session] { return session }
        if sessions.count >= Self.largestSessionCount {
            sessions = sessions.filter { !$0.value.hasEnded || $0.value.isCarried }
        }
        guard isReceiving, sessions.count < Self.largestSessionCount else { return nil }
        return makeSession(path, app: app)
    }

    /// A session in place of the one that may be known by the same path. It stays known that long also when it
    /// has ended, as a client goes on asking until it has read of the end.
    func makeSession(_ path: SockJSPath, app: String) -> TapSession {
        let session = TapSession(number: nextNumber(), app: app, self, keepsMessages: true)
        sessions[path.session] = session
        session.whenIdle = { [weak self, weak session] in
            guard let self, let session else { return }
            session.idleTimer?.cancel()
            session.idleTimer = self.eventLoop.assumeIsolated().scheduleTask(in: Self.sessionTimeout) {
                session.end(.noRequest(within: Self.sessionTimeout))
                if self.sessions[path.session] === session { self.sessions[path.session] = nil }
            }
        }
        session.start(.sockJS(transport: path.transport, session: path.session))
        return session
    }
}
