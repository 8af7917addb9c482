import Foundation

extension Program {
    /// Runs a `subscribe` and, once it is subscribed, `body`.
    public func startSubscribed<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (RunningProgram) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryFolder { folder in
            let ready = folder.appending(path: "ready").path
            var program = self
            program.arguments += ["--ready-file", ready]
            return try await program.start { running in
                _ = try await running.wait(otherwise: "is not subscribed") {
                    FileManager.default.fileExists(atPath: ready) ? true : nil
                }
                return try await body(running)
            }
        }
    }
}

/// 1000 lines that break careless text handling.
public let awkwardLines = (1...1000).map { "줄 \($0): 한글 \u{1F600} back\\slash : colon \\n \\c" }

/// Random bytes that are not valid text and include all bytes with a meaning in STOMP.
public func randomBytes(_ count: Int) throws -> [UInt8] {
    let source = try FileHandle(forReadingFrom: URL(filePath: "/dev/urandom"))
    guard let data = try source.read(upToCount: count) else { throw TestFailure("no random octets") }
    return Array(data)
}
