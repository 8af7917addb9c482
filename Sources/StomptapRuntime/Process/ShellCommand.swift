import CSpawn
import NIOCore
import Synchronization
// Reading `environ` is safe without a lock, as this program never changes it.
@preconcurrency import SystemC

/// A script for `/bin/sh -c`, with the outputs of this program.
package struct ShellCommand {
    package enum Status: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    package struct NotStarted: Error {
        package let errno: Int32
    }

    package var script: String
    /// The arguments of the script: `$1` and so on.
    package var arguments: [String] = []
    /// The stdin of the script; nil inherits this program's.
    package var input: Int32?
    /// The stdout of the script; nil inherits this program's.
    package var output: Int32?
    /// Whether it runs in a process group of its own, which gets no signals from the terminal's keys.
    package var hasOwnGroup = false
    /// The variables to add to this program's environment, each as `NAME=VALUE` and a NUL.
    package var variables: [[UInt8]] = []
    /// The prefix of this program's variables that are not passed on.
    package var replacedPrefix: String?

    package init(script: String, arguments: [String] = []) {
        self.script = script
        self.arguments = arguments
    }

    /// Starts the script with default signal handling, as a shell would: this program ignores some signals.
    ///
    /// The script inherits only stdin, stdout and stderr. Sockets are not close-on-exec here, and a connection stays
    /// open while a child process holds its socket.
    ///
    /// - Returns: the process id; call ``status(of:)`` to wait for it.
    package func start() throws(NotStarted) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input { posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) }
        if let output { posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) }
        #if canImport(Glibc)
            posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
        #else
            for descriptor in STDERR_FILENO + 1..<getdtablesize() { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        #endif

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let group = hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
        posix_spawnattr_setflags(&attributes, Int16(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let words = (["/bin/sh", "-c", script, "sh"] + arguments).map { strdup($0) }
        let added = variables.map { variable in
            variable.withUnsafeBytes { bytes in
                bytes.baseAddress.flatMap { strdup($0.assumingMemoryBound(to: CChar.self)) }
            }
        }
        defer { for text in words + added { free(text) } }
        var id = pid_t()
        let error = posix_spawn(&id, "/bin/sh", &actions, &attributes, words + [nil], inherited + added + [nil])
        guard error == 0 else { throw NotStarted(errno: error) }
        return id
    }

    /// The variables of this program that are passed on.
    private var inherited: [UnsafeMutablePointer<CChar>?] {
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let variable = next.pointee {
            let isReplaced = replacedPrefix.map { strncmp(variable, $0, $0.utf8.count) == 0 } ?? false
            if !isReplaced { variables.append(variable) }
            next += 1
        }
        return variables
    }

    /// Whether a process has ended that ``status(of:)`` has not waited for yet.
    package static func hasEnded(_ id: pid_t) -> Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT | WNOHANG) == 0 && information.si_signo != 0
    }

    /// Waits for the end of a process. Blocks.
    package static func status(of id: pid_t) -> Status {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: status & 0x7F)
    }
}

/// A shell command that reads its input from this program, in a process group of its own.
package final class ChildProcess: Sendable {
    private let id: pid_t
    /// The write end of the command's stdin.
    private let input: Int32
    /// Whether the process id still belongs to the command; false once it has been waited for.
    private let isOurs = Mutex(true)

    /// Starts a command line.
    ///
    /// - Parameters:
    ///   - command: the command line.
    ///   - variables: the variables to add to this program's environment, each as `NAME=VALUE` and a NUL.
    ///   - prefix: the prefix of this program's variables that are not passed on.
    package init(
        shell command: String, variables: [[UInt8]], replacing prefix: String
    ) throws(ShellCommand.NotStarted) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ShellCommand.NotStarted(errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        do throws(ShellCommand.NotStarted) {
            var shell = ShellCommand(script: command)
            shell.input = ends[0]
            shell.hasOwnGroup = true
            shell.variables = variables
            shell.replacedPrefix = prefix
            id = try shell.start()
        } catch {
            close(ends[1])
            throw error
        }
        input = ends[1]
        // A command that does not read its input must still be able to end.
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
    }

    /// Sends a signal to the command and to all processes that it started, unless it has ended.
    package func send(signal number: Int32) {
        isOurs.withLock { isOurs in
            if isOurs { kill(-id, number) }
        }
    }

    /// Writes the command's stdin until the command stops reading, and closes it. Blocks.
    package func feed(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                var query = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
                // A process left by the command may keep the pipe open and never read from it.
                if poll(&query, 1, 100) == 0, ShellCommand.hasEnded(id) { break }
                let count = write(input, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 { rest = rest.dropFirst(count) } else if errno != EAGAIN, errno != EINTR { break }
            }
        }
        close(input)
    }

    /// Waits for the command to end. Blocks.
    package func wait() -> ShellCommand.Status {
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return isOurs.withLock { isOurs in
            isOurs = false
            return ShellCommand.status(of: id)
        }
    }
}
