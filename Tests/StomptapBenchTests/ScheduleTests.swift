import Testing

@testable import StomptapBench

struct ScheduleTests {
    private let second: Int64 = 1_000_000_000

    @Test func aRateIsEvenlySpread() {
        let schedule = Schedule(rate: 1000)
        #expect((0..<4).map { schedule.due($0) } == [0, 1_000_000, 2_000_000, 3_000_000])
        #expect(schedule.due(3_600_000) == 3600 * second)
    }

    @Test func publishersTakeTurns() {
        let schedules = (0..<2).map { Schedule(rate: 1000, publisher: $0, publishers: 2) }
        #expect(
            schedules.map { schedule in (0..<3).map { schedule.due($0) } } == [
                [0, 2_000_000, 4_000_000], [1_000_000, 3_000_000, 5_000_000],
            ])
    }

    /// A quarter of the ramp's messages is due in its first half. In the whole ramp, half as many are due as
    /// without one.
    @Test func theRateRisesOverARamp() {
        let schedule = Schedule(rate: 100, ramp: 10 * second)
        #expect(schedule.due(0) == 0)
        #expect(schedule.due(125) == 5 * second)
        #expect(schedule.due(500) == 10 * second)
        #expect(schedule.due(501) == 10 * second + 10_000_000)
        let dues = (0..<1000).map { schedule.due($0) }
        #expect(zip(dues, dues.dropFirst()).allSatisfy(<))
    }

    /// All steps that `pacer` sends when it is called at these times, and its last step for each time.
    private func run(_ pacer: inout Pacer, at times: [Int64]) -> (sent: [Pacer.Step], ends: [Pacer.Step]) {
        var sent: [Pacer.Step] = []
        var ends: [Pacer.Step] = []
        for time in times {
            var step = pacer.next(at: time)
            while case .send = step, sent.count < 100 {
                sent.append(step)
                step = pacer.next(at: time)
            }
            ends.append(step)
        }
        return (sent, ends)
    }

    @Test func nothingIsSentBeforeItIsDueAndNothingIsLeftOut() {
        var pacer = Pacer(schedule: Schedule(rate: 10), duration: second)
        // The second call is late, like that of a publisher whose server stalled.
        let (sent, ends) = run(&pacer, at: [0, 350_000_000, 2 * second])
        #expect(sent == (0..<10).map { .send(.measured, due: Int64($0) * 100_000_000) })
        #expect(ends == [.wait(until: 100_000_000), .wait(until: 400_000_000), .done])
    }

    @Test func whatIsDueInTheWarmUpDoesNotCount() {
        var pacer = Pacer(schedule: Schedule(rate: 10), warmUp: 200_000_000, messages: 2)
        let (sent, ends) = run(&pacer, at: [second])
        #expect(
            sent == [
                .send(.warmUp, due: 0), .send(.warmUp, due: 100_000_000), .send(.measured, due: 200_000_000),
                .send(.measured, due: 300_000_000),
            ])
        #expect(ends == [.done])
        #expect(pacer.measured == 2)
    }

    @Test func withoutARateAllIsDueNow() {
        var pacer = Pacer(schedule: nil, messages: 3)
        #expect(
            run(&pacer, at: [5]).sent == [.send(.measured, due: 5), .send(.measured, due: 5), .send(.measured, due: 5)])
        var timed = Pacer(schedule: nil, warmUp: 10, duration: 10)
        #expect(
            [9, 10, 19, 20].map { timed.next(at: $0) } == [
                .send(.warmUp, due: 9), .send(.measured, due: 10), .send(.measured, due: 19), .done,
            ])
    }

    @Test func allPublishersTogetherSendWhatWasAsked() {
        var plan = BenchPlan(destinations: ["/topic/a"], body: .init())
        plan.publishers = 3
        plan.messages = 10
        #expect((0..<3).map { plan.pacer(of: $0).messages } == [4, 3, 3])
    }

    @Test func connectionsBeyondTheSubscribersHaveOneDestinationEach() {
        var plan = BenchPlan(destinations: ["/topic/a", "/topic/b"], body: .init())
        plan.subscribers = 1
        plan.connections = 3
        #expect((0..<4).map { plan.destinations(ofSubscriber: $0) } == [[0, 1], [0], [1], [0]])
    }

    @Test func namesShowWhoGetsAMessage() {
        let names = ["/topic/a", "/queue/a", "/amq/queue/a", "queue/a", "/exchange/queue/a"]
        #expect(names.map { BenchPlan.Delivery(destination: $0) } == [.each, .one, .one, .one, .each])
    }
}
