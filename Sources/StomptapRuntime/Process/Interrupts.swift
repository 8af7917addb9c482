import Dispatch
import StomptapOutput
import Synchronization
import SystemC

/// Handles SIGINT, SIGTERM and SIGHUP: the first signal disconnects and ends the program, the second ends it at
/// once. A failure that makes it pointless to continue also disconnects first.
package enum Interrupts {
    private struct State {
        /// The failure to end the program with, whatever it is doing.
        var first: Failure?
        var waiting: [Int: CheckedContinuation<Failure?, Never>] = [:]
        var tickets = 0
        /// The number of callers that want SIGINT to be ignored.
        var deaf = 0

        /// Returns the functions that resume the waiting tasks.
        mutating func end(with failure: Failure) -> [@Sendable () -> Void] {
            first = failure
            defer { waiting = [:] }
            return waiting.values.map { continuation in { continuation.resume(returning: failure) } }
        }
    }

    /// Ends the program, whatever it is doing.
    private struct End: Error {
        let failure: Failure
    }

    /// Cleanup that must run even if the second signal ends the program at once.
    package static let lastAct = Shared<(@Sendable () -> Void)?>(nil)

    private static let state = Mutex(State())
    // Created once, kept until the program ends, and never changed.
    nonisolated(unsafe) private static let sources: [any DispatchSourceSignal] = taken.map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "signals"))
        source.setEventHandler { arrived(number) }
        // A signal that arrives before the source is registered would be lost.
        let stands = DispatchSemaphore(value: 0)
        source.setRegistrationHandler { stands.signal() }
        source.resume()
        stands.wait()
        return source
    }

    /// The handled signals. SIGHUP is included only if it would end the program: under nohup(1) it is ignored.
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

    /// The exit status for a signal.
    private static func status(of number: Int32) -> ExitStatus {
        switch number {
        case SIGTERM: .terminated
        case SIGHUP: .hungUp
        default: .interrupted
        }
    }

    /// Ignores SIGPIPE: the failed write reports the closed pipe.
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

    /// Runs `work` while Ctrl-C is meant for another program that uses the terminal.
    package static func leftToOthers<Result>(_ work: () async throws -> Result) async rethrows -> Result {
        state.withLock { $0.deaf += 1 }
        defer { state.withLock { $0.deaf -= 1 } }
        return try await work()
    }

    /// Ends the command with this failure, after disconnecting, unless it is already ending.
    package static func end(with failure: Failure) {
        let waiting = state.withLock { state in state.first == nil ? state.end(with: failure) : [] }
        for resume in waiting { resume() }
    }

    /// Waits for the failure that the program is to end with; nil if the task is cancelled first.
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

    /// Runs `work` until it returns, a signal arrives, or ``end(with:)`` is called. In the last two cases it cancels
    /// `work`, waits for it to disconnect, and throws the failure to end with: 129, 130 or 143 for a signal.
    package static func endable<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // Handle signals only from here on: `--version` and `--help` have nothing to disconnect.
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
                    // The failure may have come together with the result.
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
