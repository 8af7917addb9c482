import Foundation
import TestSupport

/// The `openssl` command.
enum OpenSSLTool {
    /// Runs the command in a folder and waits for it. Throws its output if the status is not 0.
    static func run(_ arguments: [String], in folder: URL) throws {
        let words = arguments.map { "'\($0)'" }.joined(separator: " ")
        guard let pipe = popen("cd '\(folder.path)' && openssl \(words) 2>&1 </dev/null", "r") else {
            throw TestFailure("no shell")
        }
        var printed: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { printed += chunk[..<count] }
        guard pclose(pipe) == 0 else {
            throw TestFailure("openssl \(words): \(String(decoding: printed, as: UTF8.self))")
        }
    }
}
