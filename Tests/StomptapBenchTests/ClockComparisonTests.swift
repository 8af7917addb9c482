import Testing

@testable import StomptapBench

struct ClockComparisonTests {
    /// The publisher's clock is 1000 ahead, and each direction takes 50.
    @Test func theWayThereAndBackIsTakenOut() {
        let result = ClockComparison.compare(asked: 5000, came: 6050, left: 6070, told: 5120, run: "a")
        #expect(result == .init(run: "a", offset: 1000, uncertainty: 50, exchanges: 1))
    }

    @Test func timesThatCannotBeAreNoComparison() {
        #expect(ClockComparison.compare(asked: 10, came: 5, left: 100, told: 20, run: "a") == nil)
        #expect(ClockComparison.compare(asked: 0, came: .min, left: .max, told: 0, run: "a") == nil)
    }

    /// The publisher's name is printed, so only a valid name is accepted, without terminal control sequences.
    @Test func onlyAnAnswerToTheOneWhoAskedIsOne() {
        let told = ["tell", "0000000a", "5000", "6050", "6070"]
        func comparison(_ words: [String]) -> ClockComparison.Result? {
            ClockComparison.comparison(told: words.map { $0[...] }, at: 5120, to: "0000000a")
        }
        #expect(comparison(told + ["0000beef"])?.run == "0000beef")
        #expect(comparison(told + ["\u{1B}[2J\u{1B}[H"]) == nil)
        #expect(comparison(told) == nil)
        #expect(comparison(["tell", "0000000b"] + told[2...] + ["0000beef"]) == nil)
    }

    @Test(arguments: [
        ("/topic/bench", "/topic/bench.clock"), ("/queue/bench", "/topic/bench.clock"), ("/app/a", "/app/a.clock"),
        ("/amq/queue/bench", "/topic/bench.clock"), ("queue/bench", "topic/bench.clock"),
    ])
    func itHasADestinationOfItsOwn(name: String, destination: String) {
        #expect(ClockComparison.destination(for: name) == destination)
    }
}
