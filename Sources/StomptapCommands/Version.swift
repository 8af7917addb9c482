/// The version of the program.
enum Version {
    static let current = "0.1.0"
    /// The day of it, for the man pages.
    static let date = "2026-11-21"
}

extension Stomptap {
    /// The program's version, such as `0.1.0`.
    public static let version = Version.current
    /// The day of the version, such as `2026-11-21`.
    public static let versionDate = Version.date
}
