import NIOCore
import STOMPTransport

/// All that a tap decides: its relays, and the sessions that these carry. A value without I/O: what happens is told to it
/// together with the time, and it says what is to be done.
struct TapMachine {
    enum Event {
        /// An app has connected.
        case accepted(Relay.ID, app: String)
        /// Something happened at an end of a relay.
        case end(Relay.ID, TapSide, RelayEnd.Event)
        /// A relay's connection to a server stands.
        case connected(Relay.ID, address: String)
        /// There is no connection to the server that was tried.
        case notConnected(Relay.ID, any Error)
        /// There was one, and it is of no use.
        case unusable(Relay.ID, any Error)
        case due(TapTimer)
        /// All connections are to end.
        case shutDown
        /// And then all sessions.
        case sessionsEnd
    }

    private(set) var context: TapContext
    private var relays: [Relay.ID: Relay] = [:]

    init(_ configuration: TapConfiguration) { context = TapContext(configuration) }

    /// Whether no connection is left.
    var isEmpty: Bool { relays.isEmpty }

    /// Whether a relay still waits for a connection to a server, and would use it.
    func awaitsServer(_ id: Relay.ID) -> Bool { relays[id]?.awaitsServer ?? false }

    /// Takes what has happened.
    ///
    /// - Returns: what is to be done, in this order.
    mutating func handle(_ event: Event, at now: NIODeadline) -> [TapAction] {
        context.now = now
        switch event {
        case .accepted(let id, let app): accept(id, app)
        case .end(let id, let side, let event): relays[id]?.handle(event, at: side, &context)
        case .connected(let id, let address): relays[id]?.connected(to: address, &context)
        case .notConnected(let id, let error): relays[id]?.notConnected(error, &context)
        case .unusable(let id, let error): relays[id]?.unusable(error, &context)
        case .due(let timer): due(timer)
        case .shutDown: for id in relays.keys.sorted() { relays[id]?.shutDown(&context) }
        case .sessionsEnd: context.endAllSessions()
        }
        settle()
        return context.takeActions()
    }

    private mutating func accept(_ id: Relay.ID, _ app: String) {
        let refusal = context.configuration.faults.refusal
        if refusal > 0, Double.random(in: 0..<1) < refusal {
            context.report(
                TapEvent(connection: context.nextNumber(), app: app, .fault(.connectionRefused)))
            context.deliver()
            context.actions += [.end(id, .app, .reset), .over(id)]
            return
        }
        var relay = Relay(id, app: app, context)
        relay.start(&context)
        relays[id] = relay
    }

    private mutating func due(_ timer: TapTimer) {
        switch timer {
        case .closing(let session): breakOff(context.closeSession(session), session)
        case .freezing(let session): for id in context.freezeSession(session) { relays[id]?.freeze(&context) }
        case .idle(let session): context.endIdleSession(session)
        case .lane(let id, let side): relays[id]?.laneIsDue(from: side, &context)
        case .going(let id, let side): relays[id]?.endShouldBeGone(side, &context)
        }
    }

    /// Does what concerns more than the relay that has just moved on: a session that is spent is closed on all of its
    /// relays; and relays that are over are forgotten.
    private mutating func settle() {
        while let (session, carriers) = context.closed.popFirst() { breakOff(carriers, session) }
        while let id = context.finished.popFirst() {
            relays[id] = nil
            context.actions.append(.over(id))
        }
    }

    private mutating func breakOff(_ carriers: [Relay.ID], _ session: Int) {
        guard !carriers.isEmpty else { return }
        for id in carriers { relays[id]?.breakOff(session, &context) }
        context.deliver()
    }
}

/// What a tap is to do.
enum TapAction {
    case end(Relay.ID, TapSide, RelayEnd.Command)
    /// Connects a relay to a server.
    case connect(Relay.ID, TapConfiguration.Server)
    /// Hands on what was seen.
    case tell([TapEvent])
    /// Sets a timer, in place of one that may be set already.
    case schedule(TapTimer, at: NIODeadline)
    case cancel(TapTimer)
    /// The relay is over, and its ends are gone or are going.
    case over(Relay.ID)
}

/// What a tap waits for.
enum TapTimer: Hashable {
    /// A session's time is over, as a fault has it.
    case closing(Int)
    case freezing(Int)
    /// A SockJS session should have had a request.
    case idle(Int)
    /// What this end of a relay has sent may pass.
    case lane(Relay.ID, TapSide)
    /// This end of a relay should be gone.
    case going(Relay.ID, TapSide)
}

/// What the relays of a tap have in common: how it is configured, its sessions, and what is to be done. It is handed
/// down to whatever is working, and nobody keeps it.
struct TapContext {
    /// The most SockJS sessions that are known at a time; the requests of more are passed on and not taken apart.
    static let largestSessionCount = 10_000
    /// How long a SockJS session may be without a request before it counts as over. Servers end it after 5 s.
    static let sessionTimeout = TimeAmount.seconds(6)
    /// What is told at once at the most.
    private static let largestBatch = 1000

    let configuration: TapConfiguration
    let admission: RequestAdmission
    let rewriting: RequestRewriting
    /// When the present event happened.
    var now = NIODeadline.uptimeNanoseconds(0)
    /// By their numbers.
    var sessions: [Int: TapSession] = [:]
    /// Of the SockJS sessions, by their paths.
    var numbers: [String: Int] = [:]
    private var lastNumber = 0
    private var events: [TapEvent] = []
    var actions: [TapAction] = []
    /// Sessions that the tap has closed, and the relays that are still to be broken off for it.
    var closed = CircularBuffer<(session: Int, carriers: [Relay.ID])>()
    /// Relays that are over.
    var finished = CircularBuffer<Relay.ID>()

    init(_ configuration: TapConfiguration) {
        self.configuration = configuration
        admission = RequestAdmission(configuration)
        rewriting = RequestRewriting(
            isTapSecure: configuration.tls != nil, options: configuration.transport,
            withholdsCompression: configuration.faults.needsSifting)
    }

    mutating func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    fileprivate mutating func takeActions() -> [TapAction] {
        defer { actions = [] }
        return actions
    }

    // MARK: - What is told

    func tells(_ content: TapEvent.Content) -> Bool {
        switch content {
        case .wire(_, .observedHeartBeat, _): true
        case .wire: configuration.tellsLayers || content.isTraffic
        case .frame, .opened, .refused, .fault, .note, .ended: true
        }
    }

    mutating func report(_ event: TapEvent) {
        guard tells(event.content) else { return }
        events.append(event)
        // One read may bring very many.
        if events.count >= Self.largestBatch { deliver() }
    }

    /// Reports what concerns a session.
    mutating func report(_ direction: WireEvent.Direction, _ content: TapEvent.Content, of session: Int) {
        guard let app = sessions[session]?.app else { return }
        report(TapEvent(connection: session, app: app, direction: direction, content))
    }

    mutating func report(_ direction: WireEvent.Direction, _ contents: [TapEvent.Content], of session: Int) {
        guard !contents.isEmpty, let app = sessions[session]?.app else { return }
        for content in contents {
            report(TapEvent(connection: session, app: app, direction: direction, content))
        }
    }

    /// Reports what concerns a connection that carries no session, or several.
    mutating func report(_ direction: WireEvent.Direction, _ content: TapEvent.Content, of label: inout RelayLabel) {
        // A number is taken by what is told only.
        guard tells(content) else { return }
        let number = number(of: &label)
        report(TapEvent(connection: number, app: label.app, direction: direction, content))
    }

    mutating func number(of label: inout RelayLabel) -> Int {
        let number = label.number ?? nextNumber()
        label.number = number
        return number
    }

    /// Has all that was told since the last time handed on.
    mutating func deliver() {
        guard !events.isEmpty else { return }
        actions.append(.tell(events))
        events = []
    }
}

/// Who a relay is.
struct RelayLabel {
    let id: Relay.ID
    /// The app's address and port.
    let app: String
    /// What it is called where something is told of it.
    var number: Int?
}
