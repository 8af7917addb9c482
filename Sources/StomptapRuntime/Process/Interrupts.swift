import Dispatch
import StomptapOutput
import Synchronization
import SystemC

/// SIGINT, SIGTERM and SIGHUP: the first asks for a goodbye, the second ends the program at once. What makes it senseless to go
/// on asks for a goodbye too.
package enum Interrupts {
    private struct State {
        /// With what the program is to end, whatever it is doing.
        var first: Failure?
        var waiting: [Int: CheckedContinuation<Failure?, Never>] = [:]
        var tickets = 0
        /// How many want SIGINT to mean nothing to this program.
        var deaf = 0

        /// Returns what lets those go who wait.
        mutating func end(with failure: Failure) -> [@Sendable () -> Void] {
            first = failure
            defer { waiting = [:] }
            return waiting.values.map { continuation in { continuation.resume(returning: failure) } }
        }
    }

    /// The program is to end, whatever it is doing.
    private struct End: Error {
        let failure: Failure
    }

    /// What must be done also where the second signal ends the program at once.
    package static let lastAct = Shared<(@Sendable () -> Void)?>(nil)

    private static let state = Mutex(State())
    // Made once and kept for as long as the program runs; nobody touches them again.
    nonisolated(unsafe) private static let sources: [any DispatchSourceSignal] = taken.map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "signals"))
        source.setEventHandler { arrived(number) }
        // A signal that comes before the source stands would be lost.
        let stands = DispatchSemaphore(value: 0)
        source.setRegistrationHandler { stands.signal() }
        source.resume()
        stands.wait()
        return source
    }

    /// SIGHUP only where it would end the program: under nohup(1) it is ignored.
    private static var taken: [Int32] {
        var hangUp = sigaction()
        let isIgnored = sigaction(SIGHUP, nil, &hangUp) == 0 && isIgnored(hangUp)
        return isIgnored ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        #if canImport(Darwin)
            unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #else
            unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #endif
    }

    /// The status that a signal ends the program with.
    private static func status(of number: Int32) -> ExitStatus {
        switch number {
        case SIGTERM: .terminated
        case SIGHUP: .hungUp
        default: .interrupted
        }
    }

    /// A closed pipe is told by the write that meets it.
    package static func ignoreClosedPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    private static func arrived(_ number: Int32) {
        let waiting = state.withLock { state -> [@Sendable () -> Void] in
            if number == SIGINT, state.deaf > 0 { return [] }
            if state.first != nil {
                lastAct.value?()
                _exit(128 + number)
            }
            return state.end(with: Failure(status(of: number), nil))
        }
        for resume in waiting { resume() }
    }

    /// Does `work` while Ctrl-C is for another program that has the terminal.
    package static func leftToOthers<Result>(_ work: () async throws -> Result) async rethrows -> Result {
        state.withLock { $0.deaf += 1 }
        defer { state.withLock { $0.deaf -= 1 } }
        return try await work()
    }

    /// Ends the command so, after its goodbye, unless something else ends it already.
    package static func end(with failure: Failure) {
        let waiting = state.withLock { state in state.first == nil ? state.end(with: failure) : [] }
        for resume in waiting { resume() }
    }

    /// With what the program is to end, once that is known; nil when the task is cancelled before.
    private static func first() async -> Failure? {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Failure?? in
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

    /// Does `work` until it is done, a signal comes, or something else ends the program; then `work` is cancelled, its
    /// goodbye is waited for, and the program's end is thrown: 129, 130 or 143 for a signal.
    package static func endable<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // Taken over only now: `--version` and `--help` have no goodbye.
        _ = sources
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                if let failure = await first() { throw End(failure: failure) }
                return nil
            }
            defer { group.cancelAll() }
            do {
                while let result = try await group.next() {
                    guard let result else { continue }
                    // It may have come with the last that was done.
                    if let failure = state.withLock({ $0.first }) { throw End(failure: failure) }
                    return result
                }
                throw CancellationError()
            } catch let end as End {
                group.cancelAll()
                while (try? await group.next()) != nil {}
                throw end.failure
            }
        }
    }
}
