import Testing

@testable import StomptapBench

struct SequenceTrackerTests {
    private func ledger(_ sequences: [UInt64]) -> SequenceTracker {
        var ledger = SequenceTracker()
        for sequence in sequences { _ = ledger.record(sequence) }
        return ledger
    }

    @Test func allInOrder() {
        let ledger = ledger(Array(0..<1000))
        #expect(ledger.received == 1000)
        #expect(ledger.duplicated == 0)
        #expect(ledger.lost(of: 1000) == 0)
        #expect(ledger.lost(of: 1003) == 3)
    }

    @Test func whatIsMissingInBetweenIsLost() {
        let ledger = ledger([2, 3, 7])
        #expect(ledger.received == 3)
        #expect(ledger.lost(of: 8) == 5)
        #expect(ledger.lost(of: 10) == 7)
        #expect(ledger.lost(of: 5) == 3)
    }

    @Test func whatComesAgainIsDuplicatedAndNotMissing() {
        var ledger = ledger([0, 1, 1, 0, 3, 3])
        #expect(ledger.duplicated == 3)
        #expect(ledger.received == 3)
        #expect(ledger.lost(of: 4) == 1)
        // The first message that fills the gap is late, and the second is a duplicate.
        let times = [ledger.record(2), ledger.record(2)]
        #expect(times == [true, false])
        #expect(ledger.lost(of: 4) == 0)
    }

    @Test func gapsAreFilledFromAnySide() {
        var ledger = ledger([9])
        let late = [4, 0, 8, 3, 5, 1, 7, 2, 6].map { ledger.record($0) }
        #expect(late.allSatisfy { $0 })
        let again = (0..<10).map { ledger.record($0) }
        #expect(!again.contains(true))
        #expect(ledger.lost(of: 10) == 0)
        #expect(ledger.isExact)
    }

    @Test func aShuffledStreamIsExactToTheMessage() {
        var generator = SystemRandomNumberGenerator()
        let all = (0..<5000).map { UInt64($0) }
        let dropped = Set(all.shuffled(using: &generator).prefix(100))
        let repeated = all.filter { !dropped.contains($0) }.shuffled(using: &generator).prefix(250)
        let arrived = (all.filter { !dropped.contains($0) } + repeated).shuffled(using: &generator)
        let ledger = ledger(arrived)
        #expect(ledger.received == 4900)
        #expect(ledger.duplicated == 250)
        #expect(ledger.lost(of: 5000) == 100)
        #expect(ledger.isExact)
    }

    @Test func ofTooManyGapsTheOldestAreGivenUpAndStillCounted() {
        let count = UInt64(SequenceTracker.mostGaps + 10)
        let ledger = ledger((0..<count).map { 2 * $0 + 1 })
        #expect(!ledger.isExact)
        #expect(ledger.lost(of: 2 * count) == count)
    }

    /// More streams do not get more memory for gaps.
    @Test func manyStreamsShareTheGaps() {
        var arrivals = Arrivals()
        var order = ArrivalOrder()
        for destination: UInt16 in 0..<10_000 { _ = arrivals.record(stamp(0, destination: destination), order: &order) }
        for sequence: UInt64 in 1...110 { _ = arrivals.record(stamp(2 * sequence), order: &order) }
        #expect(!arrivals.isExact)
        #expect(arrivals.lost(of: StreamKey(stamp(0)), sent: 221) == 110)
    }

    private func stamp(_ sequence: UInt64, publisher: UInt16 = 0, destination: UInt16 = 0) -> Stamp {
        Stamp(run: 1, publisher: publisher, destination: destination, kind: .measured, sequence: sequence, due: 0)
    }

    @Test func swappedMessagesAreOutOfOrderAndLateOnesToo() {
        var arrivals = Arrivals()
        var order = ArrivalOrder()
        for sequence: UInt64 in [0, 2, 1, 3, 3, 1, 5, 4] { _ = arrivals.record(stamp(sequence), order: &order) }
        // These are 1 and 4; a repeated message only counts as a duplicate.
        #expect(arrivals.outOfOrder == 2)
        #expect(arrivals.duplicated == 2)
        #expect(arrivals.lost(of: StreamKey(stamp(0)), sent: 6) == 0)
    }

    @Test func streamsAreCountedByThemselves() {
        var arrivals = Arrivals()
        var order = ArrivalOrder()
        for sequence: UInt64 in 0..<3 {
            for publisher: UInt16 in 0..<2 {
                for destination: UInt16 in 0..<2 where publisher + destination < 2 {
                    let isFresh = arrivals.record(
                        stamp(sequence, publisher: publisher, destination: destination), order: &order)
                    #expect(isFresh == true)
                }
            }
        }
        #expect(arrivals.outOfOrder == 0)
        #expect(arrivals.lost(of: StreamKey(run: 1, publisher: 1, destination: 0), sent: 4) == 1)
        #expect(arrivals.lost(of: StreamKey(run: 1, publisher: 1, destination: 1), sent: 4) == 4)
    }

    /// The subscribers of a queue share one account: each sees gaps, and together they have all messages.
    @Test func subscribersOfAQueueHaveAllTogether() {
        var plan = BenchPlan(destinations: ["/queue/a"], body: .init())
        plan.subscribers = 2
        plan.delivery = .one
        let census = DeliveryStats(plan: plan, subscribers: 2)
        var orders = [ArrivalOrder(), ArrivalOrder()]
        for sequence: UInt64 in [0, 1, 3, 2, 5, 4] {
            let subscriber = Int(sequence % 2)
            census.arrivals(of: subscriber).update {
                _ = $0.record(stamp(sequence), order: &orders[subscriber])
            }
        }
        let sent = [StreamKey(stamp(0)): UInt64(7)]
        #expect(census.expected(of: sent) == 7)
        let figures = census.figures(of: sent)
        #expect(figures.lost == 1)
        #expect(figures.outOfOrder == 0)
        #expect(figures.duplicated == 0)
    }

    @Test func messagesThatGoToDestinationsInTurnAreAllExpected() {
        var plan = BenchPlan(destinations: ["/topic/a", "/topic/b", "/topic/c"], body: .init())
        plan.subscribers = 2
        plan.connections = 1
        // The connection subscribes to the first destination, which gets the fourth message.
        #expect(DeliveryStats(plan: plan, subscribers: 3).expected(ofAll: 10) == 10 + 10 + 4)
        #expect(DeliveryStats(plan: plan, subscribers: 3).expected(ofAll: .max) == .max)
        plan.delivery = .one
        #expect(DeliveryStats(plan: plan, subscribers: 3).expected(ofAll: 10) == 10)
    }

    @Test func everySubscriberOfATopicIsToHaveAll() {
        var plan = BenchPlan(destinations: ["/topic/a", "/topic/b"], body: .init())
        plan.subscribers = 1
        plan.connections = 3
        let census = DeliveryStats(plan: plan, subscribers: 4)
        let sent = [StreamKey(stamp(0)): UInt64(10), StreamKey(stamp(0, destination: 1)): UInt64(5)]
        // The subscriber has both destinations; two of the connections have the first one, and one has the second.
        #expect(census.expected(of: sent) == 15 + 2 * 10 + 5)
        #expect(census.figures(of: sent).lost == 40)
        var order = ArrivalOrder()
        for sequence: UInt64 in 0..<5 {
            census.arrivals(of: 2).update { _ = $0.record(stamp(sequence, destination: 1), order: &order) }
        }
        #expect(census.figures(of: sent).lost == 35)
    }
}
