import NIOCore
import NIOHTTP1
import STOMPTransport

/// Makes all decisions of a tap. A value without I/O: it receives an event and the time, and returns the actions
/// that its caller, ``TapServer``, must perform.
///
/// All parts below it are values, and no part knows the one above it. A ``Relay`` is a connection from an app and
/// the one to its server; it knows its ends, its lanes and its ``Traffic``. A ``TapSession`` is what the user sees
/// as a connection. A SockJS session may be carried by many relays, so all sessions are in the ``TapContext``,
/// which is passed down.
struct TapMachine {
    enum Event {
        /// An app has connected.
        case accepted(Relay.ID, app: String)
        /// An event at an end of a relay.
        case end(Relay.ID, TapSide, RelayEnd.Event)
        /// The headers for the requests of a relay could not be made.
        case noHeaders(Relay.ID, any Error)
        /// A relay is connected to a server, and its requests get these headers.
        case connected(Relay.ID, address: String, HTTPHeaders = HTTPHeaders())
        /// The current server of a relay cannot be reached.
        case notConnected(Relay.ID, any Error)
        /// There was a connection, but it cannot be used.
        case unusable(Relay.ID, any Error)
        case timerFired(TapTimer)
        /// All connections must end.
        case shutDown
        /// All connections have ended: the sessions must end too.
        case sessionsEnd
    }

    /// The relay that an event is for; nil for an event of a session or of the tap.
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

    /// Whether a relay still waits for a connection to a server, and can use it.
    func awaitsServer(_ id: Relay.ID) -> Bool { relays[id]?.awaitsServer ?? false }

    /// Whether the tap reads from this end of a relay.
    func isReading(_ id: Relay.ID, _ side: TapSide) -> Bool { relays[id]?.ends[side].isReading ?? false }

    /// - Returns: the actions to perform, in order.
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

    /// Applies the effects of an event on other relays: a closed session is closed on all of its relays. Removes
    /// relays that have ended.
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

/// An action that the caller of a ``TapMachine`` must perform.
enum TapAction {
    case end(Relay.ID, TapSide, RelayEnd.Command)
    /// Connect a relay to a server.
    case connect(Relay.ID, TapConfiguration.Server)
    /// Report these to the tap's observer.
    case report([TapEvent])
    /// Set a timer; it replaces the same timer if that is already set.
    case schedule(TapTimer, at: NIODeadline)
    case cancel(TapTimer)
    /// The relay has ended: remove its ends.
    case over(Relay.ID)
}

/// The purpose of a timer of a tap.
enum TapTimer: Hashable {
    /// A fault closes this session, or freezes it.
    case sessionClose(Int)
    case sessionFreeze(Int)
    /// This SockJS session has had no request for too long.
    case sessionIdle(Int)
    /// No more of this side's unfinished frame has been received for a while.
    case unfinishedFrame(Int, TapSide)
    /// Data that this end of a relay has sent may pass now.
    case lane(Relay.ID, TapSide)
    /// This end of a relay should be closed by now.
    case endClose(Relay.ID, TapSide)
    /// The HTTP head that the app of a relay has started to send should be complete by now.
    case head(Relay.ID)
}
