import NIOCore
import STOMPClient

/// Why a command returned no value for a header.
package struct HeaderCommandFailure: AttemptHeadersFailure, Hashable {
    package enum Reason: Error, Hashable {
        case notStarted(cause: String)
        case exited(Int32)
        case killed(signal: Int32)
        /// The command was killed because its time limit expired.
        case timedOut(within: TimeAmount)
        case noOutput
        /// The first line is longer than this many bytes.
        case tooLong(limit: Int)
        case controlCharacter
        case notUTF8
    }

    /// The option that names the command.
    package var option: String
    /// The header's name.
    package var header: String
    package var reason: Reason

    package init(option: String, header: String, _ reason: Reason) {
        self.option = option
        self.header = header
        self.reason = reason
    }

    /// Whether a retry may succeed: a service that the command asks may be down, like the server. A missing program
    /// or an invalid value is permanent.
    package var isRetryable: Bool {
        switch reason {
        case .exited(let status): !Self.notFound.contains(status)
        case .killed, .timedOut, .noOutput, .notStarted: true
        case .tooLong, .controlCharacter, .notUTF8: false
        }
    }

    /// The exit statuses of a shell that cannot find a command or may not run it.
    private static let notFound: Set<Int32> = [126, 127]

    package var description: String { explanation.line }

    package var explanation: Explanation {
        let command = "the command for \(header)"
        func failed(_ what: String, hint: String? = nil) -> Explanation {
            Explanation(layer: option, "\(command) \(what)", hint: hint)
        }
        return switch reason {
        case .notStarted(let cause): failed("could not be started: \(cause)")
        case .exited(let status) where Self.notFound.contains(status):
            failed("failed with status \(status)", hint: "is its program installed, executable and in PATH?")
        case .exited(let status): failed("failed with status \(status)", hint: "run it by hand to see why")
        case .killed(let signal): failed("was killed by signal \(signal)")
        case .timedOut(let span):
            failed("timed out after \(span.readable) and was killed", hint: "raise --connect-timeout")
        case .noOutput: failed("printed no value", hint: "the first line of its output is the value")
        case .tooLong(let limit): failed("printed a first line of more than \(limit) bytes")
        case .controlCharacter: failed("printed a value with a control character")
        case .notUTF8: failed("printed a value that is not UTF-8")
        }
    }

    package var status: ExitStatus {
        switch reason {
        case .notStarted, .exited, .killed, .noOutput: .unavailable
        case .timedOut: .timedOut
        case .tooLong, .controlCharacter, .notUTF8: .badInput
        }
    }
}
