import NIOCore
import NIOPosix
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization
import SystemC

/// Runs the user's command for messages, one after the other: `subscribe --exec`.
///
/// No part of a message is put into the command line. The body is on stdin, and the headers are environment
/// variables: `STOMP_` and the name in upper case, with `_` for every character that is not an ASCII letter or
/// digit. If several headers give the same variable, one whose name has only lower-case letters, digits and `-`
/// wins, so that `Destination` never replaces `destination`; among equals the first one wins. `STOMP_` variables of
/// this program are not passed on, so that all of them come from the message.
struct MessageCommand: Sendable {
    /// The prefix of the variables.
    private static let prefix = "STOMP_"
    /// How long a command may take to end after SIGTERM before it is killed.
    private static let grace = TimeAmount.seconds(2)

    let command: String

    /// Runs the command and waits until it ends. When the task is cancelled, ends the command and all processes
    /// that it has started.
    ///
    /// - Returns: nil if it exited with 0; otherwise how it ended.
    /// - Throws: ``Failure`` with 66 if the command does not exist, or `CancellationError`.
    func run(for message: Message) async throws -> String? {
        try Task.checkCancellation()
        let child: ChildProcess
        do throws(ShellCommand.NotStarted) {
            child = try ChildProcess(shell: command, variables: Self.variables(of: message), replacing: Self.prefix)
        } catch {
            return "could not be started: \(systemMessage(error.errno))"
        }
        Interrupts.lastAct.update { $0 = { child.send(signal: SIGKILL) } }
        defer { Interrupts.lastAct.update { $0 = nil } }
        let status = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                NIOThreadPool.singleton.submit { _ in
                    child.feed(message.body)
                    continuation.resume(returning: child.wait())
                }
            }
        } onCancel: {
            child.send(signal: SIGTERM)
            Task.detached {
                try await Task.sleep(nanoseconds: UInt64(Self.grace.nanoseconds))
                child.send(signal: SIGKILL)
            }
        }
        try Task.checkCancellation()
        switch status {
        case .exited(0): return nil
        // An error of the shell itself, which would occur for every message.
        case .exited(126): throw Failure(.noInput, "--exec: cannot execute \(visible(command)) (status 126)")
        case .exited(127): throw Failure(.noInput, "--exec: command not found: \(visible(command)) (status 127)")
        case .exited(let status): return "exited with \(status)"
        case .killed(let signal): return "was killed by signal \(signal)"
        }
    }

    /// The variables for a message, each as `NAME=VALUE` with a NUL at the end.
    static func variables(of message: Message) -> [[UInt8]] {
        /// By variable name: its index, and whether the header's name has only plain characters.
        var places: [[UInt8]: (index: Int, isExact: Bool)] = [:]
        var variables: [[UInt8]] = []
        message.headers.forEachBytes { name, value in
            let isExact = name.allSatisfy(Self.isPlain)
            let name = Array(prefix.utf8) + name.map(Self.letter)
            let variable = name + [UInt8(ascii: "=")] + value + [0]
            if let place = places[name] {
                guard isExact, !place.isExact else { return }
                variables[place.index] = variable
                places[name] = (place.index, true)
            } else {
                places[name] = (variables.count, isExact)
                variables.append(variable)
            }
        }
        return variables
    }

    /// Whether a byte can occur in the names of STOMP's own headers.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func letter(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 0x20
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
        default: UInt8(ascii: "_")
        }
    }
}

/// Prints messages on stdout or to a file, one batch at a time, on a thread that may block.
final class MessagePrinter: Sendable {
    private struct State: Sendable {
        var renderer: MessageRenderer
        var buffer: OutputBuffer
    }

    private let state: Mutex<State>

    /// - Parameter writer: the output; it stays open as long as the program runs.
    init(
        _ form: OutputForm, bodies: BodyStyle = BodyStyle(), to writer: DescriptorWriter = .standardOutput,
        diagnostics: DiagnosticOptions
    ) {
        var style = diagnostics.appearance.style(of: writer.descriptor, bodies: bodies)
        style.hasContentLength = diagnostics.verbose > 0 && Terminal.isSame(writer.descriptor, STDERR_FILENO)
        let renderer = MessageRenderer(form: form, style: style)
        state = Mutex(State(renderer: renderer, buffer: OutputBuffer(to: writer)))
    }

    /// Prints messages and returns when they are written; false if the reader has closed the output.
    ///
    /// - Throws: ``Failure`` with 74, or `CancellationError`; after a cancellation the write in progress continues
    ///   in the background.
    func print(_ messages: ArraySlice<Message>) async throws -> Bool {
        try await BlockingThread.output.run { [self] in
            try StandardOutput.reportingFailures {
                try state.withLock { state in
                    for message in messages {
                        state.renderer.append(
                            message.frame, at: message.receivedAt, to: &state.buffer)
                    }
                    try state.buffer.flush()
                }
            }
        }
    }
}
