import NIOCore
import Testing

@testable import StomptapRuntime

struct BodyPatternTests {
    @Test(arguments: [
        (#""up":\s*true"#, #"{"up": true}"#, true), ("^ok$", "ok", true), ("^ok$", "not ok", false),
        ("(?m)^ok$", "no\nok", true), ("안녕", "민지: 안녕하세요", true), ("", "", true), ("x", "", false),
    ])
    func aBodyIsSearched(pattern: String, body: String, matches: Bool) throws {
        #expect(try BodyPattern(pattern).matches(ByteBuffer(string: body)) == matches)
    }

    @Test func bytesThatAreNoTextAreSearchedToo() throws {
        #expect(try BodyPattern("end$").matches(ByteBuffer(bytes: [0xFF, 0xFE] + Array("end".utf8))))
    }

    /// Long enough that a match takes seconds, but not forever: it cannot be stopped.
    private static let hostile = ByteBuffer(string: String(repeating: "a", count: 26) + "b")
    private static let backtracking = "(a+)+$"

    /// Matching runs on its own thread, not on event loops or in tasks.
    @Test func aSearchIsLeftBehindWhenItsTaskIsCancelled() async throws {
        let pattern = try BodyPattern(Self.backtracking)
        let (hasBegun, hasEnded) = (Shared(false), Shared(false))
        let search = Task {
            try await BodyPattern.search {
                hasBegun.update { $0 = true }
                _ = pattern.matches(Self.hostile)
                hasEnded.update { $0 = true }
            }
        }
        while !hasBegun.value { await Task.yield() }
        search.cancel()
        await #expect(throws: CancellationError.self) { try await search.value }
        #expect(!hasEnded.value)
        // Another search does not wait for the first, which is still running.
        #expect(try await pattern.firstMatch(in: ["b", "a"].map { ByteBuffer(string: $0) }) == 1)
    }

    @Test func searchesFindWhatMatchesFirst() async throws {
        let pattern = try BodyPattern("^b")
        let bodies = ["a", "b1", "b2"].map { ByteBuffer(string: $0) }
        #expect(try await pattern.firstMatch(in: bodies) == 1)
        #expect(try await pattern.firstMatch(in: [bodies[0]]) == nil)
        #expect(try await pattern.firstMatch(in: []) == nil)
        let found = await withCheckedContinuation { continuation in
            BodyPattern.search {
                bodies.map { pattern.matches($0) }
            } then: {
                continuation.resume(returning: $0)
            }
        }
        #expect(found == [false, true, true] && !pattern.isSlow)
    }

    @Test(arguments: ["(", "a{2,1}", "[a", "*"])
    func aWrongExpressionIsNamed(pattern: String) {
        let error = #expect(throws: InvalidValue.self) { try BodyPattern(pattern) }
        #expect(error?.description.hasPrefix("invalid regular expression \(pattern.debugDescription): ") == true)
    }
}
