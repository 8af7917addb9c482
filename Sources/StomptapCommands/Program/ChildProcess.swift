import NIOCore
import Synchronization

// Environments are read where nobody changes them: this program never does.
#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#else
    @preconcurrency import Darwin
#endif

/// A command that a shell runs in a process group of its own, with the outputs of this program.
final class ChildProcess: Sendable {
    enum Status: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    struct NotStarted: Error {
        let errno: Int32
    }

    private let id: pid_t
    /// Where its stdin is written to.
    private let input: Int32
    /// Whether its number is still its own: not once it has been waited for.
    private let isOurs = Mutex(true)

    /// Starts `/bin/sh -c COMMAND`.
    ///
    /// - Parameters:
    ///   - command: the command line.
    ///   - variables: what its environment has beside this program's, each as `NAME=VALUE` and a NUL.
    ///   - prefix: what the names of those variables of this program begin with that are not passed on.
    init(shell command: String, variables: [[UInt8]], replacing prefix: [UInt8]) throws(NotStarted) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw NotStarted(errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        do throws(NotStarted) {
            id = try Self.spawn(command, input: ends[0], variables, replacing: prefix)
        } catch {
            close(ends[1])
            throw error
        }
        input = ends[1]
        // A command that reads nothing must not hold up its own end.
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
    }

    private static func spawn(
        _ command: String, input: Int32, _ variables: [[UInt8]], replacing prefix: [UInt8]
    ) throws(NotStarted) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        // The signals as a shell would give them: this program ignores some.
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
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let words: [String] = ["/bin/sh", "-c", command]
        let arguments = words.map { (text: String) -> UnsafeMutablePointer<CChar>? in strdup(text) }
        let added = variables.map { variable in
            variable.withUnsafeBytes { octets in
                octets.baseAddress.flatMap { strdup($0.assumingMemoryBound(to: CChar.self)) }
            }
        }
        defer {
            for text in arguments + added { free(text) }
        }
        var environment: [UnsafeMutablePointer<CChar>?] = []
        var inherited = environ
        while let variable = inherited.pointee {
            if strncmp(variable, String(decoding: prefix, as: UTF8.self), prefix.count) != 0 {
                environment.append(variable)
            }
            inherited += 1
        }
        var id = pid_t()
        let error = posix_spawn(&id, "/bin/sh", &actions, &attributes, arguments + [nil], environment + added + [nil])
        guard error == 0 else { throw NotStarted(errno: error) }
        return id
    }

    /// Sends a signal to it and to all that it has started, unless it has ended.
    func send(signal number: Int32) {
        isOurs.withLock { isOurs in
            if isOurs { kill(-id, number) }
        }
    }

    /// Writes its stdin, as far as it wants it, and closes it. Blocks.
    func feed(_ octets: ByteBuffer) {
        octets.withUnsafeReadableBytes { octets in
            var rest = octets[...]
            while !rest.isEmpty {
                var query = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
                // Something that it has left behind may keep the pipe open and never read.
                if poll(&query, 1, 100) == 0, hasEnded { break }
                let count = write(input, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 { rest = rest.dropFirst(count) } else if errno != EAGAIN, errno != EINTR { break }
            }
        }
        close(input)
    }

    private var hasEnded: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT | WNOHANG) == 0 && information.si_signo != 0
    }

    /// Waits for its end. Blocks.
    func wait() -> Status {
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return isOurs.withLock { isOurs in
            isOurs = false
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: status & 0x7F)
        }
    }
}
