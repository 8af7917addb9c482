import NIOCore
import STOMPTransport

/// What a user of a tap calls a connection: one over TCP, a WebSocket, or a SockJS session with all its requests. It has
/// a number, its inspector, and its faults.
final class TapSession {
    let number: Int
    let app: String
    private let tapServer: TapServer
    var inspector: StreamInspector
    /// The connections that carry it now, each with how many requests of it.
    private var relays: [ObjectIdentifier: (relay: Relay, requests: Int)] = [:]
    private var timers: [Scheduled<Void>] = []
    /// How one of the ends, or the tap, closed the session.
    private var farewell: TapEnding?
    private(set) var isFrozen = false
    private(set) var isClosed = false
    private(set) var hasEnded = false
    /// Called when nothing carries it any more.
    var whenIdle: (() -> Void)?
    /// Ends it where nothing carries it for too long.
    var idleTimer: Scheduled<Void>?

    init(number: Int, app: String, _ tapServer: TapServer, keepsMessages: Bool) {
        self.number = number
        self.app = app
        self.tapServer = tapServer
        let options = tapServer.configuration.transport
        inspector = StreamInspector(
            limits: .init(frame: options.maximumMessage), keepsMessages: keepsMessages,
            faults: tapServer.configuration.faults)
    }

    // MARK: - What is told

    func report(_ direction: WireEvent.Direction, _ content: TapEvent.Content) {
        tapServer.report(TapEvent(connection: number, app: app, direction: direction, content))
    }

    func report(_ direction: WireEvent.Direction, _ contents: [TapEvent.Content]) {
        for content in contents { report(direction, content) }
    }

    /// Tells what the session is, and has the faults begin.
    func start(_ opening: TapOpening) {
        report(.local, .opened(opening))
        let faults = tapServer.configuration.faults
        if let slowness = faults.slowness { report(.local, .fault(slowness)) }
        if case .time(let time) = faults.closing { after(time) { $0.close() } }
        if let time = faults.freezing { after(time) { $0.freeze() } }
    }

    /// Remembers how one side ended the session: the first one counts.
    func note(ending: TapEnding) {
        farewell = farewell ?? ending
    }

    func end(_ how: TapEnding) {
        guard !hasEnded else { return }
        hasEnded = true
        for timer in timers { timer.cancel() }
        timers = []
        if tapServer.configuration.faults.needsSifting {
            for direction in [WireEvent.Direction.outgoing, .incoming] {
                report(direction, inspector.finish(direction).seen)
            }
        }
        report(.local, .ended(farewell ?? how))
        tapServer.deliver()
    }

    // MARK: - What carries it

    func attach(_ relay: Relay) {
        idleTimer?.cancel()
        relays[ObjectIdentifier(relay), default: (relay, 0)].requests += 1
        if isFrozen { relay.freeze() }
    }

    func detach(_ relay: Relay) {
        let id = ObjectIdentifier(relay)
        relays[id]?.requests -= 1
        if relays[id]?.requests == 0 { relays[id] = nil }
        if relays.isEmpty { whenIdle?() }
    }

    var isCarried: Bool { !relays.isEmpty }

    // MARK: - Faults

    /// Closes the session where its inspector has had all the frames that it was to have.
    func closeIfSpent() {
        if inspector.isSpent { close() }
    }

    private func close() {
        guard !isClosed, !hasEnded else { return }
        isClosed = true
        let code = tapServer.configuration.faults.closeCode
        report(.local, .fault(.closed(code: code)))
        farewell = .closedByTap
        // The ends learn of it when it was told.
        tapServer.deliver()
        for (relay, _) in relays.values { relay.breakOff(self, code: code) }
        tapServer.deliver()
    }

    func freeze() {
        guard !isClosed, !hasEnded else { return }
        isFrozen = true
        report(.local, .fault(.frozen))
        tapServer.deliver()
        for (relay, _) in relays.values { relay.freeze() }
    }

    private func after(_ time: TimeAmount, _ body: @escaping (TapSession) -> Void) {
        timers.append(
            tapServer.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
                if let self { body(self) }
            })
    }
}
