import NIOCore
import Testing

@testable import STOMPClient

/// Which receipts arrived and which are overdue, at given times; the timeout is 1000 ms.
@Suite struct ReceiptTableTests {
    private func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
    }

    /// Receipts requested at time 0; the waiter of each has the receipt's name.
    private func table(_ ids: String..., held: [String] = []) -> ReceiptTable<String> {
        var table = ReceiptTable<String>(timeout: .milliseconds(1000))
        for id in ids { table.add(id, id, at: time(0)) }
        for id in held { table.add(id, id, in: "tx-\(id)", at: time(0)) }
        return table
    }

    @Test func nothingIsLateWhereNothingWasAsked() {
        var table = table()
        #expect(table.deadline == nil)
        #expect(table.expire(at: time(1 << 30)).isEmpty)
        #expect(table.arrived("a", at: time(0)) == nil)
        #expect(table.removeAll().isEmpty)
    }

    @Test func aReceiptComesOnce() {
        var table = table("a", "b")
        #expect(table.arrived("b", at: time(1)) == "b")
        #expect(table.arrived("b", at: time(1)) == nil)
        #expect(table.arrived("c", at: time(1)) == nil)
        #expect(table.arrived("a", at: time(1)) == "a")
        #expect(table.deadline == nil)
    }

    @Test func itIsLateAtTheDeadlineAndNotBefore() {
        var table = table("a")
        #expect(table.deadline == time(1000))
        #expect(table.expire(at: time(999)).isEmpty)
        #expect(table.expire(at: time(1000)) == ["a"])
        #expect(table.deadline == nil)
        // A receipt after that has no waiter.
        #expect(table.arrived("a", at: time(1001)) == nil)
        #expect(table.expire(at: time(5000)).isEmpty)
    }

    @Test func eachReceiptThatComesStartsTheClockAnew() {
        var table = table("a", "b", "c")
        _ = table.arrived("a", at: time(900))
        #expect(table.deadline == time(1900))
        #expect(table.expire(at: time(1000)).isEmpty)
        _ = table.arrived("b", at: time(1800))
        #expect(table.deadline == time(2800))
        #expect(table.expire(at: time(2800)) == ["c"])
    }

    @Test func aForeignReceiptIsNoProgress() {
        var table = table("a")
        _ = table.arrived("x", at: time(900))
        #expect(table.deadline == time(1000))
    }

    /// Another request does not extend the deadline of the first.
    @Test func anotherRequestDoesNotStartTheClockAnew() {
        var table = table("a")
        table.add("b", "b", at: time(500))
        #expect(table.deadline == time(1000))
        #expect(table.expire(at: time(1000)).sorted() == ["a", "b"])
        table.add("c", "c", at: time(3000))
        #expect(table.deadline == time(4000))
    }

    @Test func theTimeOfAHeldReceiptDoesNotRun() {
        var table = table(held: ["t"])
        #expect(table.deadline == nil)
        #expect(table.expire(at: time(1 << 30)).isEmpty)
        table.release("tx-t", at: time(5000))
        #expect(table.deadline == time(6000))
        #expect(table.expire(at: time(6000)) == ["t"])
    }

    @Test func aHeldReceiptOutlivesTheOthers() {
        var table = table("a", held: ["t"])
        #expect(table.deadline == time(1000))
        #expect(table.expire(at: time(1000)) == ["a"])
        #expect(table.deadline == nil)
        // The next one starts the timer, although a held one is in the table.
        table.add("b", "b", at: time(3000))
        #expect(table.deadline == time(4000))
        #expect(table.arrived("t", at: time(3500)) == "t")
        #expect(table.deadline == time(4500))
    }

    @Test func aHeldReceiptMayComeBeforeItsTimeBegins() {
        var table = table(held: ["t", "u"])
        #expect(table.arrived("t", at: time(10)) == "t")
        #expect(table.deadline == nil)
        table.release("tx-u", at: time(20))
        #expect(table.deadline == time(1020))
    }

    /// The end of one transaction does not start the timer of another.
    @Test func eachTransactionHoldsItsOwn() {
        var table = table(held: ["t", "u"])
        table.release("tx-u", at: time(100))
        #expect(table.deadline == time(1100))
        #expect(table.expire(at: time(1100)) == ["u"])
        #expect(table.deadline == nil)
        table.release("tx-t", at: time(2000))
        #expect(table.deadline == time(3000))
    }

    /// A receipt that could not be read is not overdue.
    @Test func theClockStartsAnewAfterAPauseOfReading() {
        var table = table("a", held: ["t"])
        table.restart(at: time(5000))
        #expect(table.expire(at: time(5999)).isEmpty)
        #expect(table.expire(at: time(6000)) == ["a"])
    }

    @Test func releasingNothingLeavesTheClock() {
        var table = table("a")
        table.release("tx-a", at: time(900))
        #expect(table.deadline == time(1000))
    }

    @Test func theEndOfTheSessionFailsAll() {
        var table = table("a", "b", held: ["t"])
        #expect(table.removeAll().sorted() == ["a", "b", "t"])
        #expect(table.deadline == nil)
        #expect(table.removeAll().isEmpty)
    }
}

@Suite struct PendingPingsTests {
    private func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    @Test func aPongAnswersAllPingsBeforeItsOwn() {
        var pings = PendingPings<Int>()
        for (number, payload) in ["a", "b", "a", "c"].enumerated() { _ = pings.add(bytes(payload), number) }
        #expect(pings.pong(bytes("x")).isEmpty)
        #expect(pings.pong(bytes("b")) == [0, 1])
        #expect(pings.pong(bytes("b")).isEmpty)
        #expect(pings.removeAll() == [2, 3])
        #expect(pings.pong(bytes("c")).isEmpty)
    }

    @Test func ofEqualPingsTheLastCounts() {
        var pings = PendingPings<Int>()
        for number in 0..<3 { _ = pings.add(bytes(""), number) }
        #expect(pings.pong(bytes("")) == [0, 1, 2])
    }

    @Test func aPingThatIsGivenUpIsForgotten() {
        var pings = PendingPings<Int>()
        let first = pings.add(bytes("a"), 1)
        _ = pings.add(bytes("a"), 2)
        pings.remove(first)
        pings.remove(first)
        #expect(pings.pong(bytes("a")) == [2])
    }
}
