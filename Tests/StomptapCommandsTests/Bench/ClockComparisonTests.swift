import Testing

@testable import StomptapCommands

struct ClockComparisonTests {
    /// Their clock is 1000 ahead, and each way takes 50.
    @Test func theWayThereAndBackIsTakenOut() {
        let result = ClockComparison.compare(asked: 5000, came: 6050, left: 6070, told: 5120, run: "a")
        #expect(result == .init(run: "a", offset: 1000, uncertainty: 50, exchanges: 1))
    }

    @Test func timesThatCannotBeAreNoComparison() {
        #expect(ClockComparison.compare(asked: 10, came: 5, left: 100, told: 20, run: "a") == nil)
        #expect(ClockComparison.compare(asked: 0, came: .min, left: .max, told: 0, run: "a") == nil)
    }

    @Test(arguments: [
        ("/topic/bench", "/topic/bench.clock"), ("/queue/bench", "/topic/bench.clock"), ("/app/a", "/app/a.clock"),
    ])
    func itHasADestinationOfItsOwn(name: String, destination: String) {
        #expect(ClockComparison.destination(for: name) == destination)
    }
}
