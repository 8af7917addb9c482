import SystemC

/// The program's folders in its user's home, by the XDG Base Directory Specification, whether they exist or not. Nil where
/// there is no home.
package enum UserFolders {
    /// Profiles: `$XDG_CONFIG_HOME/stomptap`, by default in `~/.config`.
    package static var configuration: String? { folder("XDG_CONFIG_HOME", or: ".config") { variable($0) } }
    /// What is kept between runs: `$XDG_STATE_HOME/stomptap`, by default in `~/.local/state`.
    package static var state: String? { folder("XDG_STATE_HOME", or: ".local/state") { variable($0) } }

    /// - Parameter environment: looks a variable up.
    package static func folder(_ name: String, or standard: String, _ environment: (String) -> String?) -> String? {
        // A relative path is none, by the specification.
        if let base = environment(name), base.hasPrefix("/") { return "\(base)/stomptap" }
        return environment("HOME").map { "\($0)/\(standard)/stomptap" }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
