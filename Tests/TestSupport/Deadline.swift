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

/// Waits until a count has come to a stop, and gives where: readings of a whole second are the same.
///
/// - Parameter least: what it passes before that, so that what has not yet begun does not count as stopped.
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
