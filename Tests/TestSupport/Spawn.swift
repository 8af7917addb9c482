import Foundation

/// Starts a program in its own process group, with only the descriptors that `descriptors` sets up.
///
/// - Parameter ownSession: whether it also gets its own session, whose terminal is the first one that it opens.
func spawn(
    _ program: Program, home: URL, ownSession: Bool = false,
    descriptors: (inout posix_spawn_file_actions_t) -> Void
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    descriptors(&actions)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Signal handling as a shell sets it, independent of what the test process and its libraries have changed.
    var none = sigset_t(), all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    // POSIX_SPAWN_SETSID, which glibc defines only with _GNU_SOURCE.
    let newSession: Int32 = 0x80
    posix_spawnattr_setflags(
        &attributes,
        Int16((ownSession ? newSession : POSIX_SPAWN_SETPGROUP) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let arguments = ([program.path] + program.arguments).map { strdup($0) } + [nil]
    let variables = program.cleanEnvironment(home: home).map { strdup("\($0)=\($1)") } + [nil]
    defer { (arguments + variables).forEach { free($0) } }
    var pid = pid_t()
    let error = Pipe.spawning.withLock { _ in
        keepDescriptors()
        return posix_spawn(&pid, program.path, &actions, &attributes, arguments, variables)
    }
    guard error == 0 else {
        throw TestFailure("cannot start \(program.path): \(String(cString: strerror(error)))")
    }
    return pid
}

/// Marks all open descriptors close-on-exec: a child would otherwise inherit NIO's sockets, and a port that the
/// test has closed would stay in use.
private func keepDescriptors() {
    let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    for descriptor in (open ?? []).compactMap({ Int32($0) }) where descriptor > 2 {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
}

extension ProgramResult.Status {
    /// Waits for a process and returns how it ended; nil if it is still running and `options` is WNOHANG.
    static func of(_ pid: pid_t, options: Int32) -> ProgramResult.Status? {
        var status: Int32 = 0
        while true {
            let waited = waitpid(pid, &status, options)
            if waited == 0 { return nil }
            if waited == pid { break }
            guard errno == EINTR else { return .exited(-1) }
        }
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: status & 0x7F)
    }
}
