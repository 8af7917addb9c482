import STOMPTransport
import SystemC

/// Why output cannot be written.
package enum OutputError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reader closed its end, as `head -1` does; this is not an error for the user.
    case readerGone
    /// A system call failed with this `errno`.
    case failed(name: String, errno: Int32)

    package var description: String {
        switch self {
        case .readerGone: "the reader closed the output"
        case .failed(let name, let number): "\(name): cannot write: \(systemMessage(number))"
        }
    }
}

/// Writes all of its input to a file descriptor, which it does not own.
///
/// SIGPIPE must be ignored; otherwise a reader that closes its end kills the process.
package struct DescriptorWriter: Sendable {
    package let descriptor: Int32
    /// The name of the output, for errors.
    package let name: String

    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    package static let standardOutput = DescriptorWriter(descriptor: STDOUT_FILENO, name: "standard output")
    package static let standardError = DescriptorWriter(descriptor: STDERR_FILENO, name: "standard error")

    /// Writes all of `bytes`, and waits for a slow reader.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeRawBufferPointer(rebasing: rest)
            let count = SystemC.write(descriptor, slice.baseAddress, slice.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            // Another process that shares the terminal or pipe may have made it non-blocking.
            case EAGAIN, EWOULDBLOCK: waitUntilWritable()
            case EPIPE: throw .readerGone
            case let number: throw .failed(name: name, errno: number)
            }
        }
    }

    private func waitUntilWritable() {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // The result does not matter: the next write reports any error.
        _ = poll(&request, 1, -1)
    }
}
