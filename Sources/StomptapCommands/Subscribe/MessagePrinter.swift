import STOMPClient
import StomptapOutput
import StomptapRuntime
import Synchronization
import SystemC

/// Prints messages on stdout or into a file, a batch at a time, on a thread that may block.
final class MessagePrinter: Sendable {
    private struct State: Sendable {
        var renderer: MessageRenderer
        var buffer: OutputBuffer
    }

    private let state: Mutex<State>

    /// - Parameter writer: where they go; it stays open for as long as the program runs.
    init(_ form: OutputForm, to writer: DescriptorWriter = .standardOutput, diagnostics: DiagnosticOptions) {
        let renderer = MessageRenderer(form: form, style: diagnostics.appearance.style(of: writer.descriptor))
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
