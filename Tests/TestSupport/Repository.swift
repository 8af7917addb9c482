import Foundation

/// The committed files.
public enum Repository {
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    public static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The man pages.
    public static func pages() throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: root.appending(path: "man"), includingPropertiesForKeys: nil
        ).sorted { $0.path < $1.path }
    }
}
