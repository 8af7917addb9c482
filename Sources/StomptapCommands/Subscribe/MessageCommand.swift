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
/// Nothing of a message gets into the command line. The body is on its stdin, and the headers are variables of its
/// environment: `STOMP_` and the name in upper case, with `_` for whatever is no ASCII letter or digit. Of headers that give
/// one variable, one whose name has no upper case and, apart from `-`, no other characters counts before all others, so
/// that `Destination` never stands for `destination`; among those the first counts. Variables of that kind which this program has are not passed on, so that what
/// begins with `STOMP_` is always the message's.
struct MessageCommand: Sendable {
    /// What variables of messages begin with.
    private static let prefix = "STOMP_"
    /// How long a command that is to end may take, before it is killed.
    private static let grace = TimeAmount.seconds(2)

    let command: String

    /// Runs it, and waits for its end; when the task is cancelled, ends it with all that it has started.
    ///
    /// - Returns: nil where it exited with 0; otherwise what became of it.
    /// - Throws: ``Failure`` with 66 where there is no such command, or `CancellationError`.
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
        // What the shell itself says: all messages would meet it.
        case .exited(126): throw Failure(.noInput, "--exec: the shell may not run \(visible(command)) (126)")
        case .exited(127): throw Failure(.noInput, "--exec: the shell finds no \(visible(command)) (127)")
        case .exited(let status): return "exited with \(status)"
        case .killed(let signal): return "was killed by signal \(signal)"
        }
    }

    /// The variables for a message, each as `NAME=VALUE` and a NUL.
    static func variables(of message: Message) -> [[UInt8]] {
        /// By the names of the variables: where each is, and whether its header has the exact name.
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

    /// Whether the names of STOMP's own headers have such a byte.
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

/// Prints messages on stdout or into a file, a batch at a time, on a thread that may block.
final class MessagePrinter: Sendable {
    private struct State: Sendable {
        var renderer: MessageRenderer
        var buffer: OutputBuffer
    }

    private let state: Mutex<State>

    /// - Parameter writer: where they go; it stays open for as long as the program runs.
    init(
        _ form: OutputForm, bodies: BodyStyle = BodyStyle(), to writer: DescriptorWriter = .standardOutput,
        diagnostics: DiagnosticOptions
    ) {
        var style = diagnostics.appearance.style(of: writer.descriptor, bodies: bodies)
        style.hasContentLength = diagnostics.verbose > 0 && Terminal.isSame(writer.descriptor, STDERR_FILENO)
        let renderer = MessageRenderer(form: form, style: style)
        state = Mutex(State(renderer: renderer, buffer: OutputBuffer(to: writer)))
    }

    /// Prints messages and returns when they have left; false where the reader has gone.
    ///
    /// - Throws: ``Failure`` with 74, or `CancellationError`, with which what is being written goes on without its caller.
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
