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
        let subscription = try await connection.subscribe(to: reply, headers: replyHeaders)
        do {
            if try await connection.standing(of: subscription) == .unconfirmed {
                connection.warnUnconfirmed(reply)
            }
            try await connection.send(message)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await print(subscription.messages, progress) }
                group.addTask {
                    try await Task.sleep(nanoseconds: UInt64(timeout.nanoseconds))
                    throw failure(progress.value)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch {
            await connection.sayGoodbye(leaving: [subscription])
            throw error
        }
        await connection.sayGoodbye(leaving: [subscription])
    }

    private func print(_ messages: MessageSequence, _ progress: Shared<Progress>) async throws {
        for try await batch in messages.batches {
            let replies = batch.filter { expect?.matches($0.frame) ?? true }
            let taken = replies.prefix(count - progress.value.replies)
            guard try await printer.print(taken) else { return }
            progress.update {
                $0.replies += taken.count
                $0.unmatched += batch.count - replies.count
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
