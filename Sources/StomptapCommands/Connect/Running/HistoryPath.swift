#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where the lines of the prompt are kept between sessions.
enum HistoryPath {
    /// `$XDG_STATE_HOME/stomptap/history`; by default in `~/.local/state`. Nil where there is no home.
    static var standard: String? {
        path { name in getenv(name).map { String(cString: $0) } }
    }

    /// - Parameter environment: looks a variable up.
    static func path(_ environment: (String) -> String?) -> String? {
        // A relative path is none, by the XDG Base Directory Specification.
        if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return "\(state)/stomptap/history" }
        return environment("HOME").map { "\($0)/.local/state/stomptap/history" }
    }
}
