import NIOCore
import STOMPTransport

/// What the user of a tap sees as a connection: one over TCP, a WebSocket, or a SockJS session with all its
/// requests. A value without I/O; ``TapContext`` has all sessions, because one SockJS session uses many relays.
struct TapSession {
    /// The fault that has changed it permanently. A closed session can no longer be frozen.
    enum FaultState {
        case none, frozen, closed
    }

    /// Counted from 1, together with the connections that carry no session, or several.
    let number: Int
    /// The app's address and port.
    let app: String
    /// The path that its requests share, if it is a SockJS session.
    let path: String?
    var inspector: StreamInspector
    fileprivate(set) var faultState = FaultState.none
    /// Whether its end was reported.
    fileprivate(set) var hasEnded = false
    /// How one of the ends, or the tap, closed the session; the first one counts.
    private var ending: TapEnding?
    /// For each side with a running timer for an unfinished frame, the number of pieces received when the timer
    /// was set.
    fileprivate var timedPieces = Pair<Int?>(app: nil, server: nil)
    /// The relays that carry it now, each with its number of requests of the session.
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
    /// Whether it is time to close it: the allowed number of frames has passed.
    var isSpent: Bool { inspector.isSpent && isOpen }
    fileprivate var isOpen: Bool { faultState != .closed && !hasEnded }

    /// Remembers how one side ended the session: the first one counts.
    mutating func note(ending: TapEnding) { self.ending = self.ending ?? ending }

    /// Records that the tap closes it, even if an end has closed it before.
    fileprivate mutating func close() {
        faultState = .closed
        ending = .closedByTap
    }

    /// - Parameter how: how it ends, if neither an end nor the tap has closed it.
    /// - Returns: how it has ended.
    fileprivate mutating func end(_ how: TapEnding) -> TapEnding {
        hasEnded = true
        return ending ?? how
    }
}

/// The life cycle of the sessions of a tap.
extension TapContext {
    /// Starts a session and the timers of its faults, and reports it.
    ///
    /// - Parameters:
    ///   - path: the path of a SockJS session; the new session replaces the one known by this path.
    ///   - keepsMessages: whether the carrier sends messages, not bytes.
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

    /// The SockJS session that a request belongs to; nil if there is no such session and it cannot be started.
    ///
    /// - Parameter isReceiving: whether the request receives frames: only such a request starts a session.
    mutating func session(of path: SockJSPath, app: String, isReceiving: Bool) -> Int? {
        if let number = numbers[path.session] { return number }
        if numbers.count >= Self.largestSessionCount { forgetEndedSessions() }
        guard isReceiving, numbers.count < Self.largestSessionCount else { return nil }
        return openSession(path, app: app)
    }

    /// Starts a session that replaces the one known by the same path. Until then the old one stays known even if
    /// it has ended, because a client continues its requests until it has read the end.
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

    /// Ends all SockJS sessions, because the tap ends.
    mutating func endAllSessions() {
        for number in numbers.values.sorted() {
            endSession(number, .tapEnded)
            actions.append(.cancel(.sessionIdle(number)))
        }
        (sessions, numbers) = ([:], [:])
    }

    // MARK: - Unfinished frames

    /// Reports the result of an inspection, and sets a timer if the inspection ended inside a frame.
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

    /// Reports an unfinished frame if no more of it has been received since the timer was set.
    ///
    /// - Returns: the messages that were held because of it and pass now.
    mutating func frameTimerFired(_ number: Int, _ side: TapSide) -> [ByteBuffer] {
        guard let index = sessions.index(forKey: number) else { return [] }
        let pieces = sessions.values[index].timedPieces[side]
        sessions.values[index].timedPieces[side] = nil
        guard pieces != nil, sessions.values[index].inspector.awaitedPieces(side.direction) == pieces else {
            setFrameTimer(side, of: number)
            return []
        }
        // The SockJS request is already answered and cannot pass any more: its messages pass with the next
        // request.
        let passes = sessions.values[index].path == nil
        let outcome = sessions.values[index].inspector.reportUnfinished(side.direction, passes: passes)
        report(side.direction, outcome.seen, of: number)
        deliver()
        return outcome.passed
    }

    // MARK: - The relays that carry them

    /// From now on, a relay carries a request of the session, or the session itself.
    mutating func attach(_ relay: Relay.ID, to number: Int) {
        guard let index = sessions.index(forKey: number) else { return }
        if sessions.values[index].path != nil, !sessions.values[index].isCarried {
            actions.append(.cancel(.sessionIdle(number)))
        }
        sessions.values[index].carriers[relay, default: 0] += 1
    }

    /// A relay no longer carries the session. If no relay is left, a SockJS session may still get another request
    /// for a while; any other session is removed.
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

    /// Ends a session that no relay has carried for too long.
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

    /// Closes the session as a fault, and reports this before the ends notice.
    ///
    /// - Returns: the relays that carry it and must be closed.
    mutating func closeSession(_ number: Int) -> [Relay.ID] {
        guard let index = sessions.index(forKey: number), sessions.values[index].isOpen else { return [] }
        report(.local, .fault(.closed(code: configuration.faults.closeCode)), of: number)
        sessions.values[index].close()
        deliver()
        return sessions.values[index].carriers.keys.sorted()
    }

    /// Freezes the session: from now on nothing passes, and nothing is closed.
    ///
    /// - Returns: the relays that carry it and must be frozen.
    mutating func freezeSession(_ number: Int) -> [Relay.ID] {
        guard let index = sessions.index(forKey: number), sessions.values[index].isOpen else { return [] }
        sessions.values[index].faultState = .frozen
        report(.local, .fault(.frozen), of: number)
        deliver()
        return sessions.values[index].carriers.keys.sorted()
    }
}
