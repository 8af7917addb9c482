import Synchronization

/// A channel for events from an input thread to one asynchronous reader.
///
/// The thread never blocks here: it checks `hasRoom` before it reads more, and `onRoom` is called when it should
/// check again.
final class EventChannel: Sendable {
    /// The largest number of unread events, and of bytes in their lines.
    static let limit = (events: 256, bytes: 1 << 20)

    private struct State {
        var events: [LineEvent] = []
        var bytes = 0
        var finished = false
        var readers: [(id: UInt64, continuation: CheckedContinuation<LineEvent?, Never>)] = []
        var nextID: UInt64 = 0

        var hasRoom: Bool { events.count < EventChannel.limit.events && bytes < EventChannel.limit.bytes }
    }

    private let state = Mutex(State())
    private let onRoom: @Sendable () -> Void

    init(onRoom: @escaping @Sendable () -> Void) {
        self.onRoom = onRoom
    }

    var hasRoom: Bool { state.withLock { $0.hasRoom } }

    func send(_ event: LineEvent) {
        let reader = state.withLock { state -> CheckedContinuation<LineEvent?, Never>? in
            guard !state.finished else { return nil }
            if !state.readers.isEmpty { return state.readers.removeFirst().continuation }
            state.events.append(event)
            state.bytes += event.bytes
            return nil
        }
        reader?.resume(returning: event)
    }

    /// Sends an interrupt, and drops the lines that were not read yet.
    func sendInterrupt() {
        state.withLock { state in
            state.events.removeAll { if case .line = $0 { true } else { false } }
            state.bytes = 0
        }
        send(.interrupt)
    }

    func finish() {
        let readers = state.withLock { state in
            state.finished = true
            defer { state.readers = [] }
            return state.readers
        }
        for reader in readers { reader.continuation.resume(returning: nil) }
    }

    func next() async -> LineEvent? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { wait($0, id: id) }
        } onCancel: {
            let reader = state.withLock { state in
                state.readers.firstIndex { $0.id == id }.map { state.readers.remove(at: $0) }
            }
            reader?.continuation.resume(returning: nil)
        }
    }

    private func wait(_ continuation: CheckedContinuation<LineEvent?, Never>, id: UInt64) {
        enum Answer {
            case event(LineEvent, nowHasRoom: Bool)
            case end, later
        }
        let answer = state.withLock { state -> Answer in
            if !state.events.isEmpty {
                let hadRoom = state.hasRoom
                let event = state.events.removeFirst()
                state.bytes -= event.bytes
                return .event(event, nowHasRoom: !hadRoom && state.hasRoom)
            }
            // If the task was cancelled before this point, the cancellation handler found no reader to resume.
            if state.finished || Task.isCancelled { return .end }
            state.readers.append((id, continuation))
            return .later
        }
        switch answer {
        case .event(let event, let nowHasRoom):
            continuation.resume(returning: event)
            if nowHasRoom { onRoom() }
        case .end: continuation.resume(returning: nil)
        case .later: break
        }
    }
}

extension LineEvent {
    fileprivate var bytes: Int { if case .line(let text) = self { text.utf8.count } else { 0 } }
}
