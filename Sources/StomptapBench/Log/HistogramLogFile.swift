import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// A file that a run's latencies are written to as they come: what there is can be read however the run ends.
package final class HistogramLogFile: Sendable {
    private let path: String
    private let descriptor: Int32
    private let buffer: Shared<OutputBuffer>

    /// - Throws: ``Failure`` with 73.
    init(_ path: String, start: Timestamp) throws {
        self.path = path
        descriptor = try OutputFile.opened(path, of: "--hdr")
        var buffer = OutputBuffer(to: DescriptorWriter(descriptor: descriptor, name: path))
        buffer.append(HistogramLog.head(start: start))
        self.buffer = Shared(buffer)
    }

    deinit {
        close(descriptor)
    }

    /// Adds a line; whether that failed is told by ``finish(_:)``.
    func add(_ latencies: Latencies, start: Int64, length: Int64) {
        let line = HistogramLog.line(latencies, start: start, length: length)
        buffer.update { buffer in
            buffer.append(line)
            try? buffer.flush()
        }
    }

    /// - Throws: ``Failure`` with 74 where something could not be written.
    func finish(_ counts: HistogramLog.Counts) throws {
        var failure: OutputError?
        buffer.update { buffer in
            buffer.append(HistogramLog.line(counts))
            do throws(OutputError) { try buffer.flush() } catch { failure = error }
        }
        if let failure { throw Failure(.writeFailed, failure.description) }
    }
}
