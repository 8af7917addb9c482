import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPClient

/// Which inbox a message goes to, which reader gets it, and when the socket is not read.
@Suite struct InboxesTests {
    private typealias Next = Inbox<String>.Next

    private func message(_ body: String, of subscription: String? = nil) throws -> Message {
        var decoder = FrameDecoder(version: .v12)
        let header = subscription.map { "subscription:\($0)\n" } ?? ""
        decoder.feed(ByteBuffer(string: "MESSAGE\n\(header)\n\(body)\0"))
        guard case .frame(let frame)? = try decoder.next() else { throw CancellationError() }
        return Message(frame: frame, receivedAt: Timestamp(nanoseconds: 0))
    }

    private func received(_ messages: [(subscription: String?, body: String)]) throws -> ReceivedMessages {
        var received = ReceivedMessages()
        for (subscription, body) in messages { received.append(try message(body), of: subscription) }
        return received
    }

    private func bodies(_ messages: [Message]) -> [String] { messages.map { String(buffer: $0.body) } }

    private func words(_ next: Next) -> String {
        switch next {
        case .batch(let batch): bodies(batch.messages).joined(separator: " ")
        case .wait: "wait"
        case .end(.success): "end"
        case .end(.failure(let error)): "\(STOMPClientTests.words(error))"
        }
    }

    @Test func messagesComeInRunsOfASubscription() throws {
        var received = try received([("a", "1"), ("a", "2"), ("b", "3"), (nil, "4"), (nil, "5"), ("a", "6")])
        #expect(received.runs.map(\.subscription) == ["a", "b", nil, "a"])
        #expect(received.runs.map(\.count) == [2, 1, 2, 1])
        #expect(received.runs.map(\.bytes).reduce(0, +) == received.messages.map(\.cost).reduce(0, +))
        received.removeAll()
        #expect(received.runs.isEmpty && received.messages.isEmpty)
    }

    /// A subscription that was ended with unread messages must not block the others.
    @Test func whatAnEndedInboxHoldsDoesNotCount() throws {
        var inboxes = Inboxes<String>(limit: 1000)
        let (left, other) = (inboxes.add(), inboxes.add())
        inboxes.route("a", to: left)
        inboxes.route("b", to: other)
        var messages = try received((1...9).map { ("a", "\($0)") })
        inboxes.place(&messages)
        #expect(inboxes.budget.endRead() == .pause)
        #expect(inboxes.unroute("a") == left)
        #expect(inboxes.finish(left, .success(())).1 == .resume)
        #expect(inboxes.budget.waiting == 0)
        // It can still be read.
        guard case .batch(let batch) = inboxes.next(of: left) else { throw CancellationError() }
        #expect(batch.messages.count == 9 && batch.bytes == 0)
        #expect(inboxes.budget.remove(batch.bytes) == .none)
        #expect(words(inboxes.next(of: left)) == "end")
    }

    @Test func eachSubscriptionHasItsInbox() throws {
        var inboxes = Inboxes<String>(limit: 1 << 20)
        let (first, second, rest) = (inboxes.add(), inboxes.add(), inboxes.add())
        inboxes.route("a", to: first)
        inboxes.route("b", to: second)
        inboxes.route("c", to: first)
        var messages = try received([("a", "1"), ("b", "2"), ("c", "3"), (nil, "4"), ("d", "5")])
        inboxes.place(&messages)
        #expect(messages.runs.isEmpty)
        #expect(words(inboxes.next(of: first)) == "1 3")
        #expect(words(inboxes.next(of: first)) == "wait")
        #expect(words(inboxes.next(of: second)) == "2")
        // Messages that matched no subscription were dropped.
        inboxes.unclaimed = rest
        #expect(words(inboxes.next(of: rest)) == "wait")
        messages = try received([("a", "6"), (nil, "7"), ("d", "8")])
        inboxes.place(&messages)
        #expect(words(inboxes.next(of: first)) == "6")
        #expect(words(inboxes.next(of: rest)) == "7 8")
    }

    @Test func anInboxEndsWithItsLastSubscription() {
        var inboxes = Inboxes<String>(limit: 1 << 20)
        let (first, rest) = (inboxes.add(), inboxes.add())
        inboxes.unclaimed = rest
        inboxes.route("a", to: first)
        inboxes.route("b", to: first)
        inboxes.route("c", to: rest)
        #expect(inboxes.unroute("x") == nil)
        #expect(inboxes.unroute("a") == nil)
        #expect(inboxes.unroute("b") == first)
        #expect(inboxes.unroute("b") == nil)
        // The inbox for unclaimed messages exists as long as the session.
        #expect(inboxes.unroute("c") == nil)
    }

    @Test func aWaitingReaderGetsAWholeReadAtOnce() throws {
        var inboxes = Inboxes<String>(limit: 1 << 20)
        let (first, second) = (inboxes.add(), inboxes.add())
        inboxes.route("a", to: first)
        inboxes.route("b", to: second)
        #expect(inboxes.wait(for: first, "reader") == nil)
        var messages = try received([("a", "1"), ("b", "2"), ("a", "3")])
        inboxes.place(&messages)
        var delivered: [String] = []
        _ = inboxes.deliver { reader, batch in delivered.append("\(reader): \(bodies(batch))") }
        #expect(delivered == [#"reader: ["1", "3"]"#])
        _ = inboxes.deliver { reader, _ in delivered.append(reader) }
        #expect(delivered.count == 1)
        // Messages without a waiting reader stay in the inbox.
        #expect(inboxes.budget.waiting == (try message("2")).cost)
        #expect(words(inboxes.next(of: second)) == "2")
    }

    @Test func anInboxHasOneReader() {
        var inboxes = Inboxes<String>(limit: 1 << 20)
        let inbox = inboxes.add()
        #expect(inboxes.removeReader(of: inbox) == nil)
        #expect(inboxes.wait(for: inbox, "first") == nil)
        #expect(inboxes.wait(for: inbox, "second") == "second")
        #expect(inboxes.removeReader(of: inbox) == "first")
        #expect(inboxes.removeReader(of: inbox) == nil)
        #expect(inboxes.wait(for: inbox, "third") == nil)
    }

    @Test func whatIsThereIsReadBeforeTheEnd() throws {
        var inboxes = Inboxes<String>(limit: 1 << 20)
        let (first, second) = (inboxes.add(), inboxes.add())
        inboxes.route("a", to: first)
        var messages = try received([("a", "1")])
        inboxes.place(&messages)
        #expect(inboxes.wait(for: second, "reader") == nil)
        #expect(inboxes.finishAll(.failure(.ended)) == ["reader"])
        #expect(words(inboxes.next(of: first)) == "1")
        #expect(words(inboxes.next(of: first)) == "ended")
        #expect(words(inboxes.next(of: first)) == "ended")
        #expect(words(inboxes.next(of: second)) == "ended")
        // Only the first end counts.
        #expect(inboxes.finish(first, .success(())).reader == nil)
        #expect(words(inboxes.next(of: first)) == "ended")
    }

    @Test func endsWithoutAFault() {
        var inboxes = Inboxes<String>(limit: 1 << 20)
        let inbox = inboxes.add()
        #expect(inboxes.wait(for: inbox, "reader") == nil)
        #expect(inboxes.finish(inbox, .success(())).reader == "reader")
        #expect(words(inboxes.next(of: inbox)) == "end")
        #expect(inboxes.finishAll(.failure(.ended)).isEmpty)
    }

    @Test func whatIsDeliveredMayResumeReading() throws {
        let cost = try message("1").cost
        var inboxes = Inboxes<String>(limit: cost)
        let inbox = inboxes.add()
        inboxes.route("a", to: inbox)
        var messages = try received([("a", "1"), ("a", "2")])
        inboxes.place(&messages)
        #expect(inboxes.budget.endRead() == .pause)
        #expect(inboxes.wait(for: inbox, "reader") == nil)
        #expect(inboxes.deliver { _, _ in } == .resume)
        #expect(inboxes.budget.waiting == 0)
    }

    // MARK: Strays

    @Test func messagesWithoutASubscriptionAreCounted() throws {
        var inboxes = Inboxes<String>(limit: 100)
        let inbox = inboxes.add()
        inboxes.route("a", to: inbox)
        var messages = try received([("a", "1"), (nil, "2"), (nil, "3")])
        inboxes.place(&messages)
        #expect(inboxes.strays.count == 2)
        #expect(inboxes.strays.takeNews().map { String(buffer: $0.body) } == "2")
        #expect(inboxes.strays.takeNews() == nil)
        messages = try received([(nil, "4")])
        inboxes.place(&messages)
        #expect(inboxes.strays.count == 3)
        #expect(inboxes.strays.takeNews() == nil)
    }

    @Test func whoTakesTheUnclaimedHasNoStrays() throws {
        var inboxes = Inboxes<String>(limit: 100)
        inboxes.unclaimed = inboxes.add()
        var messages = try received([(nil, "1")])
        inboxes.place(&messages)
        #expect(inboxes.strays.count == 0)
    }

    /// Messages that were already under way when their subscription ended need no warning.
    @Test func theMessagesOfAnEndedSubscriptionAreNoStrays() throws {
        var inboxes = Inboxes<String>(limit: 100)
        inboxes.route("a", to: inboxes.add())
        _ = inboxes.unroute("a")
        var messages = ReceivedMessages()
        messages.append(try message("1", of: "a"), of: nil)
        inboxes.place(&messages)
        #expect(inboxes.strays.count == 0)
        messages = ReceivedMessages()
        messages.append(try message("1", of: "b"), of: nil)
        inboxes.place(&messages)
        #expect(inboxes.strays.count == 1)
    }
}

/// At most 100 bytes may wait.
@Suite struct ReadingBudgetTests {
    @Test func readingStopsAboveTheLimit() {
        var budget = ReadingBudget(limit: 100)
        budget.add(100)
        #expect(budget.endRead() == .none)
        budget.add(1)
        // Not in the middle of a read: its data has already arrived.
        #expect(budget.isReading)
        #expect(budget.endRead() == .pause)
        #expect(!budget.isReading)
        #expect(budget.endRead() == .none)
    }

    @Test func readingGoesOnAtHalfOfIt() {
        var budget = ReadingBudget(limit: 100)
        budget.add(151)
        #expect(budget.endRead() == .pause)
        #expect(budget.remove(100) == .none)
        #expect(budget.remove(1) == .resume)
        #expect(budget.isReading)
        #expect(budget.remove(50) == .none)
        #expect(budget.waiting == 0)
    }

    @Test func aReaderThatKeepsUpIsNeverStopped() {
        var budget = ReadingBudget(limit: 100)
        for _ in 0..<10 {
            budget.add(1000)
            #expect(budget.remove(1000) == .none)
            #expect(budget.endRead() == .none)
        }
    }

    @Test func leavingReadsOn() {
        var budget = ReadingBudget(limit: 100)
        #expect(budget.resume() == .none)
        budget.add(500)
        #expect(budget.endRead() == .pause)
        #expect(budget.resume() == .resume)
        #expect(budget.resume() == .none)
    }
}
