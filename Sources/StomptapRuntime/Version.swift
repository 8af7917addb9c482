/// The version of the program.
package enum Version {
    package static let current = "0.1.0"
    /// The release date, for the man pages.
    package static let date = "2026-11-21"
}
