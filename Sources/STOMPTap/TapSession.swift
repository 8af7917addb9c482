import NIOCore
import STOMPTransport

/// What a user of a tap calls a connection: one over TCP, a WebSocket, or a SockJS session with all its requests. A value
/// without I/O; ``TapContext`` has them all, as one SockJS session uses many relays.
struct TapSession {
    /// Which fault has changed it for good. A closed session does not freeze any more.
    enum FaultState {
        case none, frozen, closed
    }

    /// Counted from 1, together with the connections that carry no session, or several.
    let number: Int
    /// The app's address and port.
    let app: String
    /// What the paths of its requests have in common, if it is a SockJS session.
    let path: String?
    var inspector: StreamInspector
    fileprivate(set) var faultState = FaultState.none
    /// Whether its end was reported.
    fileprivate(set) var hasEnded = false
    /// How one of the ends, or the tap, closed the session: the first one counts.
    private var ending: TapEnding?
    /// For the timer of each side's unfinished frame, if it is set, what had come of the frame then.
    fileprivate var timedPieces = Pair<Int?>(app: nil, server: nil)
    /// The relays that carry it now, each with how many requests of it.
    fileprivate(set) var carriers: [Relay.ID: Int] = [:]

    fileprivate init(number: Int, app: String, path: String?, inspector: StreamInspector) {
        self.number = number
        self.app = app
        self.path = path
        self.inspector = inspector
    }

    var isCarried: Bool { !carriers.isEmpty }
    var isFrozen: Bool { faultState == .frozen }
    /// Whether the tap has closed it, as a fault.
    var isClosed: Bool { faultState == .closed }
    /// Whether its time has come: its inspector has had all the frames that it was to have.
    var isSpent: Bool { inspector.isSpent && isOpen }
    fileprivate var isOpen: Bool { faultState != .closed && !hasEnded }

    /// Remembers how one side ended the session: the first one counts.
    mutating func note(ending: TapEnding) { self.ending = self.ending ?? ending }

    /// The tap closes it, however the ends have closed it before.
    fileprivate mutating func close() {
        faultState = .closed
        ending = .closedByTap
    }

    /// - Parameter how: what ends it, if neither an end nor the tap has closed it.
    /// - Returns: how it has ended.
    fileprivate mutating func end(_ how: TapEnding) -> TapEnding {
        hasEnded = true
        return ending ?? how
    }
}

/// The sessions of a tap, from their beginning to their end.
extension TapContext {
    /// Starts a session and the timers of its faults, and reports it.
    ///
    /// - Parameters:
    ///   - path: of a SockJS session; it replaces the one that is known by this path.
    ///   - keepsMessages: whether it is carried by messages, and not by bytes.
    mutating func open(
        _ opening: TapOpening, number: Int, app: String, path: String? = nil, keepsMessages: Bool = true
    ) {
        let faults = configuration.faults
        sessions[number] = TapSession(
            number: number, app: app, path: path,
            inspector: StreamInspector(
                limits: .init(frame: configuration.transport.maximumMessage), keepsMessages: keepsMessages,
                faults: faults))
        if let path { numbers[path] = number }
        report(.local, .opened(opening), of: number)
        if let slowness = faults.slowness { report(.local, .fault(slowness), of: number) }
        if case .time(let time) = faults.closing { actions.append(.schedule(.sessionClose(number), at: now + time)) }
        if let time = faults.freezing { actions.append(.schedule(.sessionFreeze(number), at: now + time)) }
    }

    /// The SockJS session that a request belongs to; nil if there is none, and none can be started.
    ///
    /// - Parameter isReceiving: whether the request receives: only such a request starts a session.
    mutating func session(of path: SockJSPath, app: String, isReceiving: Bool) -> Int? {
        if let number = numbers[path.session] { return number }
        if numbers.count >= Self.largestSessionCount { forgetEndedSessions() }
        guard isReceiving, numbers.count < Self.largestSessionCount else { return nil }
        return openSession(path, app: app)
    }

    /// Starts a session in place of the one that is known by the same path. Until then that one stays known even if it has
    /// ended, as a client continues its requests until it has read of the end.
    mutating func openSession(_ path: SockJSPath, app: String) -> Int {
        let number = nextNumber()
        open(
            .sockJS(transport: path.transport, session: path.session), number: number, app: app, path: path.session)
        return number
    }

    /// Reports how a session has ended, once.
    mutating func endSession(_ number: Int, _ how: TapEnding) {
        guard let index = sessions.index(forKey: number), !sessions.values[index].hasEnded else { return }
        let ending = sessions.values[index].end(how)
        if case .time? = configuration.faults.closing { actions.append(.cancel(.sessionClose(number))) }
        if configuration.faults.freezing != nil { actions.append(.cancel(.sessionFreeze(number))) }
        for side in TapSide.both {
            if sessions.values[index].timedPieces[side] != nil {
                actions.append(.cancel(.unfinishedFrame(number, side)))
            }
            let outcome = sessions.values[index].inspector.finish(side.direction)
            report(side.direction, outcome.seen, of: number)
        }
        report(.local, .ended(ending), of: number)
        deliver()
    }

    /// Ends all SockJS sessions, as the tap does.
    mutating func endAllSessions() {
        for number in numbers.values.sorted() {
            endSession(number, .tapEnded)
            actions.append(.cancel(.sessionIdle(number)))
        }
        (sessions, numbers) = ([:], [:])
    }

    // MARK: - Frames without an end

    /// Reports what an inspection has seen, and sets a timer if it ended inside a frame.
    mutating func report(inspected seen: [TapEvent.Content], _ direction: WireEvent.Direction, of number: Int) {
        report(direction, seen, of: number)
        setFrameTimer(direction.sender, of: number)
    }

    private mutating func setFrameTimer(_ side: TapSide, of number: Int) {
        guard let index = sessions.index(forKey: number), !sessions.values[index].hasEnded,
            sessions.values[index].timedPieces[side] == nil,
            let pieces = sessions.values[index].inspector.awaitedPieces(side.direction)
        else { return }
        sessions.values[index].timedPieces[side] = pieces
        let timeout = sessions.values[index].inspector.frameTimeout
        actions.append(.schedule(.unfinishedFrame(number, side), at: now + timeout))
    }

    /// Reports an unfinished frame if nothing more of it has come since the timer was set.
    ///
    /// - Returns: the messages that were held because of it, and pass now.
    mutating func frameTimerFired(_ number: Int, _ side: TapSide) -> [ByteBuffer] {
        guard let index = sessions.index(forKey: number) else { return [] }
        let pieces = sessions.values[index].timedPieces[side]
        sessions.values[index].timedPieces[side] = nil
        guard pieces != nil, sessions.values[index].inspector.awaitedPieces(side.direction) == pieces else {
            setFrameTimer(side, of: number)
            return []
        }
        // A request of SockJS is answered, and cannot pass any more: what it brought passes with the next one.
        let passes = sessions.values[index].path == nil
        let outcome = sessions.values[index].inspector.reportUnfinished(side.direction, passes: passes)
        report(side.direction, outcome.seen, of: number)
        deliver()
        return outcome.passed
    }

    // MARK: - The relays that carry them

    /// A relay carries a request of the session, or the session itself, from now on.
    mutating func attach(_ relay: Relay.ID, to number: Int) {
        guard let index = sessions.index(forKey: number) else { return }
        if sessions.values[index].path != nil, !sessions.values[index].isCarried {
            actions.append(.cancel(.sessionIdle(number)))
        }
        sessions.values[index].carriers[relay, default: 0] += 1
    }

    /// A relay does not carry it any more. If no relay is left, a SockJS session may have a next request for a while;
    /// another one is forgotten.
    mutating func detach(_ relay: Relay.ID, from number: Int) {
        guard let index = sessions.index(forKey: number), let count = sessions.values[index].carriers[relay] else {
            return
        }
        sessions.values[index].carriers[relay] = count > 1 ? count - 1 : nil
        guard !sessions.values[index].isCarried else { return }
        if let path = sessions.values[index].path, numbers[path] == number {
            actions.append(.schedule(.sessionIdle(number), at: now + Self.sessionTimeout))
        } else {
            sessions[number] = nil
        }
    }

    /// No relay has carried the session for too long.
    mutating func endIdleSession(_ number: Int) {
        guard let session = sessions[number], !session.isCarried else { return }
        endSession(number, .noRequest(within: Self.sessionTimeout))
        forget(session)
    }

    private mutating func forgetEndedSessions() {
        for session in sessions.values where session.path != nil && session.hasEnded && !session.isCarried {
            actions.append(.cancel(.sessionIdle(session.number)))
            forget(session)
        }
    }

    private mutating func forget(_ session: TapSession) {
        sessions[session.number] = nil
        if let path = session.path, numbers[path] == session.number { numbers[path] = nil }
    }

    // MARK: - Faults

    /// The tap closes the session. It is reported before the ends notice.
    ///
    /// - Returns: the relays that carry it, and are to be broken off.
    mutating func closeSession(_ number: Int) -> [Relay.ID] {
        guard let index = sessions.index(forKey: number), sessions.values[index].isOpen else { return [] }
        report(.local, .fault(.closed(code: configuration.faults.closeCode)), of: number)
        sessions.values[index].close()
        deliver()
        return sessions.values[index].carriers.keys.sorted()
    }

    /// From now on nothing of the session passes, and nothing is closed.
    ///
    /// - Returns: the relays that carry it, and are to be frozen.
    mutating func freezeSession(_ number: Int) -> [Relay.ID] {
        guard let index = sessions.index(forKey: number), sessions.values[index].isOpen else { return [] }
        sessions.values[index].faultState = .frozen
        report(.local, .fault(.frozen), of: number)
        deliver()
        return sessions.values[index].carriers.keys.sorted()
    }
}
