import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization

/// The file that holds every frame and message that passes a tap, in order, as `-o json` has them.
///
/// It is written on a thread of its own, so that the apps need not wait for it. Nothing is ever left out: where too much
/// waits to be written, the observer of the tap writes it itself before it returns, and a slow file slows the apps down.
/// Where it cannot be written, the command ends with status 74.
final class TapRecord: Sendable {
    /// So many bytes may wait, beside those that are being written.
    private static let limit = 4 << 20
    /// What each event counts for beside its bytes.
    private static let eventCost = 256

    private struct Waiting: Sendable {
        var batches: [(events: [TapEvent], time: Timestamp)] = []
        var size = 0
        /// Whether the thread has been told of them.
        var isAnnounced = false

        mutating func takeAll() -> [(events: [TapEvent], time: Timestamp)] {
            defer { self = Waiting() }
            return batches
        }
    }

    private struct Output: Sendable {
        var renderer: TrafficRenderer
        var buffer: OutputBuffer
    }

    private let waiting = Mutex(Waiting())
    /// Held while something is taken and written, so that the order stays.
    private let output: Mutex<Output>
    private let thread = BlockingThread()

    /// - Throws: ``Failure`` with 73.
    init(_ path: String, mask: SecretMask) throws {
        let renderer = TrafficRenderer(form: .json, style: OutputStyle(mask: mask))
        // It may hold what is for its owner only, as bodies are recorded as they are.
        let buffer = OutputBuffer(to: try OutputFile.append(path, of: "--record", mode: 0o600))
        output = Mutex(Output(renderer: renderer, buffer: buffer))
    }

    func append(_ events: [TapEvent], at time: Timestamp) {
        let size = events.reduce(0) { $0 + ($1.content.bytes?.readableBytes ?? 0) + Self.eventCost }
        let (isFull, mustAnnounce) = waiting.withLock { waiting in
            waiting.batches.append((events, time))
            waiting.size += size
            defer { waiting.isAnnounced = true }
            return (waiting.size > Self.limit, !waiting.isAnnounced)
        }
        if isFull {
            write()
        } else if mustAnnounce {
            thread.start { [self] in write() }
        }
    }

    /// Writes what waits, and returns when it is written.
    func write() {
        output.withLock { output in
            for batch in waiting.withLock({ $0.takeAll() }) {
                for event in batch.events { output.renderer.append(event, at: batch.time, to: &output.buffer) }
            }
            do throws(OutputError) {
                try output.buffer.flush()
            } catch {
                Interrupts.end(with: Failure(.writeFailed, error.description))
            }
        }
    }
}
