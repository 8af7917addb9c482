import NIOCore
import NIOHTTP1
import STOMPTransport

/// All that a tap decides. A value without I/O: it gets an event and the time, and returns the actions that its caller,
/// ``TapServer``, must perform.
///
/// Below it are values only, and none of them knows what is above it. A ``Relay`` is a connection of an app and the one
/// with its server; it knows its ends, its lanes and its ``Traffic``. A ``TapSession`` is what a user calls a connection;
/// a SockJS session may be carried by many relays, so all sessions are in the ``TapContext``, which is handed down.
struct TapMachine {
    enum Event {
        /// An app has connected.
        case accepted(Relay.ID, app: String)
        /// Something happened at an end of a relay.
        case end(Relay.ID, TapSide, RelayEnd.Event)
        /// There are no headers for the requests of a relay.
        case noHeaders(Relay.ID, any Error)
        /// A relay has a connection to a server, and its requests get these headers.
        case connected(Relay.ID, address: String, HTTPHeaders = HTTPHeaders())
        /// The present server of a relay cannot be reached.
        case notConnected(Relay.ID, any Error)
        /// There was a connection, and it cannot be used.
        case unusable(Relay.ID, any Error)
        case timerFired(TapTimer)
        /// All connections must end.
        case shutDown
        /// All connections are over: the sessions must end too.
        case sessionsEnd
    }

    /// The relay that an event is for; nil for one that is for none, or for a session.
    static func relay(of event: Event) -> Relay.ID? {
        switch event {
        case .accepted(let id, _), .end(let id, _, _), .noHeaders(let id, _), .connected(let id, _, _),
            .notConnected(let id, _), .unusable(let id, _), .timerFired(.lane(let id, _)),
            .timerFired(.endClose(let id, _)), .timerFired(.head(let id)):
            id
        case .timerFired, .shutDown, .sessionsEnd: nil
        }
    }

    private(set) var context: TapContext
    private var relays: [Relay.ID: Relay] = [:]

    init(_ configuration: TapConfiguration) { context = TapContext(configuration) }

    /// Whether no connection is left.
    var isEmpty: Bool { relays.isEmpty }

    /// Whether a relay still waits for a connection to a server, and would use it.
    func awaitsServer(_ id: Relay.ID) -> Bool { relays[id]?.awaitsServer ?? false }

    /// Whether an end of a relay is to be read from.
    func isReading(_ id: Relay.ID, _ side: TapSide) -> Bool { relays[id]?.ends[side].isReading ?? false }

    /// - Returns: what must be done, in this order.
    mutating func handle(_ event: Event, at now: NIODeadline) -> [TapAction] {
        context.now = now
        switch event {
        case .accepted(let id, let app): accept(id, app)
        case .end(let id, let side, let event): relays[id]?.handle(event, at: side, &context)
        case .noHeaders(let id, let error): relays[id]?.noHeaders(error, &context)
        case .connected(let id, let address, let headers): relays[id]?.connected(to: address, headers, &context)
        case .notConnected(let id, let error): relays[id]?.notConnected(error, &context)
        case .unusable(let id, let error): relays[id]?.unusable(error, &context)
        case .timerFired(let timer): timerFired(timer)
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

    private mutating func timerFired(_ timer: TapTimer) {
        switch timer {
        case .sessionClose(let session): breakOff(context.closeSession(session), session)
        case .sessionFreeze(let session): for id in context.freezeSession(session) { relays[id]?.freeze(&context) }
        case .sessionIdle(let session): context.endIdleSession(session)
        case .unfinishedFrame(let session, let side): passUnfinished(session, side)
        case .lane(let id, let side): relays[id]?.laneTimerFired(from: side, &context)
        case .endClose(let id, let side): relays[id]?.closeTimerFired(side, &context)
        case .head(let id): relays[id]?.headTimerFired(&context)
        }
    }

    private mutating func passUnfinished(_ session: Int, _ side: TapSide) {
        let messages = context.frameTimerFired(session, side)
        guard !messages.isEmpty, let session = context.sessions[session] else { return }
        for id in session.carriers.keys.sorted() {
            relays[id]?.pass(messages, isText: session.inspector.isText[side], from: side, &context)
        }
    }

    /// Does what concerns other relays than that of the event: a session that is closed is closed on all of its relays.
    /// Relays that are over are forgotten.
    private mutating func settle() {
        while let (session, carriers) = context.closedSessions.popFirst() { breakOff(carriers, session) }
        while let id = context.finishedRelays.popFirst() {
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

/// What the caller of a ``TapMachine`` must do.
enum TapAction {
    case end(Relay.ID, TapSide, RelayEnd.Command)
    /// Connect a relay to a server.
    case connect(Relay.ID, TapConfiguration.Server)
    /// Report these to the tap's observer.
    case report([TapEvent])
    /// Set a timer; it replaces the same one if that is set already.
    case schedule(TapTimer, at: NIODeadline)
    case cancel(TapTimer)
    /// The relay is over: forget its ends.
    case over(Relay.ID)
}

/// What a timer of a tap is for.
enum TapTimer: Hashable {
    /// A fault closes this session, or freezes it.
    case sessionClose(Int)
    case sessionFreeze(Int)
    /// This SockJS session had no request for too long.
    case sessionIdle(Int)
    /// Nothing more has come of this side's unfinished frame for a while.
    case unfinishedFrame(Int, TapSide)
    /// What this end of a relay has sent may pass.
    case lane(Relay.ID, TapSide)
    /// This end of a relay should be closed by now.
    case endClose(Relay.ID, TapSide)
    /// The head that the app of a relay has begun to send should be whole by now.
    case head(Relay.ID)
}
