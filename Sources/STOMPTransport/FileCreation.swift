import SystemC

/// How to open a file for writing.
package enum FileCreation: Sendable {
    /// The existing content is deleted.
    case truncating
    /// New content is appended.
    case appending
    /// The path must not exist, not even as a link.
    case exclusive

    /// The system call failed with this `errno`.
    package struct Failure: Error {
        package let errno: CInt
    }

    /// Opens the file, and creates it if it does not exist. Child processes do not inherit the descriptor.
    ///
    /// If `mode` gives access only to the owner, access by others is also removed from an existing regular file of this
    /// user. Files that the shell or the system opened are left unchanged: devices, pipes, `/dev/stdout`, `/dev/fd/3`.
    ///
    /// - Parameter mode: the permissions of a file that is created.
    /// - Returns: the descriptor, which the caller closes.
    package func opened(_ path: String, mode: mode_t) throws(Failure) -> CInt {
        let flags =
            switch self {
            // A file that the shell opened for `2>>file` keeps its content.
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

    /// Whether a path names an open file descriptor, and not a file of its own.
    package static func isOpenAlready(_ path: String) -> Bool {
        ["/dev/stdin", "/dev/stdout", "/dev/stderr"].contains(path) || path.hasPrefix("/dev/fd/")
            || path.hasPrefix("/proc/")
    }
}
