import Foundation

/// A test timed out, or something that it needs failed. The description is for the developer.
public struct TestFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Waits until `condition` returns a value; fails with the text from `failure` after `limit`.
///
/// It polls every few milliseconds without blocking a thread, and stops at once when the test is cancelled.
@discardableResult
public func eventually<Value>(
    within limit: Duration = .seconds(120), isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Value?, otherwise failure: () -> String
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await condition() { return value }
        guard ContinuousClock.now < deadline else { throw TestFailure("after \(limit): \(failure())") }
        try await Task.sleep(for: .milliseconds(4))
    }
}

/// Waits until a count has not changed for a full second, and returns it.
///
/// - Parameter least: the count must exceed this first, so that a test does not stop before the work has started.
public func standstill(
    beyond least: Int, isolation: isolated (any Actor)? = #isolation, of count: () throws -> Int
) async throws -> Int {
    var readings: [Int] = []
    return try await eventually {
        readings.append(try count())
        let last = readings.suffix(6)
        if last.count == 6, Set(last).count == 1, let stop = last.last, stop > least { return stop }
        try await Task.sleep(for: .milliseconds(200))
        return nil
    } otherwise: {
        "it did not come to a stop beyond \(least): \(readings)"
    }
}

/// Runs `body` with a new folder, and removes it afterwards.
public func withTemporaryFolder<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: (URL) async throws -> Value
) async throws -> Value {
    let folder = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

/// Creates a new folder; the caller removes it.
public func makeTemporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "stomptap-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}
