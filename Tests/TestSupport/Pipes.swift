import Foundation
import Synchronization
import SystemC

/// A pipe that no program inherits unless it is given one of the ends.
struct Pipe {
    let reading: Int32
    let writing: Int32

    /// Held while a pipe is created and while a program is spawned, so that no program inherits a pipe that is not
    /// yet marked close-on-exec.
    static let spawning = Mutex<Void>(())

    init() throws {
        var ends: [Int32] = [0, 0]
        let isMade = Self.spawning.withLock { _ in
            pipe(&ends) == 0 && ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }
        }
        guard isMade else { throw TestFailure("no pipe: \(String(cString: strerror(errno)))") }
        (reading, writing) = (ends[0], ends[1])
    }
}

/// Reads a pipe in a separate thread, so that a busy test never blocks a program.
final class PipeReader: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        /// Nil once the descriptor is closed.
        var descriptor: Int32?
        var isStarted = false
        var isClosing = false
    }

    private let state: Mutex<State>

    init(_ descriptor: Int32) {
        state = Mutex(State(descriptor: descriptor))
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }

    var isAtEnd: Bool { state.withLock { $0.descriptor == nil } }

    /// Reads up to the end of the input, or, if `stopsAtLineEnd` is set, up to the first line end.
    func start(stopsAtLineEnd: Bool = false) {
        let descriptor = state.withLock { state -> Int32? in
            guard !state.isStarted, let descriptor = state.descriptor else { return nil }
            state.isStarted = true
            return descriptor
        }
        guard let descriptor else { return }
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: stopsAtLineEnd ? 1 : 1 << 16)
            var goesOn = true
            while goesOn {
                // The timeout lets `close()` stop this loop: the pipe may never end if the program has passed it on
                // to another process.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, 100) != 0 else {
                    goesOn = state.withLock { !$0.isClosing }
                    continue
                }
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                state.withLock { state in
                    if count > 0 { state.bytes += buffer[..<count] }
                    goesOn = count > 0 && !(stopsAtLineEnd && buffer[0] == UInt8(ascii: "\n"))
                }
            }
            state.withLock { $0.descriptor = nil }
            SystemC.close(descriptor)
        }
    }

    func close() {
        let unread = state.withLock { state -> Int32? in
            state.isClosing = true
            guard !state.isStarted else { return nil }
            defer { state.descriptor = nil }
            return state.descriptor
        }
        if let unread { SystemC.close(unread) }
    }
}

/// Writes to a pipe in the background, in the order of the calls.
final class PipeWriter: Sendable {
    private let queue = DispatchQueue(label: "stdin")
    /// Nil once the descriptor is closed.
    private let descriptor: Mutex<Int32?>

    init(_ descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    func write(_ bytes: [UInt8]) {
        queue.async { [self] in
            guard let descriptor = descriptor.withLock({ $0 }) else { return }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { SystemC.write(descriptor, $0.baseAddress, $0.count) }
                if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
            }
        }
    }

    func close() {
        queue.async { [self] in
            let descriptor = descriptor.withLock { descriptor in
                defer { descriptor = nil }
                return descriptor
            }
            if let descriptor { SystemC.close(descriptor) }
        }
    }
}
