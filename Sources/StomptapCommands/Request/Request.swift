import NIOCore
import STOMPClient
import STOMPCore

/// A message, and the replies that are waited for.
struct Request: Sendable {
    var message: OutgoingMessage
    /// Where the replies come.
    var reply: String
    var replyHeaders: HeaderList
    /// What a reply's body must match to count.
    var expect: BodyPattern?
    /// How many replies are waited for.
    var count: Int
    /// How long, from when the message has gone.
    var timeout: TimeAmount
    var printer: MessagePrinter

    /// What has come so far.
    private struct Progress: Sendable {
        var replies = 0
        var unmatched = 0
    }

    /// Asks, and prints what comes back.
    ///
    /// - Throws: ``Failure``, or `STOMPClientError`.
    func run(on connection: STOMPConnection) async throws {
        let progress = Shared(Progress())
        let acknowledger = Acknowledger(connection: connection)
        // Only the replies that are printed are taken out of a queue.
        let policy = AckPolicy(
            to: reply, headers: replyHeaders, purpose: expect == nil ? .consume : .search, wanted: count,
            handshake: connection.handshake)
        let subscription = try await acknowledger.subscribe(to: reply, headers: replyHeaders, policy: policy)
        do {
            if try await connection.standing(of: subscription) == .unconfirmed {
                connection.warnUnconfirmed(reply)
            }
            try await connection.send(message)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await print(subscription.messages, progress, acknowledger)
                    return true
                }
                group.addTask {
                    try await acknowledger.keepAwake()
                    return false
                }
                group.addTask {
                    try await Task.sleep(nanoseconds: UInt64(timeout.nanoseconds))
                    throw failure(progress.value)
                }
                defer { group.cancelAll() }
                while let isDone = try await group.next(), !isDone {}
            }
        } catch {
            await acknowledger.leave()
            throw error
        }
        await acknowledger.leave()
    }

    private func print(
        _ messages: MessageSequence, _ progress: Shared<Progress>, _ acknowledger: Acknowledger
    ) async throws {
        for try await batch in messages.batches {
            let wanted = count - progress.value.replies
            var replies: [Message] = []
            let seen = batch.prefix { message in
                guard replies.count < wanted else { return false }
                if expect?.matches(message.frame) ?? true { replies.append(message) }
                return true
            }
            guard try await printer.print(replies[...]) else { return }
            try await acknowledger.answer(seen) { [expect] in expect?.matches($0.frame) ?? true }
            progress.update { [replies] in
                $0.replies += replies.count
                $0.unmatched += seen.count - replies.count
            }
            if progress.value.replies == count { return }
        }
    }

    private func failure(_ progress: Progress) -> Failure {
        let time = timeout.readable
        if let expect, progress.replies == 0, progress.unmatched > 0 {
            let pattern = expect.description.debugDescription
            let came = progress.unmatched == 1 ? "1 reply that does" : "\(progress.unmatched) replies that do"
            return Failure(.failed, "STOMP: \(came) not match \(pattern) came on \(reply) within \(time)")
        }
        let came = progress.replies == 0 ? "no reply" : "\(progress.replies) of \(count) replies"
        return Failure(
            .timedOut,
            "STOMP: \(came) came on \(reply) within \(time); does the server answer \(message.destination) there?")
    }
}
