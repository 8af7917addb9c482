import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization

/// A file with every frame and message that passes a tap, in order, in the format of `-o json`.
///
/// It is written on its own thread, so that the apps need not wait for it. Nothing is ever left out: if too much is
/// waiting, the tap's observer writes it before it returns, so a slow file slows the apps down. If the file cannot
/// be written, the command ends with status 74.
final class TapRecord: Sendable {
    /// The maximum number of bytes that wait, not counting those being written.
    private static let limit = 4 << 20
    /// The cost of each event in addition to its bytes.
    private static let eventCost = 256

    private struct Waiting: Sendable {
        var batches: [(events: [TapEvent], time: Timestamp)] = []
        var size = 0
        /// Whether the writing thread was notified.
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
    /// Locked while events are taken and written, so that their order is kept.
    private let output: Mutex<Output>
    private let thread = BlockingThread()

    /// - Throws: ``Failure`` with 73.
    init(_ path: String, mask: SecretMask) throws {
        let renderer = TrafficRenderer(form: .json, style: OutputStyle(mask: mask))
        // The file may contain private data, because bodies are recorded unmasked; only the owner can read it.
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

    /// Writes all waiting events, and returns when they are written.
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
