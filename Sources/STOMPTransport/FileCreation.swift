import SystemC

/// How a file is opened to be written.
package enum FileCreation: Sendable {
    /// What is in it goes.
    case truncating
    /// What is written comes after what is in it.
    case appending
    /// There must be none, nor a link.
    case exclusive

    /// The system refused, with this `errno`.
    package struct Failure: Error {
        package let errno: CInt
    }

    /// Opens the file, and creates it if it does not exist. A program that is started does not inherit it.
    ///
    /// Where `mode` is for the owner alone, a file that existed is closed to others as well, if it is a regular one of this
    /// user's. What the shell or the system made is left as it is: devices, pipes, `/dev/stdout`, `/dev/fd/3`.
    ///
    /// - Parameter mode: who may do what with a file that did not exist.
    /// - Returns: the descriptor, which the caller closes.
    package func opened(_ path: String, mode: mode_t) throws(Failure) -> CInt {
        let flags =
            switch self {
            // What the shell opened for `2>>file` keeps what is in it.
            case .truncating: Self.isOpenAlready(path) ? O_APPEND : O_TRUNC
            case .appending: O_APPEND
            case .exclusive: O_EXCL | O_NOFOLLOW
            }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | flags, mode)
        guard descriptor >= 0 else { throw Failure(errno: errno) }
        var status = stat()
        if mode & 0o077 == 0, !Self.isOpenAlready(path), fstat(descriptor, &status) == 0,
            status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0, status.st_uid == geteuid()
        {
            fchmod(descriptor, mode)
        }
        return descriptor
    }

    /// Whether a path names a descriptor of a process, and not a file of its own.
    package static func isOpenAlready(_ path: String) -> Bool {
        ["/dev/stdin", "/dev/stdout", "/dev/stderr"].contains(path) || path.hasPrefix("/dev/fd/")
            || path.hasPrefix("/proc/")
    }
}
