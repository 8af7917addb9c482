import STOMPCore
import Testing

@testable import STOMPBroker

@Suite struct TransactionTests {
    var exchange = MessageRouter()

    init() throws {
        try exchange.subscribe("/topic/a", id: "t", from: 1)
        try exchange.subscribe("/queue/a", id: "q", ack: .client, from: sender)
        try exchange.perform("BEGIN\ntransaction:tx\n\n", from: sender)
    }

    @Test mutating func nothingHappensBeforeCommitAndThenAllOfIt() throws {
        try exchange.send("1", "2", to: "/topic/a", transaction: "tx")
        #expect(exchange.actions() == [])
        try exchange.send("outside", to: "/topic/a")
        #expect(exchange.actions() == ["1 t 1-1 outside"])
        try exchange.perform("COMMIT\ntransaction:tx\n\n", from: sender)
        #expect(exchange.actions() == ["1 t 1-2 1", "1 t 1-3 2"])
        #expect(exchange.held == 0)
        #expect(try summary { try exchange.perform("COMMIT\ntransaction:tx\n\n", from: sender) } == .unknownTransaction)
    }

    @Test mutating func abortForgetsAllOfIt() throws {
        try exchange.send("1", to: "/topic/a", transaction: "tx")
        try exchange.perform("ABORT\ntransaction:tx\n\n", from: sender)
        #expect(exchange.actions() == [])
        #expect(exchange.held == 0)
        #expect(try summary { try exchange.send("2", to: "/topic/a", transaction: "tx") } == .unknownTransaction)
    }

    @Test mutating func leavingAborts() throws {
        try exchange.send("1", to: "/topic/a", transaction: "tx")
        #expect(exchange.held > 0)
        exchange.leave(sender)
        #expect(exchange.actions() == [])
        #expect(exchange.held == 0)
    }

    @Test mutating func anAckInsideCountsFromCommitOn() throws {
        try exchange.send("1", "2", to: "/queue/a")
        #expect(exchange.actions() == ["9 q 2-1 1", "9 q 2-2 2"])
        try exchange.perform("ACK\nid:2-1\ntransaction:tx\n\n", from: sender)
        var aborted = exchange
        try aborted.perform("ABORT\ntransaction:tx\n\n", from: sender)
        aborted.leave(sender)
        try aborted.subscribe("/queue/a", id: "r", from: 2)
        #expect(aborted.actions() == ["2 r 3-1 1 again", "2 r 3-2 2 again"])

        try exchange.perform("COMMIT\ntransaction:tx\n\n", from: sender)
        exchange.leave(sender)
        try exchange.subscribe("/queue/a", id: "r", from: 2)
        #expect(exchange.actions() == ["2 r 3-1 2 again"])
    }

    @Test mutating func aNackInsideCountsFromCommitOn() throws {
        try exchange.send("1", to: "/queue/a")
        _ = exchange.actions()
        try exchange.perform("NACK\nid:2-1\ntransaction:tx\n\n", from: sender)
        #expect(exchange.actions() == [])
        try exchange.perform("COMMIT\ntransaction:tx\n\n", from: sender)
        #expect(exchange.actions() == ["9 q 2-2 1 again"])
    }

    @Test mutating func anAckOfAnUnknownMessageIsRefusedAtOnce() throws {
        let ack = "ACK\nid:2-1\ntransaction:tx\n\n"
        #expect(try summary { try exchange.perform(ack, from: sender) } == .unknownMessage)
    }

    @Test mutating func aCommitThatFailsHasDoneNothing() throws {
        try exchange.send("1", to: "/queue/a")
        _ = exchange.actions()
        try exchange.send("never", to: "/topic/a", transaction: "tx")
        try exchange.perform("ACK\nid:2-1\ntransaction:tx\n\n", from: sender)
        try exchange.perform("ACK\nid:2-1\n\n", from: sender)
        #expect(try summary { try exchange.perform("COMMIT\ntransaction:tx\n\n", from: sender) } == .unknownMessage)
        #expect(exchange.actions() == [])
        exchange.leave(sender)
        #expect(exchange.held == 0)
    }

    @Test mutating func transactionsHaveNamesOfTheirOwnOnEachConnection() throws {
        #expect(try summary { try exchange.perform("BEGIN\ntransaction:tx\n\n", from: sender) } == .duplicateID)
        try exchange.perform("BEGIN\ntransaction:tx\n\n", from: 1)
        for command in ["COMMIT", "ABORT"] {
            let text = "\(command)\ntransaction:other\n\n"
            #expect(try summary { try exchange.perform(text, from: sender) } == .unknownTransaction)
        }
    }

    @Test mutating func thereIsALimitOfTransactionsAndOfTheirFrames() throws {
        var limits = BrokerLimits()
        limits.transactions = 2
        limits.transactionFrames = 3
        exchange = MessageRouter(limits: limits)
        try exchange.perform("BEGIN\ntransaction:a\n\n", from: sender)
        try exchange.perform("BEGIN\ntransaction:b\n\n", from: sender)
        #expect(try summary { try exchange.perform("BEGIN\ntransaction:c\n\n", from: sender) } == .limitExceeded)
        try exchange.send("1", "2", to: "/topic/a", transaction: "a")
        try exchange.send("3", to: "/topic/a", transaction: "b")
        #expect(try summary { try exchange.send("4", to: "/topic/a", transaction: "b") } == .limitExceeded)
        try exchange.perform("ABORT\ntransaction:a\n\n", from: sender)
        try exchange.send("4", to: "/topic/a", transaction: "b")
    }

    @Test mutating func whatWaitsInTransactionsCountsAsKept() throws {
        var limits = BrokerLimits()
        limits.heldBytes = 1000
        exchange = MessageRouter(limits: limits)
        try exchange.perform("BEGIN\ntransaction:a\n\n", from: sender)
        let large = String(repeating: "x", count: 1000)
        #expect(try summary { try exchange.send(large, to: "/topic/a", transaction: "a") } == .limitExceeded)
        #expect(exchange.held == 0)
    }
}
