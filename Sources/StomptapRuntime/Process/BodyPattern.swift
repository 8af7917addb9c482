import NIOCore
import NIOPosix
import STOMPCore
import StomptapOutput
import Synchronization

/// A regular expression that bodies are searched for, such as `--grep` and `--expect` have.
///
/// It matches anywhere in a body; `^` and `$` are the body's ends unless it begins with `(?m)`. Bytes that are not UTF-8
/// are seen as U+FFFD.
///
/// A `Regex` backtracks, and a match cannot be stopped: with a hostile body it may never end. Neither an event loop nor a
/// task may match by itself, so: ``search(_:_:)`` matches on threads that nothing waits for at the program's end.
package final class BodyPattern: Sendable, CustomStringConvertible {
    /// A `Regex` builds its program when it is first used, and is for one thread at a time.
    ///
    /// Unchecked: whoever matches has taken it out of ``State/idle``, so that no other thread has it.
    private struct Compiled: @unchecked Sendable {
        let regex: Regex<AnyRegexOutput>
    }

    private struct State: Sendable {
        var idle: [Compiled]
        /// When each match began that is going on.
        var matches: [Int: NIODeadline] = [:]
        var lastMatch = 0
        var hasWarned = false
    }

    /// How long a match takes before the pattern is named in a warning.
    package static let slowness = TimeAmount.seconds(1)

    package let description: String
    private let state: Mutex<State>

    /// - Throws: `InvalidValue` that says what is wrong with the expression.
    package init(_ text: String) throws {
        do {
            state = Mutex(State(idle: [Compiled(regex: try Regex(text))]))
        } catch {
            throw InvalidValue("\(text.debugDescription) is no regular expression: \(Self.reason(error))")
        }
        description = text
    }

    /// Whether a body matches. Blocks, for ever with some bodies: to be called within ``search(_:_:)`` or
    /// ``watching(_:_:)``.
    package func matches(_ body: ByteBuffer) -> Bool {
        let text = String(buffer: body)
        let (match, kept) = state.withLock { state in
            state.lastMatch += 1
            state.matches[state.lastMatch] = .now()
            return (state.lastMatch, state.idle.popLast())
        }
        // The expression was parsed once already.
        let compiled = kept ?? (try? Regex(description)).map { Compiled(regex: $0) }
        let isMatch = compiled.map { (try? $0.regex.firstMatch(in: text)) != nil } ?? false
        state.withLock { state in
            state.matches[match] = nil
            if let compiled { state.idle.append(compiled) }
        }
        return isMatch
    }

    package func matches(_ frame: Frame) -> Bool { matches(frame.body) }

    /// Whether a match has taken longer than ``slowness``, and goes on.
    package var isSlow: Bool {
        let limit = NIODeadline.now() - Self.slowness
        return state.withLock { $0.matches.values.contains { $0 <= limit } }
    }

    /// The parser's words without the place in our sources that it adds.
    private static func reason(_ error: any Error) -> String {
        "\(error)".split(separator: "\n").first.map(String.init) ?? "it cannot be read"
    }
}

/// Patterns are the same where they are written so.
extension BodyPattern: Equatable {
    package static func == (left: BodyPattern, right: BodyPattern) -> Bool { left.description == right.description }
}

/// Where patterns are matched, and what is said of slow ones.
extension BodyPattern {
    /// Several, since a match that never ends keeps its thread: the patterns of other connections go on.
    private static let threads = BlockingThread(NIOThreadPool(numberOfThreads: 16))
    /// How often a search is looked at.
    private static let interval = TimeAmount.milliseconds(250)

    /// Does `work`, which matches these patterns, on a thread of its own, and says once for a pattern that it is slow.
    ///
    /// - Throws: `CancellationError` at once when the task is cancelled; a match that never ends is left behind.
    package static func search<Result: Sendable>(
        _ patterns: [BodyPattern], _ work: @escaping @Sendable () -> Result
    ) async throws -> Result {
        let watch = watch(patterns)
        defer { watch.cancel() }
        return try await threads.run(work)
    }

    /// Does the same, and calls back on that thread. Returns at once.
    package static func search<Result: Sendable>(
        _ patterns: [BodyPattern], _ work: @escaping @Sendable () -> Result,
        then callBack: @escaping @Sendable (Result) -> Void
    ) {
        let watch = watch(patterns)
        threads.start {
            let result = work()
            watch.cancel()
            callBack(result)
        }
    }

    /// Does `work` here, on a thread that may block, and says once for a pattern that it is slow.
    package static func watching<Result>(_ patterns: [BodyPattern], _ work: () throws -> Result) rethrows -> Result {
        guard !patterns.isEmpty else { return try work() }
        let watch = watch(patterns)
        defer { watch.cancel() }
        return try work()
    }

    private static func watch(_ patterns: [BodyPattern]) -> Task<Void, Never> {
        Task.detached {
            while (try? await Task.sleep(nanoseconds: UInt64(interval.nanoseconds))) != nil {
                for pattern in patterns { pattern.warnIfSlow() }
            }
        }
    }

    private func warnIfSlow() {
        guard isSlow, state.withLock({ !$0.hasWarned }) else { return }
        // Of two searches that look at the same time, one says it.
        let isFirst = state.withLock { state in
            defer { state.hasWarned = true }
            return !state.hasWarned
        }
        guard isFirst else { return }
        Diagnostics.warn(
            "the regular expression \(description.debugDescription) has taken more than \(Self.slowness.readable) for "
                + "one body; avoid nested repetition such as (a+)+")
    }

    /// The first body that matches; nil if none does.
    ///
    /// - Throws: `CancellationError`.
    package func firstMatch(in bodies: [ByteBuffer]) async throws -> Int? {
        guard !bodies.isEmpty else { return nil }
        return try await Self.search([self]) { [self] in bodies.firstIndex { matches($0) } }
    }
}
