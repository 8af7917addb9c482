import Foundation
import Testing

/// Reviewed output, kept in a file of the folder `Golden` next to the test.
///
/// With `STOMPTAP_RECORD=1` in the environment, the files are rewritten.
public enum Golden {
    /// Compares lines with those of a file, and reports each line that differs.
    public static func expect(
        _ lines: [String], equal name: String, of test: String = #filePath,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = URL(filePath: test).deletingLastPathComponent().appending(path: "Golden/\(name)")
        if ProcessInfo.processInfo.environment["STOMPTAP_RECORD"] != nil {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        // The last line has an end too.
        let expected = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        let difference = lines.difference(from: expected).map { change in
            switch change {
            case .remove(let offset, let line, _): "- \(offset + 1): \(line)"
            case .insert(let offset, let line, _): "+ \(offset + 1): \(line)"
            }
        }
        #expect(
            difference.isEmpty, "Golden/\(name) (-) and the output (+) differ:\n\(difference.joined(separator: "\n"))",
            sourceLocation: sourceLocation)
    }

    /// Replaces what differs from run to run in JSON by placeholders.
    public static func normalized(_ json: String) -> String {
        var text = json
        for (pattern, cover) in [
            (#""time":"[0-9T:.-]+Z""#, #""time":"TIME""#), (#"127\.0\.0\.1:\d+"#, "127.0.0.1:PORT"),
            (#""milliseconds":\d+\.\d{3}\b"#, #""milliseconds":0.000"#), (#"mask [0-9a-f]{8}"#, "mask KEY"),
            (#"/[0-9]{3}/[a-z0-9]{16}/"#, "/SERVER/SESSION/"),
        ] {
            text = text.replacingOccurrences(of: pattern, with: cover, options: .regularExpression)
        }
        return text
    }

    public static func lines(_ json: String) -> [String] { normalized(json).split(separator: "\n").map(String.init) }
}
