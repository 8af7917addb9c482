import STOMPTransport
import SystemC

/// Why bytes cannot be written.
package enum OutputError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reader has closed its end, as `head -1` does: nothing to complain of.
    case readerGone
    /// The system refused, with this `errno`.
    case failed(name: String, errno: Int32)

    package var description: String {
        switch self {
        case .readerGone: "the reader of the output has gone"
        case .failed(let name, let number): "\(name): cannot write: \(systemMessage(number))"
        }
    }
}

/// Writes all that it is given to a file descriptor, which it does not own.
///
/// SIGPIPE must be ignored, or a reader that goes away ends the process.
package struct DescriptorWriter: Sendable {
    package let descriptor: Int32
    /// What the descriptor is, for errors.
    package let name: String

    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    package static let standardOutput = DescriptorWriter(descriptor: STDOUT_FILENO, name: "standard output")
    package static let standardError = DescriptorWriter(descriptor: STDERR_FILENO, name: "standard error")

    /// Writes all of `bytes`, waiting for a reader that is slow.
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
            // Whoever shares the terminal or pipe may have made it non-blocking.
            case EAGAIN, EWOULDBLOCK: waitUntilWritable()
            case EPIPE: throw .readerGone
            case let number: throw .failed(name: name, errno: number)
            }
        }
    }

    private func waitUntilWritable() {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // Whatever it says, the next write finds out.
        _ = poll(&request, 1, -1)
    }
}
