import Testing

@testable import StomptapBench

struct TimelineTests {
    private let second: Int64 = 1_000_000_000

    @Test func ratesAreThoseOfEachInterval() {
        var timeline = Timeline()
        #expect(!timeline.isDue(at: second - 1))
        #expect(timeline.isDue(at: second))
        timeline.add(time: second, sent: 100, received: 90)
        timeline.add(time: 3 * second, sent: 300, received: 310)
        #expect(timeline.intervals.map(\.sentPerSecond) == [100, 100])
        #expect(timeline.intervals.map(\.receivedPerSecond) == [90, 110])
    }

    @Test(arguments: [Int64(900_000_000), 1_000_000_000, 1_050_000_000])
    func aShortRestBelongsToTheIntervalBefore(_ end: Int64) {
        var timeline = Timeline()
        timeline.add(time: second, sent: 100, received: 60)
        timeline.finish(time: end, sent: 105, received: 105)
        #expect(
            timeline.intervals == [Timeline.Interval(start: 0, length: max(end, second), sent: 105, received: 105)])
    }

    @Test func aLongRestIsAnIntervalOfItsOwn() {
        var timeline = Timeline()
        timeline.add(time: second, sent: 100, received: 90)
        timeline.finish(time: second + second / 2, sent: 150, received: 150)
        #expect(timeline.intervals.map(\.length) == [second, second / 2])
        #expect(timeline.intervals.map(\.received) == [90, 60])
    }

    @Test func aLongRunHasFewIntervalsAndLosesNothing() {
        var timeline = Timeline()
        let seconds = 10 * Timeline.mostIntervals
        for time in 1...seconds where timeline.isDue(at: Int64(time) * second) {
            timeline.add(time: Int64(time) * second, sent: 10 * time, received: 9 * time)
        }
        #expect(timeline.intervals.count <= Timeline.mostIntervals)
        let end = timeline.intervals.last.map { $0.start + $0.length } ?? 0
        #expect(timeline.intervals.reduce(0) { $0 + $1.sent } == Int(end / second) * 10)
        #expect(timeline.intervals.reduce(0) { $0 + $1.length } == end)
        #expect(Int(end / second) > seconds - Int(timeline.step / second))
    }

    @Test func condensedItSaysTheSame() {
        var timeline = Timeline()
        for time in 1...10 { timeline.add(time: Int64(time) * second, sent: time, received: 2 * time) }
        let condensed = timeline.condensed(to: 4)
        #expect(condensed.map(\.length) == [3 * second, 3 * second, 3 * second, second])
        #expect(condensed.map(\.received) == [6, 6, 6, 2])
        #expect(timeline.condensed(to: 10) == timeline.intervals)
    }
}
