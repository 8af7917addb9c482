import NIOCore
import StomptapOutput
import Testing

@testable import StomptapBench

struct ReportTests {
    private var result: BenchResult {
        var plan = BenchPlan(destinations: ["/topic/a"], body: ByteBuffer(repeating: 0x61, count: 256))
        plan.rate = 1000
        var result = BenchResult(endpoint: "stomp://127.0.0.1:61613", transport: "TCP", plan: plan)
        result.sent = 1_234_567
        result.received = 1_234_560
        result.lost = 7
        result.sendTime = 2_000_000_000
        result.receiveTime = 2_000_000_000
        result.errors = ["connectionLost": 1]
        for latency in 1...1000 { result.latencies.record(Int64(latency) * 10_000) }
        result.connectTimes.record(Int64(1_500_000))
        result.receiptTimes.record(Int64(2_500_000))
        result.lateness.record(Int64(20_000))
        for second in 1...3 {
            result.timeline.add(time: Int64(second) * 1_000_000_000, sent: second * 1000, received: second * 900)
        }
        return result
    }

    @Test(arguments: [40, 60, 80, 200], [true, false])
    func noLineIsWiderThanTheOutput(width: Int, draws: Bool) {
        let text = BenchReport(width: width, draws: draws).text(result)
        for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
        for part in ["1,234,567", "lost", "7", "p99.9", "9.99 ms", "connectionLost", "receipt", "connect", "late"] {
            #expect(text.contains(part), "\(part) is not in \(text)")
        }
        #expect(text.contains("█") == draws)
        #expect(text.contains("#") != draws)
    }

    @Test func errorNamesAreEscaped() {
        var result = result
        result.errors = ["\u{1B}[2J\u{202E}": 1]
        let text = BenchReport(width: 80, draws: false).text(result)
        #expect(text.contains("\\x1b[2J\\u{202e}") && !text.contains("\u{1B}") && !text.contains("\u{202E}"))
    }

    @Test func barsAreAsLongAsTheirShare() {
        #expect(Bar.text(10, of: 10, cells: 8, draws: false) == "########")
        #expect(Bar.text(5, of: 10, cells: 8, draws: false) == "####")
        #expect(Bar.text(0.001, of: 10, cells: 8, draws: false) == "#")
        #expect(Bar.text(0, of: 10, cells: 8, draws: false) == "")
        #expect(Bar.text(5.5, of: 8, cells: 8, draws: true) == "█████▌")
        #expect(Bar.text(0.001, of: 8, cells: 8, draws: true) == "▏")
    }

    @Test func thePlotHasAStepForEachLatency() {
        var latencies = Latencies()
        latencies.record(15_000, count: 3)
        latencies.record(150_000, count: 1)
        let lines = LatencyPlot(width: 40, draws: false).lines(latencies)
        #expect(
            lines.map { $0.prefix(19) } == [
                "  to 20 us   75.00%", "  to 50 us    0.00%", " to 100 us    0.00%", " to 200 us   25.00%",
            ])
        #expect(LatencyPlot(width: 40, draws: false).lines(Latencies()).isEmpty)
    }

    @Test(arguments: [
        (1_234.0, "1.23 us"), (99_940, "99.9 us"), (123_456, "123 us"), (1_200_000, "1.20 ms"), (3.05e9, "3.05 s"),
        (999_600, "1.00 ms"), (0, "0.00 us"),
    ])
    func timesHaveThreeDigits(nanoseconds: Double, text: String) {
        #expect(Readable.time(nanoseconds) == text)
    }

    @Test(arguments: [(0.0, "0"), (999, "999"), (1000, "1,000"), (1_234_567.6, "1,234,568"), (-1234, "-1,234")])
    func countsHaveCommas(count: Double, text: String) {
        #expect(Readable.count(count) == text)
    }

    @Test func theLiveLineLeavesOutWhatDoesNotFit() {
        let interval = Timeline.Interval(start: 0, length: 1_000_000_000, sent: 52_113, received: 52_100)
        let state = LiveLine.State.running(
            result.plan, time: 5_000_000_000, sent: 260_000, received: 259_000, last: interval, p99: 1_200_000)
        #expect(
            LiveLine.text(state, width: 79)
                == "5.0 s [#####-----]  sent 52,113/s  received 52,100/s  p99 1.20 ms")
        #expect(LiveLine.text(state, width: 39) == "5.0 s [#####-----]  sent 52,113/s")
        #expect(LiveLine.text(state, width: 5) == "5.0 s")
    }

    @Test(arguments: [(1, "1 exchange);"), (2, "2 exchanges);")])
    func theClockComparisonIsReported(exchanges: Int, words: String) {
        var result = result
        result.plan.role = .subscribe
        result.clocks = [.init(run: "c0ffee00", offset: 2_000_000, uncertainty: 50_000, exchanges: exchanges)]
        let text = BenchReport(width: 200, draws: false).text(result)
        #expect(text.contains("c0ffee00 is 2.00 ms ahead of ours (accurate to 50.0 us, by \(words)"), "\(text)")
    }

    @Test func jsonHasWhatIsPromised() {
        let text = BenchJSON.text(result)
        for part in [
            "\"sent\": 1234567", "\"lost\": 7", "\"sentPerSecond\": 617283.5", "\"durationSeconds\": 2.000000",
            "\"errors\": {\"connectionLost\": 1}",
        ] {
            #expect(text.contains(part), "\(part) is not in \(text)")
        }
    }
}
