import NIOCore
import STOMPCore
import Synchronization

/// A regular expression that bodies are searched for, such as `--grep` and `--expect` have.
///
/// It matches anywhere in a body; `^` and `$` are the body's ends unless it begins with `(?m)`. Bytes that are no UTF-8
/// are seen as U+FFFD.
package final class BodyPattern: Sendable, CustomStringConvertible {
    package let description: String
    // A Regex builds its program when it is first used, and is for one thread at a time.
    private let regex: Mutex<Regex<AnyRegexOutput>>

    /// - Throws: `InvalidValue` that says what is wrong with the expression.
    package init(_ text: String) throws {
        do {
            regex = Mutex(try Regex(text))
        } catch {
            throw InvalidValue("\(text.debugDescription) is no regular expression: \(Self.reason(error))")
        }
        description = text
    }

    package func matches(_ body: ByteBuffer) -> Bool {
        let text = String(buffer: body)
        return regex.withLock { regex in (try? regex.firstMatch(in: text)) != nil }
    }

    package func matches(_ frame: Frame) -> Bool { matches(frame.body) }

    /// The parser's words without the place in our sources that it adds.
    private static func reason(_ error: any Error) -> String {
        "\(error)".split(separator: "\n").first.map(String.init) ?? "it cannot be read"
    }
}

/// Patterns are the same where they are written so.
extension BodyPattern: Equatable {
    package static func == (left: BodyPattern, right: BodyPattern) -> Bool { left.description == right.description }
}
