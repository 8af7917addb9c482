import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// SIGINT and SIGTERM: the first asks for a goodbye, the second ends the program at once.
enum Interrupts {
    private struct State {
        var first: Int32?
        var waiting: [Int: CheckedContinuation<Int32?, Never>] = [:]
        var tickets = 0
        /// How many want SIGINT to mean nothing to this program.
        var deaf = 0
    }

    private static let state = Mutex(State())
    // Made once and kept for as long as the program runs; nobody touches them again.
    nonisolated(unsafe) private static let sources: [any DispatchSourceSignal] = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "signals"))
        source.setEventHandler { arrived(number) }
        source.resume()
        return source
    }

    /// A closed pipe is told by the write that meets it.
    static func ignoreClosedPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    private static func arrived(_ number: Int32) {
        let waiting = state.withLock { state -> [CheckedContinuation<Int32?, Never>] in
            if number == SIGINT, state.deaf > 0 { return [] }
            if state.first != nil { _exit(128 + number) }
            state.first = number
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume(returning: number) }
    }

    /// Does `work` while Ctrl-C is for another program that has the terminal.
    static func leftToOthers<Result>(_ work: () async throws -> Result) async rethrows -> Result {
        state.withLock { $0.deaf += 1 }
        defer { state.withLock { $0.deaf -= 1 } }
        return try await work()
    }

    /// The first signal, once it is there; nil when the task is cancelled before.
    private static func first() async -> Int32? {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Int32?? in
                    if let first = state.first { return first }
                    if Task.isCancelled { return .some(nil) }
                    state.waiting[ticket] = continuation
                    return .none
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(returning: nil)
        }
    }

    /// Does `work` until it is done or a signal comes; then `work` is cancelled, its goodbye is waited for, and the
    /// program's end is thrown: 130 or 143.
    static func endable<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result
    {
        // Taken over only now: `--version` and `--help` have no goodbye.
        _ = sources
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                guard let number = await first() else { return nil }
                throw Failure(number == SIGTERM ? .terminated : .interrupted, nil)
            }
            defer { group.cancelAll() }
            do {
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw CancellationError()
            } catch let failure as Failure where failure.status == .interrupted || failure.status == .terminated {
                group.cancelAll()
                while (try? await group.next()) != nil {}
                throw failure
            }
        }
    }
}
