import Testing

/// Limits how many tests run at once, over all suites that have it. Each test spawns programs; with a hundred at
/// once all would time out.
public struct SpawningTrait: TestTrait, SuiteTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        await Turns.shared.take()
        do {
            try await function()
            await Turns.shared.giveBack()
        } catch {
            await Turns.shared.giveBack()
            throw error
        }
    }
}

extension Trait where Self == SpawningTrait {
    public static var spawning: Self { SpawningTrait() }
}

private actor Turns {
    static let shared = Turns()
    private var free = 4
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func giveBack() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
