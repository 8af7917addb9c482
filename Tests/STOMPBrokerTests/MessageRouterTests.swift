import STOMPCore
import Testing

@testable import STOMPBroker

@Suite struct MessageRouterTests {
    var exchange = MessageRouter()

    // MARK: Topics

    @Test mutating func aTopicGivesAMessageToAllThatAreSubscribed() throws {
        try exchange.subscribe("/topic/a", id: "x", from: 1)
        try exchange.subscribe("/topic/a", id: "y", from: 2)
        try exchange.subscribe("/topic/a", id: "z", from: 1)
        try exchange.subscribe("/topic/b", id: "w", from: 1)
        try exchange.send("one", "two", to: "/topic/a")
        #expect(
            exchange.actions() == [
                "1 x 1-1 one", "2 y 2-1 one", "1 z 3-1 one", "1 x 1-2 two", "2 y 2-2 two", "1 z 3-2 two",
            ])
    }

    @Test mutating func aTopicKeepsNothing() throws {
        try exchange.send("early", to: "/topic/a")
        try exchange.subscribe("/topic/a", id: "x", from: 1)
        #expect(exchange.actions() == [])
        #expect(exchange.held == 0)
    }

    @Test mutating func everyDestinationButAQueueIsATopic() throws {
        for (index, destination) in ["/foo", "bar", "/queue", "/queues/a", "/sub/chat/room/2"].enumerated() {
            try exchange.subscribe(destination, id: "x\(index)", from: 1)
            try exchange.subscribe(destination, id: "y\(index)", from: 2)
            try exchange.send("hi", to: destination)
            #expect(exchange.actions().count == 2, "\(destination)")
        }
    }

    @Test mutating func nothingComesAfterUnsubscribe() throws {
        try exchange.subscribe("/topic/a", id: "x", from: 1)
        try exchange.subscribe("/topic/a", id: "y", from: 1)
        try exchange.perform("UNSUBSCRIBE\nid:x\n\n", from: 1)
        try exchange.send("one", to: "/topic/a")
        #expect(exchange.actions() == ["1 y 2-1 one"])
    }

    @Test mutating func nothingComesAfterLeaving() throws {
        try exchange.subscribe("/topic/a", id: "x", from: 1)
        try exchange.subscribe("/topic/a", id: "y", from: 2)
        exchange.leave(1)
        try exchange.send("one", to: "/topic/a")
        #expect(exchange.actions() == ["2 y 2-1 one"])
    }

    @Test mutating func aRouteSendsOnToAnotherDestination() throws {
        try exchange.subscribe("/topic/echo", id: "x", from: 1)
        try exchange.send("not here", to: "/app/echo")
        #expect(exchange.actions() == [])

        exchange = MessageRouter(routes: ["/app/echo": "/topic/echo"])
        try exchange.subscribe("/topic/echo", id: "x", from: 1)
        try exchange.send("here", to: "/app/echo")
        #expect(exchange.actions() == ["1 x 1-1 here"])
    }

    @Test mutating func aBrokerMayHaveTopicsOnly() throws {
        exchange = MessageRouter(.spring)
        try exchange.send("early", to: "/queue/a")
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        try exchange.subscribe("/queue/a", id: "y", from: 2)
        try exchange.send("hi", to: "/queue/a")
        #expect(exchange.actions() == ["1 x 1-1 hi", "2 y 2-1 hi"])
    }

    // MARK: Queues

    @Test mutating func aQueueGivesEachMessageToOneReceiverInTurn() throws {
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        try exchange.subscribe("/queue/a", id: "y", from: 2)
        try exchange.subscribe("/queue/a", id: "z", from: 3)
        try exchange.send("1", "2", "3", "4", to: "/queue/a")
        #expect(exchange.actions() == ["1 x 1-1 1", "2 y 2-1 2", "3 z 3-1 3", "1 x 1-2 4"])
        exchange.leave(1)
        try exchange.send("5", "6", "7", to: "/queue/a")
        #expect(exchange.actions() == ["2 y 2-2 5", "3 z 3-2 6", "2 y 2-3 7"])
        #expect(exchange.held == 0)
    }

    @Test mutating func aQueueKeepsMessagesForItsNextReceiver() throws {
        try exchange.send("1", "2", to: "/queue/a")
        #expect(exchange.actions() == [])
        #expect(exchange.held > 0)
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        #expect(exchange.actions() == ["1 x 1-1 1", "1 x 1-2 2"])
        #expect(exchange.held == 0)
    }

    @Test mutating func aPausedReceiverGetsNothingFromQueuesUntilItGoesOn() throws {
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        exchange.pause(1)
        try exchange.send("1", "2", to: "/queue/a")
        #expect(exchange.actions() == ["wait 1"])
        exchange.resume(1)
        #expect(exchange.actions() == ["1 x 1-1 1", "1 x 1-2 2"])
    }

    @Test mutating func anotherReceiverGetsTheMessagesOfAPausedOne() throws {
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        try exchange.subscribe("/queue/a", id: "y", from: 2)
        exchange.pause(1)
        try exchange.send("1", "2", to: "/queue/a")
        #expect(exchange.actions() == ["2 y 2-1 1", "2 y 2-2 2"])
        exchange.pause(2)
        try exchange.send("3", to: "/queue/a")
        #expect(exchange.actions() == ["wait 1"])
        exchange.leave(2)
        exchange.resume(1)
        #expect(exchange.actions() == ["1 x 1-1 3"])
    }

    @Test mutating func aSmallFrameDoesNotKeepTheReadThatItCameIn() throws {
        var decoder = FrameDecoder(version: .v12)
        let text = "SEND\ndestination:/queue/a\n\nhi\0"
        decoder.feed(.init(string: text + String(repeating: "\n", count: 100_000)))
        guard case .frame(let frame) = try decoder.next() else { throw NoFrame(text: text) }
        let message = Message(destination: "/queue/a", frame: frame).kept()
        #expect(message.frame == frame)
        #expect(message.frame.bytes.storageCapacity < 100)
        #expect(message.kept() === message)
    }

    // MARK: Errors

    @Test mutating func aSubscriptionIDIsUnique() throws {
        try exchange.subscribe("/topic/a", id: "x", from: 1)
        try exchange.subscribe("/topic/a", id: "x", from: 2)
        #expect(try summary { try exchange.subscribe("/topic/b", id: "x", from: 1) } == .duplicateID)
        try exchange.perform("UNSUBSCRIBE\nid:x\n\n", from: 1)
        try exchange.subscribe("/topic/b", id: "x", from: 1)
        #expect(try summary { try exchange.perform("UNSUBSCRIBE\nid:y\n\n", from: 1) } == .unknownSubscription)
        #expect(try summary { try exchange.perform("UNSUBSCRIBE\nid:x\n\n", from: 3) } == .unknownSubscription)
    }

    @Test mutating func before11ASubscriptionMayGoByItsDestination() throws {
        try exchange.perform("SUBSCRIBE\ndestination:/topic/a\n\n", from: 1, .v10)
        try exchange.perform("SUBSCRIBE\ndestination:/topic/a\nid:x\n\n", from: 1, .v10)
        try exchange.send("1", to: "/topic/a")
        #expect(exchange.actions() == ["1 - 1-1 1", "1 x 2-1 1"])
        try exchange.perform("UNSUBSCRIBE\ndestination:/topic/a\n\n", from: 1, .v10)
        try exchange.perform("UNSUBSCRIBE\nid:x\ndestination:/topic/a\n\n", from: 1, .v10)
        try exchange.send("2", to: "/topic/a")
        #expect(exchange.actions() == [])
    }

    // MARK: Limits

    @Test mutating func aConnectionHasALimitOfSubscriptions() throws {
        var limits = BrokerLimits()
        limits.subscriptions = 2
        exchange = MessageRouter(limits: limits)
        try exchange.subscribe("/topic/a", id: "x", from: 1)
        try exchange.subscribe("/queue/a", id: "y", from: 1)
        #expect(try summary { try exchange.subscribe("/topic/a", id: "z", from: 1) } == .limitExceeded)
        try exchange.subscribe("/topic/a", id: "z", from: 2)
    }

    @Test mutating func aQueueHasALimitOfMessages() throws {
        var limits = BrokerLimits()
        limits.queuedMessages = 2
        exchange = MessageRouter(limits: limits)
        try exchange.send("1", "2", to: "/queue/a")
        #expect(try summary { try exchange.send("3", to: "/queue/a") } == .limitExceeded)
        try exchange.send("1", to: "/queue/b")
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        #expect(exchange.actions() == ["1 x 1-1 1", "1 x 1-2 2"])
        try exchange.send("4", to: "/queue/a")
    }

    @Test mutating func allThatIsKeptHasALimitOfBytes() throws {
        var limits = BrokerLimits()
        let body = String(repeating: "x", count: 1000)
        limits.heldBytes = 2 * (1000 + "SEND\ndestination:/queue/a\n\n\0".utf8.count + BrokerLimits.messageOverhead)
        exchange = MessageRouter(limits: limits)
        try exchange.send(body, to: "/queue/a")
        try exchange.send(body, to: "/queue/b")
        #expect(exchange.held == limits.heldBytes)
        #expect(try summary { try exchange.send("", to: "/queue/c") } == .limitExceeded)
        try exchange.subscribe("/queue/a", id: "x", from: 1)
        #expect(exchange.actions().count == 1)
        try exchange.send(body, to: "/queue/c")
    }

    // MARK: Queues that remain after use

    @Test func aQueueThatStaysCanBeNamedOnceItWasUsed() throws {
        var exchange = MessageRouter(.rabbitMQ)
        #expect(try summary { try exchange.subscribe("/amq/queue/a", id: "x", from: 1) } == .unknownQueue)
        try exchange.send("lost", to: "/amq/queue/a")
        #expect(exchange.held == 0)
        try exchange.send("one", to: "/queue/a")
        try exchange.subscribe("/amq/queue/a", id: "x", from: 1)
        try exchange.send("two", to: "/amq/queue/a")
        #expect(exchange.actions() == ["1 x 1-1 one", "1 x 1-2 two"])
        exchange.leave(1)
        try exchange.subscribe("/amq/queue/a", id: "y", from: 2)
    }

    @Test func theNumberOfPersistentQueuesIsLimited() throws {
        var limits = BrokerLimits()
        limits.rememberedQueues = 2
        var exchange = MessageRouter(.rabbitMQ, limits: limits)
        for number in 1...9 {
            try exchange.subscribe("/queue/\(number)", id: "x", from: 1)
            try exchange.perform("UNSUBSCRIBE\nid:x\n\n", from: 1)
        }
        #expect(exchange.queues.count == 2)
    }

    @Test func withoutSuchQueuesTheNameIsATopicsLikeAnyOther() throws {
        var exchange = MessageRouter()
        try exchange.subscribe("/amq/queue/a", id: "x", from: 1)
        try exchange.send("one", to: "/amq/queue/a")
        #expect(exchange.actions() == ["1 x 1-1 one"])
    }
}
