import Foundation

/// A test waited in vain, or something it needs went wrong; the description is what a developer needs to see.
public struct TestFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Waits until `condition` gives a value, and fails with what `failure` says when `limit` has passed.
///
/// A look every few milliseconds: no thread is held while it waits, and a cancelled test stops at once.
public func eventually<Value>(
    within limit: Duration = .seconds(30), isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Value?, otherwise failure: () -> String
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await condition() { return value }
        guard ContinuousClock.now < deadline else { throw TestFailure("after \(limit): \(failure())") }
        try await Task.sleep(for: .milliseconds(4))
    }
}

/// A new folder for `body`, removed afterwards.
public func withTemporaryFolder<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: (URL) async throws -> Value
) async throws -> Value {
    let folder = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

/// A new folder, which the caller removes.
public func makeTemporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "stomptap-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}
