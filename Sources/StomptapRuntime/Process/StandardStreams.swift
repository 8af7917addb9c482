import StomptapOutput
import Synchronization
import SystemC

/// The program's standard output.
package enum StandardOutput {
    /// Writes text; returns false if the reader has closed the pipe.
    ///
    /// - Throws: ``Failure`` with 74, or `CancellationError`.
    package static func write(_ text: String) async throws -> Bool {
        try await BlockingThread.output.run {
            try reportingFailures {
                try Array(text.utf8).withUnsafeBytes { try DescriptorWriter.standardOutput.write($0) }
            }
        }
    }

    /// Runs `work`, which writes; returns false if the reader has closed the pipe, which is not an error.
    package static func reportingFailures(_ work: () throws -> Void) throws -> Bool {
        do {
            try work()
            return true
        } catch OutputError.readerGone {
            return false
        } catch let error as OutputError {
            throw Failure(.writeFailed, error.description)
        }
    }

    /// Waits until the reader of a pipe closes it, as `head -1` does, even while there is nothing to write; false if
    /// the task is cancelled first.
    package static func readerIsGone() async -> Bool {
        var status = stat()
        guard fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return false }
        while !Task.isCancelled {
            var query = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            if poll(&query, 1, 0) > 0, query.revents & Int16(POLLERR) != 0 { return true }
            try? await Task.sleep(nanoseconds: 200_000_000)
        }
        return false
    }
}

/// Messages on stderr, one line each.
package enum Diagnostics {
    /// The last line of a program that failed.
    package static func fail(_ line: String) { write(line) }

    package static func warn(_ line: String) { write("warning: \(line)") }

    package static func note(_ line: String) { write(line) }

    /// A line without the program's name, for an interactive user.
    package static func inform(_ line: String) { write(Array("\(visible(SecretMask.hiding.masked(line)))\n".utf8)) }

    private static let sink = Mutex<(@Sendable ([UInt8]) -> Void)?>(nil)

    /// Sends everything that would go to stderr to `sink` instead; nil ends this. `sink` must not block.
    package static func redirect(to sink: (@Sendable ([UInt8]) -> Void)?) {
        self.sink.withLock { $0 = sink }
    }

    private static func write(_ line: String) { write(Array(ErrorLine.text(line).utf8)) }

    /// Writes bytes that are already formatted, such as the lines of a trace.
    package static func write(_ bytes: [UInt8]) {
        if let sink = sink.withLock({ $0 }) { return sink(bytes) }
        StatusLine.erase()
        // A write error is ignored: if stderr is closed, it cannot be reported.
        try? bytes.withUnsafeBytes { try DescriptorWriter.standardError.write($0) }
    }
}
