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
    /// - Parameter mode: who may do what with a file that did not exist.
    /// - Returns: the descriptor, which the caller closes.
    package func opened(_ path: String, mode: mode_t) throws(Failure) -> CInt {
        let flags =
            switch self {
            case .truncating: O_TRUNC
            case .appending: O_APPEND
            case .exclusive: O_EXCL
            }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | flags, mode)
        guard descriptor >= 0 else { throw Failure(errno: errno) }
        return descriptor
    }
}
