import StomptapOutput
import StomptapRuntime
import Testing

@testable import StomptapBench

struct FailConditionTests {
    @Test(arguments: [
        ("p99>50ms", Metric.p99, FailCondition.Comparison.more, 50e6), ("p99.9 >= 1.5s", .p999, .atLeast, 1.5e9),
        ("p999<250us", .p999, .less, 250e3), ("rate<10000", .rate, .less, 1e4), ("rate<10k/s", .rate, .less, 1e4),
        ("lost>0", .lost, .more, 0), ("duplicated!=0", .duplicated, .unequal, 0), ("mean<=1ms", .mean, .atMost, 1e6),
        ("max == 0ms", .max, .equal, 0), ("outOfOrder>2", .outOfOrder, .more, 2),
    ])
    func areRead(text: String, metric: Metric, comparison: FailCondition.Comparison, limit: Double) throws {
        let condition = try FailCondition(text)
        #expect(condition.metric == metric)
        #expect(condition.comparison == comparison)
        #expect(condition.limit == limit)
    }

    @Test(arguments: [
        "", ">", "p99", "p99>", ">50ms", "p98>50ms", "p99>50", "p99=50ms", "lost>0ms", "rate<fast", "p99>-1ms",
        "lost>0/s",
        "lost>1e3", "P99>50ms",
    ])
    func othersAreWrongUsage(text: String) {
        #expect(throws: (any Error).self) { try FailCondition(text) }
    }

    @Test func trueConditionsAreReportedWithTheirValue() throws {
        #expect(try FailCondition("p99>50ms").complaint(about: 61.2e6) == "p99 is 61.2 ms (--fail-if 'p99>50ms')")
        #expect(try FailCondition("p99>50ms").complaint(about: 50e6) == nil)
        #expect(try FailCondition("rate<10k/s").complaint(about: 9_999) == "rate is 9,999/s (--fail-if 'rate<10k/s')")
        #expect(try FailCondition("lost>0").complaint(about: 1) == "lost is 1 (--fail-if 'lost>0')")
    }

    @Test func anUnknownValueFails() throws {
        let complaint = try #require(try FailCondition("p99>50ms").complaint(about: nil))
        #expect(complaint.contains("nothing was measured"))
    }

    @Test func allTrueConditionsAreReported() throws {
        let conditions = try [FailCondition("p99>50ms"), FailCondition("lost>0"), FailCondition("rate<1")]
        let figures: [Metric: Double] = [.p99: 60e6, .lost: 3, .rate: 5]
        let failure = #expect(throws: Failure.self) { try BenchOutputs.check(conditions) { figures[$0] } }
        #expect(failure?.status == .failed)
        #expect(failure?.line == "bench: p99 is 60.0 ms (--fail-if 'p99>50ms'); lost is 3 (--fail-if 'lost>0')")
    }

    @Test(arguments: [("500/s", 500.0), ("20k/s", 20e3), ("1.5M", 1.5e6), ("0.5/s", 0.5)])
    func ratesAreRead(text: String, rate: Double) throws {
        #expect(try RateArgument(text).perSecond == rate)
    }

    @Test(arguments: ["", "k", "/s", "0", "-1", "1e9", "fast", "nan"])
    func otherRatesAreInvalid(text: String) {
        #expect(throws: (any Error).self) { try RateArgument(text) }
    }
}
