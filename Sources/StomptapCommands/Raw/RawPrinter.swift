import StomptapOutput
import StomptapRuntime
import Synchronization
import SystemC

/// Prints events on stdout, a batch at a time, on a thread that may block.
final class RawPrinter: Sendable {
    private struct State: Sendable {
        var renderer: TrafficRenderer
        var buffer = OutputBuffer(to: .standardOutput)
    }

    private let state: Mutex<State>

    init(_ form: OutputForm, hasDump: Bool, diagnostics: DiagnosticOptions) {
        let renderer = TrafficRenderer(
            form: form, style: diagnostics.appearance.style(of: STDOUT_FILENO), hasDump: hasDump)
        state = Mutex(State(renderer: renderer))
    }

    /// Prints events and returns when they have left; false where the reader of stdout has gone.
    ///
    /// - Throws: ``Failure`` with 74, or `CancellationError`, with which what is being written goes on without its caller.
    func print(_ events: ArraySlice<TrafficEvent>) async throws -> Bool {
        try await BlockingThread.output.run { [self] in
            try StandardOutput.reportingFailures {
                try state.withLock { state in
                    for event in events { state.renderer.append(event, to: &state.buffer) }
                    try state.buffer.flush()
                }
            }
        }
    }
}
