import Foundation
import Synchronization
import SystemC

/// A program in its own terminal; a test types keys and checks the screen.
public final class TerminalProgram: Sendable {
    public let pid: pid_t
    private let controller: Int32
    private let screen: Mutex<TerminalModel>
    private let raw = Mutex<[UInt8]>([])
    private let ending: Mutex<(status: ProgramResult.Status?, isClosing: Bool)> = Mutex((nil, false))
    private let reader = DispatchGroup()

    /// Runs a program while `body` runs, in a new session with the given terminal.
    public static func run<Value>(
        _ program: Program, columns: Int = 80, rows: Int = 24, isolation: isolated (any Actor)? = #isolation,
        _ body: (TerminalProgram) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryFolder { home in
            let running = try TerminalProgram(program, home: home, columns: columns, rows: rows)
            defer { running.end() }
            return try await body(running)
        }
    }

    private init(_ program: Program, home: URL, columns: Int, rows: Int) throws {
        var ends: (controller: Int32, device: Int32) = (-1, -1)
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        var name = [CChar](repeating: 0, count: 128)
        let isOpen = Pipe.spawning.withLock { _ in
            openpty(&ends.controller, &ends.device, &name, nil, &size) == 0
                && fcntl(ends.controller, F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends.device, F_SETFD, FD_CLOEXEC) == 0
        }
        guard isOpen else { throw TestFailure("no pseudo-terminal: \(String(cString: strerror(errno)))") }
        defer { close(ends.device) }
        controller = ends.controller
        screen = Mutex(TerminalModel(columns: columns, rows: rows))
        var program = program
        program.environment.merge(["TERM": "xterm-256color"]) { own, _ in own }
        pid = try spawn(program, home: home, ownSession: true) { actions in
            posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
            posix_spawn_file_actions_adddup2(&actions, 0, 1)
            posix_spawn_file_actions_adddup2(&actions, 0, 2)
        }
        read()
    }

    // MARK: Keys

    public func type(_ keys: String) { type(Array(keys.utf8)) }

    public func type(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(controller, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
        }
    }

    public func resize(columns: Int, rows: Int) {
        screen.withLock { $0.resize(columns: columns, rows: rows) }
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(controller, UInt(TIOCSWINSZ), &size)
    }

    public func send(signal number: Int32) {
        // Not after the process has been waited for: its process ID may have been reused.
        ending.withLock { if $0.status == nil { kill(pid, number) } }
    }

    /// Closes the terminal, as closing a window does.
    public func hangUp() {
        let isOpen = ending.withLock { ending in
            defer { ending.isClosing = true }
            return !ending.isClosing
        }
        guard isOpen else { return }
        reader.wait()
        close(controller)
    }

    // MARK: Output

    public var model: TerminalModel { screen.withLock { $0 } }

    /// The number of bytes that it has written.
    public var writtenCount: Int { raw.withLock { $0.count } }

    /// Returns the offset in its output at which this text ends, searched from `start`; nil if the text is not
    /// there yet.
    public func end(of text: String, from start: Int) -> Int? {
        let text = Array(text.utf8)
        return raw.withLock { raw in
            raw[start...].firstRange(of: text)?.upperBound
        }
    }

    /// Whether the terminal has the modes of a shell: echo and line input.
    public var isCooked: Bool {
        var modes = termios()
        tcgetattr(controller, &modes)
        return modes.c_lflag & tcflag_t(ECHO | ICANON | ISIG) == tcflag_t(ECHO | ICANON | ISIG)
    }

    /// Sets the terminal modes of a shell, as a shell does when its job stops.
    public func makeCooked() {
        var modes = termios()
        tcgetattr(controller, &modes)
        modes.c_lflag |= tcflag_t(ECHO | ICANON | ISIG)
        tcsetattr(controller, TCSANOW, &modes)
    }

    /// Waits until the terminal meets a condition; fails with what it shows.
    @discardableResult
    public func wait(
        within limit: Duration = .seconds(20), for what: String, _ condition: (TerminalModel) -> Bool
    ) async throws -> TerminalModel {
        try await eventually(within: limit) {
            let model = model
            return condition(model) ? model : nil
        } otherwise: {
            let model = model
            return "\(what); the cursor is at \(model.cursor), the screen:\n" + model.shown.joined(separator: "\n")
        }
    }

    /// Waits until the last rows shown are these.
    @discardableResult
    public func wait(for rows: String...) async throws -> TerminalModel {
        try await wait(for: "not shown: \(rows)") { $0.shown.suffix(rows.count).elementsEqual(rows) }
    }

    /// Waits until the program has ended, and returns its status.
    public func status(within limit: Duration = .seconds(20)) async throws -> ProgramResult.Status {
        try await eventually(within: limit) {
            ending.withLock { ending in
                if ending.status == nil { ending.status = ProgramResult.Status.of(pid, options: WNOHANG) }
                return ending.status
            }
        } otherwise: {
            "has not ended; the screen:\n" + model.shown.joined(separator: "\n")
        }
    }

    /// Waits until the program has ended; fails if it ended in another way.
    public func wait(forEnd expected: ProgramResult.Status) async throws {
        let status = try await status()
        guard status == expected else { throw TestFailure("ended with \(status), not \(expected)") }
    }

    // MARK: Start and end

    private func read() {
        reader.enter()
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while !ending.withLock({ $0.isClosing }) {
                var waiting = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, 100) != 0 else { continue }
                let count = SystemC.read(controller, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                // EIO: no process has the terminal open any more.
                guard count > 0 else { break }
                raw.withLock { $0 += buffer[..<count] }
                screen.withLock { $0.write(buffer[..<count]) }
            }
            reader.leave()
        }
    }

    private func end() {
        ending.withLock { ending in
            guard ending.status == nil else { return }
            kill(-pid, SIGKILL)
            ending.status = ProgramResult.Status.of(pid, options: 0)
        }
        hangUp()
    }
}
