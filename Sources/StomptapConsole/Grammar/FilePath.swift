import SystemC

/// Paths as they are typed.
enum FilePath {
    /// `~/` is the home directory, as in a shell.
    static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
        return String(cString: home) + path.dropFirst()
    }
}
