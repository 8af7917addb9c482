import NIOCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// The source of the bodies of `publish`, read in batches.
final class BodySource: Sendable {
    enum Separator: Sendable {
        case line, null

        var byte: UInt8 {
            switch self {
            case .line: UInt8(ascii: "\n")
            case .null: 0
            }
        }

        var name: String {
            switch self {
            case .line: "line"
            case .null: "piece"
            }
        }
    }

    /// Bodies that are ready to be sent.
    struct Batch: Sendable {
        var bodies: [ByteBuffer]
        /// Whether no more bodies are known to be ready after these, so that the last of them may be the last of
        /// all.
        var mayBeLast: Bool
    }

    /// The number of bodies in a batch: small enough to limit memory, large enough to fill one write.
    private static let batchSize = 512

    private enum Origin: Sendable {
        case repeated(ByteBuffer, count: Int)
        case pieces(descriptor: Int32, name: String, Separator)
    }

    private struct State: Sendable {
        var buffer: [UInt8] = []
        /// No separator starts in `buffer` before this index.
        var searched = 0
        var isAtEnd = false
        var produced = 0
    }

    private let origin: Origin
    private let state = Shared(State())

    /// - Parameter option: the option that names the file, for the message.
    /// - Throws: ``Failure`` if a file does not exist, or a body is too large.
    init(body: String?, file: String?, of option: String = "--file", separator: Separator?, count: Int) throws {
        guard let separator else {
            origin = .repeated(try Self.whole(body: body, file: file), count: count)
            return
        }
        if let body {
            // The argument is split like the content of a file.
            origin = .pieces(descriptor: -1, name: "the body", separator)
            state.update {
                $0.buffer = Array(body.utf8)
                $0.isAtEnd = true
            }
        } else {
            let path = file ?? "-"
            if path == "-" { Self.hintAtTerminal() }
            let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Failure(.noInput, "\(option): \(path): \(systemMessage(errno))") }
            origin = .pieces(descriptor: descriptor, name: path, separator)
        }
    }

    /// The body that is sent repeatedly; nil if each message has its own.
    var repeatedBody: ByteBuffer? {
        if case .repeated(let body, _) = origin { body } else { nil }
    }

    /// The total amount, if it is known before reading.
    var total: PublishProgress.Total {
        switch origin {
        case .repeated(_, let count): return .messages(count)
        case .pieces(let descriptor, _, _):
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .unknown }
            return .bytes(Int(status.st_size))
        }
    }

    /// One body: the argument, or the content of a file or stdin.
    ///
    /// - Throws: ``Failure`` if a file does not exist, or a body is too large.
    static func whole(body: String?, file: String?) throws -> ByteBuffer {
        if let body { return ByteBuffer(string: body) }
        if file ?? "-" == "-" { hintAtTerminal() }
        return ByteBuffer(bytes: try InputFile.read(file ?? "-", of: "--file", limit: InputFile.largestBody))
    }

    /// Prints a hint if the body is read from a terminal.
    private static func hintAtTerminal() {
        if isatty(STDIN_FILENO) == 1 {
            Diagnostics.note("reading the body from the terminal; Ctrl-D on a new line ends it")
        }
    }

    /// The next bodies, or nil at the end. Not for concurrent use.
    func next() async throws -> Batch? {
        switch origin {
        case .repeated(let body, let count):
            // Limits the memory of a batch of large bodies.
            let size = max(1, min(Self.batchSize, (1 << 20) / max(1, body.readableBytes)))
            let produced = state.value.produced
            guard produced < count else { return nil }
            let next = min(size, count - produced)
            state.update { $0.produced += next }
            return Batch(bodies: Array(repeating: body, count: next), mayBeLast: produced + next == count)
        case .pieces(let descriptor, let name, let separator):
            while true {
                if let batch = try cut(separator, descriptor, name) { return batch }
                if state.value.isAtEnd { return nil }
                let chunk = try await BlockingThread.input.run { try InputFile.read(descriptor, name: name) }
                state.update { state in
                    if let chunk { state.buffer += chunk } else { state.isAtEnd = true }
                }
            }
        }
    }

    /// Removes the complete bodies from what was read.
    private func cut(_ separator: Separator, _ descriptor: Int32, _ name: String) throws -> Batch? {
        var state = self.state.value
        self.state.update { $0.buffer = [] }
        defer { self.state.update { [state] in $0 = state } }
        var bodies: [ByteBuffer] = []
        var start = 0
        while bodies.count < Self.batchSize,
            let end = state.buffer[max(start, state.searched)...].firstIndex(of: separator.byte)
        {
            bodies.append(ByteBuffer(bytes: state.buffer[start..<end]))
            start = end + 1
        }
        if bodies.count < Self.batchSize {
            state.searched = state.buffer.count
            if state.isAtEnd, start < state.buffer.count {
                bodies.append(ByteBuffer(bytes: state.buffer[start...]))
                start = state.buffer.count
            }
        } else {
            state.searched = start
        }
        state.buffer.removeFirst(start)
        state.searched -= start
        guard state.buffer.count <= InputFile.largestBody else {
            throw Failure(.badInput, "\(name): a \(separator.name) is longer than \(InputFile.largestBody) bytes")
        }
        guard !bodies.isEmpty else { return nil }
        let moreIsThere =
            state.buffer.contains(separator.byte) || (state.isAtEnd ? !state.buffer.isEmpty : isReadable(descriptor))
        return Batch(bodies: bodies, mayBeLast: !moreIsThere)
    }

    /// Whether a read would return data at once. The end of a closed pipe does not count.
    private func isReadable(_ descriptor: Int32) -> Bool {
        var query = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&query, 1, 0) > 0, query.revents & Int16(POLLIN) != 0 else { return false }
        // A regular file is always readable, even at its end.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return true }
        return lseek(descriptor, 0, SEEK_CUR) < status.st_size
    }
}
