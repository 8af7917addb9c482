import NIOCore
import NIOPosix
import STOMPCore
import StomptapOutput
import Synchronization

/// A regular expression to search bodies for, such as those of `--grep` and `--expect`.
///
/// It matches anywhere in a body; `^` and `$` are the ends of the body unless it begins with `(?m)`. Bytes that are
/// not UTF-8 are treated as U+FFFD.
///
/// A `Regex` backtracks, and a match cannot be interrupted: with a hostile body it may never end. So do not match on
/// an event loop or in a task; ``search(_:_:)`` matches on threads that do not delay the program's exit.
package final class BodyPattern: Sendable, CustomStringConvertible {
    /// A compiled `Regex`. It builds its program on first use, and must be used by one thread at a time.
    ///
    /// Unchecked: a thread takes it out of ``State/idle`` before matching, so that no other thread uses it.
    private struct Compiled: @unchecked Sendable {
        let regex: Regex<AnyRegexOutput>
    }

    private struct State: Sendable {
        var idle: [Compiled]
        /// The start times of the matches in progress.
        var matches: [Int: NIODeadline] = [:]
        var lastMatch = 0
        /// Whether a task checks whether the matches in progress are slow.
        var isWatched = false
    }

    /// The duration of a match after which a warning names the pattern.
    package static let slowness = TimeAmount.seconds(1)

    package let description: String
    private let state: Mutex<State>

    /// - Throws: `InvalidValue` with the fault in the expression.
    package init(_ text: String) throws {
        do {
            state = Mutex(State(idle: [Compiled(regex: try Regex(text))]))
        } catch {
            throw InvalidValue("invalid regular expression \(text.debugDescription): \(Self.reason(error))")
        }
        description = text
    }

    /// Whether a body matches. Blocks, with some bodies forever: call it within ``search(_:)``, or on a thread that
    /// may block. The first match that is slow causes a warning.
    package func matches(_ body: ByteBuffer) -> Bool {
        let text = String(buffer: body)
        let (match, kept, mustWatch) = state.withLock { state in
            state.lastMatch += 1
            state.matches[state.lastMatch] = .now()
            defer { state.isWatched = true }
            return (state.lastMatch, state.idle.popLast(), !state.isWatched)
        }
        if mustWatch { watch() }
        // This cannot fail, as the expression was parsed before.
        let compiled = kept ?? (try? Regex(description)).map { Compiled(regex: $0) }
        let isMatch = compiled.map { (try? $0.regex.firstMatch(in: text)) != nil } ?? false
        state.withLock { state in
            state.matches[match] = nil
            if let compiled { state.idle.append(compiled) }
        }
        return isMatch
    }

    package func matches(_ frame: Frame) -> Bool { matches(frame.body) }

    /// Whether a match in progress has taken longer than ``slowness``.
    package var isSlow: Bool {
        let limit = NIODeadline.now() - Self.slowness
        return state.withLock { $0.matches.values.contains { $0 <= limit } }
    }

    /// The parser's message, without the location in our source code that it adds.
    private static func reason(_ error: any Error) -> String {
        "\(error)".split(separator: "\n").first.map(String.init) ?? "syntax error"
    }
}

/// Patterns are equal if their text is equal.
extension BodyPattern: Equatable {
    package static func == (left: BodyPattern, right: BodyPattern) -> Bool { left.description == right.description }
}

/// Runs matches, and warns about slow ones.
extension BodyPattern {
    /// Several threads, since a match that never ends occupies one: the patterns of other connections still run.
    private static let threads = BlockingThread(NIOThreadPool(numberOfThreads: 16))
    /// The interval for checking whether a match is slow.
    private static let interval = TimeAmount.milliseconds(250)

    /// Runs `work`, which matches patterns, on a thread of its own.
    ///
    /// - Throws: `CancellationError` at once if the task is cancelled; a match that never ends is abandoned.
    package static func search<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async throws -> Result {
        try await threads.run(work)
    }

    /// Same as above, but returns at once and calls `callBack` on that thread.
    package static func search<Result: Sendable>(
        _ work: @escaping @Sendable () -> Result, then callBack: @escaping @Sendable (Result) -> Void
    ) {
        threads.start { callBack(work()) }
    }

    /// Checks the matches in progress until one is slow, and warns about it. Without matches there is no check.
    private func watch() {
        Task.detached { [self] in
            repeat {
                try? await Task.sleep(nanoseconds: UInt64(Self.interval.nanoseconds))
                if isSlow {
                    return Diagnostics.warn(
                        "the regular expression \(description.debugDescription) has taken more than "
                            + "\(Self.slowness.readable) for one body; avoid nested repetition such as (a+)+")
                }
            } while state.withLock { state in
                state.isWatched = !state.matches.isEmpty
                return state.isWatched
            }
        }
    }

    /// Returns the index of the first body that matches; nil if none does.
    ///
    /// - Throws: `CancellationError`.
    package func firstMatch(in bodies: [ByteBuffer]) async throws -> Int? {
        guard !bodies.isEmpty else { return nil }
        return try await Self.search { [self] in bodies.firstIndex { matches($0) } }
    }
}
