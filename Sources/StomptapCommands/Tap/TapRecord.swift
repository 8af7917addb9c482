import STOMPTap
import STOMPTransport

/// The file that holds every frame and message that passes a tap, in order, as `-o json` has them.
///
/// It is written before the observer of the tap returns: a file that is slow slows the apps down rather than that it
/// lacks something. Where it cannot be written, the command ends with status 74.
final class TapRecord: Sendable {
    private struct State: Sendable {
        var renderer: TapRenderer
        var buffer: OutputBuffer
    }

    private let state: Shared<State>

    /// - Throws: ``Failure`` with 73.
    init(_ path: String, mask: SecretMask) throws {
        let renderer = TapRenderer(form: .json, style: OutputStyle(mask: mask))
        // It may hold what is for its owner only, as bodies are recorded as they are.
        let buffer = OutputBuffer(to: try OutputFile.append(path, mode: 0o600))
        state = Shared(State(renderer: renderer, buffer: buffer))
    }

    func append(_ events: [TapEvent], at time: Timestamp) {
        state.update { state in
            for event in events { state.renderer.append(event, at: time, to: &state.buffer) }
            do throws(OutputError) {
                try state.buffer.flush()
            } catch {
                Interrupts.end(with: Failure(.writeFailed, error.description))
            }
        }
    }
}
