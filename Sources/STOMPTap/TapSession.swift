import NIOCore
import STOMPTransport

/// What a user of a tap calls a connection: one over TCP, a WebSocket, or a SockJS session with all its requests. A value
/// without I/O; ``TapContext`` has them all, as one SockJS session uses many relays.
struct TapSession {
    /// Which of its faults has struck. What is closed freezes no more.
    enum Struck {
        case none, frozen, closed
    }

    /// Counted from 1, together with the connections that are none.
    let number: Int
    /// The app's address and port.
    let app: String
    /// What the paths of its requests have in common, where it is one of SockJS.
    let path: String?
    var inspector: StreamInspector
    fileprivate(set) var struck = Struck.none
    /// Whether its end was told.
    fileprivate(set) var hasEnded = false
    /// How one of the ends, or the tap, closed the session.
    private var farewell: TapEnding?
    /// The relays that carry it now, each with how many requests of it.
    fileprivate(set) var carriers: [Relay.ID: Int] = [:]

    fileprivate init(number: Int, app: String, path: String?, inspector: StreamInspector) {
        self.number = number
        self.app = app
        self.path = path
        self.inspector = inspector
    }

    var isCarried: Bool { !carriers.isEmpty }
    var isFrozen: Bool { struck == .frozen }
    /// Whether the tap has closed it, as a fault.
    var isClosed: Bool { struck == .closed }
    /// Whether its time has come: its inspector has had all the frames that it was to have.
    var isSpent: Bool { inspector.isSpent && canBeStruck }
    fileprivate var canBeStruck: Bool { struck != .closed && !hasEnded }

    /// Remembers how one side ended the session: the first one counts.
    mutating func note(ending: TapEnding) { farewell = farewell ?? ending }

    /// The tap closes it, whatever the ends have said.
    fileprivate mutating func close() {
        struck = .closed
        farewell = .closedByTap
    }

    /// How it has ended, where `how` is what ends it if nobody has said otherwise.
    fileprivate mutating func end(_ how: TapEnding) -> TapEnding {
        hasEnded = true
        return farewell ?? how
    }
}

/// The sessions of a tap, from their beginning to their end.
extension TapContext {
    /// Has a session begin, and its faults: tells what it is.
    ///
    /// - Parameters:
    ///   - path: of a SockJS session; another one that is known by it is not any more.
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
        if case .time(let time) = faults.closing { actions.append(.schedule(.closing(number), at: now + time)) }
        if let time = faults.freezing { actions.append(.schedule(.freezing(number), at: now + time)) }
    }

    /// The SockJS session that a request belongs to; nil where it cannot be known.
    ///
    /// - Parameter isReceiving: whether the request receives: only such a one opens a session.
    mutating func session(of path: SockJSPath, app: String, isReceiving: Bool) -> Int? {
        if let number = numbers[path.session] { return number }
        if numbers.count >= Self.largestSessionCount { forgetEndedSessions() }
        guard isReceiving, numbers.count < Self.largestSessionCount else { return nil }
        return openSession(path, app: app)
    }

    /// A session in place of the one that may be known by the same path. It stays known that long also when it
    /// has ended, as a client goes on asking until it has read of the end.
    mutating func openSession(_ path: SockJSPath, app: String) -> Int {
        let number = nextNumber()
        open(
            .sockJS(transport: path.transport, session: path.session), number: number, app: app, path: path.session)
        return number
    }

    /// Tells how a session has ended, once.
    mutating func endSession(_ number: Int, _ how: TapEnding) {
        guard let index = sessions.index(forKey: number), !sessions.values[index].hasEnded else { return }
        let ending = sessions.values[index].end(how)
        if case .time? = configuration.faults.closing { actions.append(.cancel(.closing(number))) }
        if configuration.faults.freezing != nil { actions.append(.cancel(.freezing(number))) }
        if configuration.faults.needsSifting {
            for side in TapSide.both {
                let outcome = sessions.values[index].inspector.finish(side.direction)
                report(side.direction, outcome.seen, of: number)
            }
        }
        report(.local, .ended(ending), of: number)
        deliver()
    }

    /// Has all sessions that no relay carries end, as the tap does.
    mutating func endAllSessions() {
        for number in numbers.values.sorted() {
            endSession(number, .tapEnded)
            actions.append(.cancel(.idle(number)))
        }
        (sessions, numbers) = ([:], [:])
    }

    // MARK: - What carries them

    /// A request of the session's, or the session itself, is carried by this relay from now on.
    mutating func attach(_ relay: Relay.ID, to number: Int) {
        guard let index = sessions.index(forKey: number) else { return }
        if sessions.values[index].path != nil, !sessions.values[index].isCarried {
            actions.append(.cancel(.idle(number)))
        }
        sessions.values[index].carriers[relay, default: 0] += 1
    }

    /// It is not any more. A session that nothing carries is over after a while, if it is of SockJS, and at once if not.
    mutating func detach(_ relay: Relay.ID, from number: Int) {
        guard let index = sessions.index(forKey: number), let count = sessions.values[index].carriers[relay] else {
            return
        }
        sessions.values[index].carriers[relay] = count > 1 ? count - 1 : nil
        guard !sessions.values[index].isCarried else { return }
        if let path = sessions.values[index].path, numbers[path] == number {
            actions.append(.schedule(.idle(number), at: now + Self.sessionTimeout))
        } else {
            sessions[number] = nil
        }
    }

    /// Nothing has carried the session for too long.
    mutating func endIdleSession(_ number: Int) {
        guard let session = sessions[number], !session.isCarried else { return }
        endSession(number, .noRequest(within: Self.sessionTimeout))
        forget(session)
    }

    private mutating func forgetEndedSessions() {
        for session in sessions.values where session.path != nil && session.hasEnded && !session.isCarried {
            actions.append(.cancel(.idle(session.number)))
            forget(session)
        }
    }

    private mutating func forget(_ session: TapSession) {
        sessions[session.number] = nil
        if let path = session.path, numbers[path] == session.number { numbers[path] = nil }
    }

    // MARK: - Faults

    /// The tap closes the session. The ends learn of it after it was told.
    ///
    /// - Returns: the relays that carry it, and are to be broken off.
    mutating func closeSession(_ number: Int) -> [Relay.ID] {
        guard let index = sessions.index(forKey: number), sessions.values[index].canBeStruck else { return [] }
        report(.local, .fault(.closed(code: configuration.faults.closeCode)), of: number)
        sessions.values[index].close()
        deliver()
        return sessions.values[index].carriers.keys.sorted()
    }

    /// Nothing of the session passes any more, and nothing is closed.
    ///
    /// - Returns: the relays that carry it, and are to be frozen.
    mutating func freezeSession(_ number: Int) -> [Relay.ID] {
        guard let index = sessions.index(forKey: number), sessions.values[index].canBeStruck else { return [] }
        sessions.values[index].struck = .frozen
        report(.local, .fault(.frozen), of: number)
        deliver()
        return sessions.values[index].carriers.keys.sorted()
    }
}
