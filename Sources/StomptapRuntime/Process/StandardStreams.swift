import StomptapOutput
import Synchronization
import SystemC

/// The program's output.
package enum StandardOutput {
    /// Writes text; false where the reader has gone.
    ///
    /// - Throws: ``Failure`` with 74, or `CancellationError`.
    package static func write(_ text: String) async throws -> Bool {
        try await BlockingThread.output.run {
            try reportingFailures {
                try Array(text.utf8).withUnsafeBytes { try DescriptorWriter.standardOutput.write($0) }
            }
        }
    }

    /// Does `work` that writes; false where the reader has gone, which is nothing to complain of.
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

    /// Waits until the reader of a pipe goes away, as `head -1` does, also while there is nothing to write to it; false
    /// when the task is cancelled before.
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

/// What goes to stderr: one line for each thing that a person should know.
package enum Diagnostics {
    /// The line that a failed program ends with.
    package static func fail(_ line: String) { write(line) }

    package static func warn(_ line: String) { write("warning: \(line)") }

    package static func note(_ line: String) { write(line) }

    /// A line for a person who sits at the terminal and knows what program talks.
    package static func inform(_ line: String) { write(Array("\(visible(SecretMask.hiding.masked(line)))\n".utf8)) }

    private static let sink = Mutex<(@Sendable ([UInt8]) -> Void)?>(nil)

    /// Gives to `sink` what would go to stderr; nil ends it. It must not wait.
    package static func redirect(to sink: (@Sendable ([UInt8]) -> Void)?) {
        self.sink.withLock { $0 = sink }
    }

    private static func write(_ line: String) { write(Array(ErrorLine.text(line).utf8)) }

    /// Writes what is made up already, such as lines of a trace.
    package static func write(_ bytes: [UInt8]) {
        if let sink = sink.withLock({ $0 }) { return sink(bytes) }
        StatusLine.erase()
        // Where stderr is closed there is nobody to tell.
        try? bytes.withUnsafeBytes { try DescriptorWriter.standardError.write($0) }
    }
}
