import STOMPCore
import Testing

@testable import STOMPBroker

@Suite struct AcknowledgementTests {
    var exchange = MessageRouter()

    // MARK: Queues

    @Test mutating func inAutoModeAMessageIsGoneWhenItWasSent() throws {
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        try exchange.send("1", to: "/queue/a")
        #expect(exchange.actions() == ["1 x 1-1 1"])
        exchange.leave(1)
        try exchange.subscribe("/queue/a", id: "y", from: 2)
        #expect(exchange.actions() == [])
        #expect(try summary { try exchange.perform("ACK\nid:2-1\n\n", from: 2) } == .unknownMessage)
    }

    @Test mutating func inClientModeAnAckCountsForAllBeforeIt() throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .client, from: 1)
        try exchange.send("1", "2", "3", to: "/queue/a")
        _ = exchange.actions()
        try exchange.perform("ACK\nid:1-2\n\n", from: 1)
        #expect(try summary { try exchange.perform("ACK\nid:1-1\n\n", from: 1) } == .unknownMessage)
        exchange.leave(1)
        try exchange.subscribe("/queue/a", id: "y", from: 2)
        #expect(exchange.actions() == ["2 y 2-1 3 again"])
        #expect(exchange.held == 0)
    }

    @Test mutating func inClientIndividualModeAnAckCountsForItsMessageAlone() throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .clientIndividual, from: 1)
        try exchange.send("1", "2", "3", to: "/queue/a")
        _ = exchange.actions()
        try exchange.perform("ACK\nid:1-2\n\n", from: 1)
        exchange.leave(1)
        try exchange.subscribe("/queue/a", id: "y", from: 2)
        #expect(exchange.actions() == ["2 y 2-1 1 again", "2 y 2-2 3 again"])
        #expect(exchange.held == 0)
    }

    @Test mutating func aNackGivesAMessageBackToTheHeadOfItsQueue() throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .clientIndividual, from: 1)
        try exchange.send("1", "2", to: "/queue/a")
        #expect(exchange.actions() == ["1 x 1-1 1", "1 x 1-2 2"])
        exchange.pause(1)
        try exchange.send("3", to: "/queue/a")
        try exchange.perform("NACK\nid:1-1\n\n", from: 1)
        exchange.resume(1)
        #expect(exchange.actions() == ["1 x 1-3 1 again", "1 x 1-4 3"])
    }

    @Test mutating func inClientModeANackCountsForAllBeforeIt() throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .client, from: 1)
        try exchange.send("1", "2", "3", to: "/queue/a")
        _ = exchange.actions()
        try exchange.subscribe("/queue/a", id: "y", from: 2)
        exchange.pause(1)
        try exchange.perform("NACK\nid:1-2\n\n", from: 1)
        #expect(exchange.actions() == ["2 y 2-1 1 again", "2 y 2-2 2 again"])
    }

    @Test mutating func unsubscribingGivesBackWhatIsUnacknowledged() throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .client, from: 1)
        try exchange.send("1", "2", to: "/queue/a")
        _ = exchange.actions()
        try exchange.perform("UNSUBSCRIBE\nid:x\n\n", from: 1)
        #expect(try summary { try exchange.perform("ACK\nid:1-1\n\n", from: 1) } == .unknownMessage)
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        #expect(exchange.actions() == ["1 x 2-1 1 again", "1 x 2-2 2 again"])
    }

    @Test mutating func messagesReturnedBySeveralReceiversKeepTheirOrder() throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .client, from: 1)
        try exchange.subscribe("/queue/a", id: "y", ack: .client, from: 2)
        try exchange.send("1", "2", "3", "4", to: "/queue/a")
        #expect(exchange.actions() == ["1 x 1-1 1", "2 y 2-1 2", "1 x 1-2 3", "2 y 2-2 4"])
        exchange.pause(2)
        exchange.leave(1)
        try exchange.send("5", to: "/queue/a")
        exchange.leave(2)
        try exchange.subscribe("/queue/a", id: "z", from: 3)
        #expect(
            exchange.actions() == [
                "3 z 3-1 1 again", "3 z 3-2 2 again", "3 z 3-3 3 again", "3 z 3-4 4 again", "3 z 3-5 5",
            ])
    }

    @Test mutating func aReceiverGetsNoMoreUntilItAcknowledges() throws {
        var limits = BrokerLimits()
        limits.unacknowledged = 2
        exchange = MessageRouter(limits: limits)
        try exchange.subscribe("/queue/a", id: "x", ack: .client, from: 1)
        try exchange.send("1", "2", "3", "4", "5", to: "/queue/a")
        #expect(exchange.actions() == ["1 x 1-1 1", "1 x 1-2 2"])
        try exchange.perform("ACK\nid:1-1\n\n", from: 1)
        #expect(exchange.actions() == ["1 x 1-3 3"])
        try exchange.perform("ACK\nid:1-3\n\n", from: 1)
        #expect(exchange.actions() == ["1 x 1-4 4", "1 x 1-5 5"])
    }

    // MARK: Topics

    @Test mutating func aTopicOnlyChecksAcknowledgements() throws {
        try exchange.subscribe("/topic/a", id: "x", ack: .client, from: 1)
        try exchange.send("1", "2", "3", to: "/topic/a")
        #expect(exchange.actions().count == 3)
        try exchange.perform("ACK\nid:1-2\n\n", from: 1)
        #expect(try summary { try exchange.perform("ACK\nid:1-1\n\n", from: 1) } == .unknownMessage)
        try exchange.perform("NACK\nid:1-3\n\n", from: 1)
        #expect(try summary { try exchange.perform("ACK\nid:1-4\n\n", from: 1) } == .unknownMessage)
        #expect(exchange.actions() == [])
        #expect(exchange.held == 0)
    }

    // MARK: Errors

    @Test(arguments: ["1-0", "1-2", "1--1", "2-1", "1", "-", "1-1-1", "x-y", "999999999999999999999-1"])
    mutating func anUnknownMessageIsAnError(_ id: String) throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .clientIndividual, from: 1)
        try exchange.send("1", to: "/queue/a")
        _ = exchange.actions()
        #expect(try summary { try exchange.perform("ACK\nid:\(id)\n\n", from: 1) } == .unknownMessage)
        #expect(try summary { try exchange.perform("NACK\nid:\(id)\n\n", from: 1) } == .unknownMessage)
    }

    @Test mutating func oneConnectionCannotAcknowledgeForAnother() throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .client, from: 1)
        try exchange.send("1", to: "/queue/a")
        _ = exchange.actions()
        #expect(try summary { try exchange.perform("ACK\nid:1-1\n\n", from: 2) } == .unknownMessage)
    }

    @Test mutating func version11NamesSubscriptionAndMessage() throws {
        try exchange.subscribe("/queue/a", id: "x", ack: .client, from: 1)
        try exchange.subscribe("/queue/b", id: "y", ack: .client, from: 1)
        try exchange.send("1", to: "/queue/a")
        _ = exchange.actions()
        let wrong = "ACK\nsubscription:y\nmessage-id:1-1\n\n"
        #expect(try summary { try exchange.perform(wrong, from: 1, .v11) } == .unknownSubscription)
        #expect(try summary { try exchange.perform("ACK\nmessage-id:1-1\n\n", from: 1, .v11) } == .missingHeader)
        try exchange.perform("ACK\nsubscription:x\nmessage-id:1-1\n\n", from: 1, .v11)
        #expect(exchange.held == 0)
    }

    @Test mutating func version10NamesTheMessageAlone() throws {
        try exchange.perform("SUBSCRIBE\ndestination:/queue/a\nack:client\n\n", from: 1, .v10)
        try exchange.send("1", to: "/queue/a")
        #expect(exchange.actions() == ["1 - 1-1 1"])
        try exchange.perform("ACK\nmessage-id:1-1\n\n", from: 1, .v10)
        #expect(exchange.held == 0)
    }
}
