import NIOCore
import Synchronization
import SystemC

/// A command that a shell runs with its input from this program, in a process group of its own.
package final class ChildProcess: Sendable {
    private let id: pid_t
    /// Where its stdin is written to.
    private let input: Int32
    /// Whether its number is still its own: not once it has been waited for.
    private let isOurs = Mutex(true)

    /// Starts a command line.
    ///
    /// - Parameters:
    ///   - command: the command line.
    ///   - variables: what its environment has beside this program's, each as `NAME=VALUE` and a NUL.
    ///   - prefix: what the names of those variables of this program begin with that are not passed on.
    package init(shell command: String, variables: [[UInt8]], replacing prefix: String) throws(ShellCommand.NotStarted) {
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
        // A command that reads nothing must not hold up its own end.
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
    }

    /// Sends a signal to it and to all that it has started, unless it has ended.
    package func send(signal number: Int32) {
        isOurs.withLock { isOurs in
            if isOurs { kill(-id, number) }
        }
    }

    /// Writes its stdin, as far as it wants it, and closes it. Blocks.
    package func feed(_ octets: ByteBuffer) {
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
    package func wait() -> ShellCommand.Status {
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return isOurs.withLock { isOurs in
            isOurs = false
            return ShellCommand.status(of: id)
        }
    }
}
