import NIOCore
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// A message to send, and the replies to wait for.
struct Request: Sendable {
    var message: OutgoingMessage
    /// The destination of the replies.
    var reply: String
    var replyHeaders: HeaderList
    /// The pattern that a reply's body must match to count.
    var expect: BodyPattern?
    /// The number of replies to wait for.
    var count: Int
    /// How long to wait, counted from when the message was sent.
    var timeout: TimeAmount
    /// Whether the same limit also applies to connecting and sending.
    var limitsConnecting: Bool
    var printer: MessagePrinter
    /// Whether to explain why no messages come, if none has come within ``QuietHint/timeout``.
    var explainsSilence = false

    /// What has been received so far.
    private struct Progress: Sendable {
        var connection: STOMPConnection?
        var replies = 0
        var unmatched = 0
        /// Messages that matched no subscription of this client.
        var strays = 0
    }

    /// Sends the request, and prints the replies. After a reconnection it sends the request again.
    ///
    /// - Throws: ``Failure``, or `STOMPClientError`.
    func run(_ reconnection: Reconnection) async throws {
        let session = SessionWatch()
        let progress = Shared(Progress())
        let end = Shared<NIODeadline?>(limitsConnecting ? .now() + timeout : nil)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await session.watching(reconnection).sessions { connection in
                    progress.update { $0 = Progress(connection: connection) }
                    try await run(on: connection, progress, until: end)
                }
                return true
            }
            group.addTask {
                while true {
                    // There may be no deadline yet, or it may have been moved to a later time.
                    let left = end.value.map { $0 - .now() } ?? timeout
                    guard left > .zero else { return false }
                    try await Task.sleep(nanoseconds: UInt64(left.nanoseconds))
                }
            }
            defer { group.cancelAll() }
            guard try await group.next() == false else { return }
            // Read before the session is closed.
            let unfinished = await progress.value.connection?.unfinishedFrame
            let strays = await progress.value.connection?.strayMessages ?? 0
            progress.update { $0.strays = strays }
            let failure = session.absence() ?? failure(progress.value, unfinished)
            group.cancelAll()
            // Waits until the connection is closed.
            _ = try? await group.next()
            throw failure
        }
    }

    /// - Parameter end: the deadline. There is none between CONNECTED and the sending of the message, nor after all
    ///   replies have come.
    private func run(
        on connection: STOMPConnection, _ progress: Shared<Progress>, until end: Shared<NIODeadline?>
    ) async throws {
        let acknowledger = Acknowledger(connection: connection)
        let isImplicit = isImplicit(on: connection)
        // Only the replies that are printed are removed from a queue.
        let policy = AckPolicy(
            to: reply, headers: replyHeaders, purpose: expect == nil ? .consume : .search, wanted: count,
            handshake: connection.handshake)
        let subscription =
            isImplicit
            ? nil : try await acknowledger.subscribe(to: reply, headers: replyHeaders, policy: policy)
        let messages =
            if let subscription { subscription.messages } else {
                await connection.makeMessageSequence(includesUnclaimed: true)
            }
        let limit = end.value
        end.update { $0 = nil }
        do {
            if let subscription, try await connection.confirmation(of: subscription) == .unconfirmed {
                connection.warnUnconfirmed(reply)
            }
            try await connection.send(isImplicit ? message.asking(for: reply) : message)
            end.update { $0 = .now() + timeout }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await print(messages, isImplicit: isImplicit, progress, acknowledger)
                    return true
                }
                group.addTask {
                    try await acknowledger.keepAwake()
                    return false
                }
                if explainsSilence {
                    group.addTask {
                        try await explainSilence(of: connection, subscription, progress)
                        return false
                    }
                }
                defer { group.cancelAll() }
                while let isDone = try await group.next(), !isDone {}
            }
            end.update { $0 = .distantFuture }
        } catch {
            end.update { $0 = $0 ?? limit }
            await acknowledger.leave()
            throw error
        }
        await acknowledger.leave()
    }

    private func explainSilence(
        of connection: STOMPConnection, _ subscription: Subscription?, _ progress: Shared<Progress>
    ) async throws {
        try await Task.sleep(nanoseconds: UInt64(QuietHint.timeout.nanoseconds))
        guard progress.value.replies + progress.value.unmatched == 0 else { return }
        let hint = await QuietHint(
            destinations: [reply], isConfirmed: subscription?.isConfirmed ?? false,
            hasSelector: replyHeaders.contains("selector"),
            sent: QuietHint.Sent(to: message.destination, headers: message.headers), connection: connection)
        if let hint { Diagnostics.note(hint.line) }
    }

    /// Whether the server subscribes to the reply destination by itself. RabbitMQ does so for a temporary queue in
    /// `reply-to`, and rejects SUBSCRIBE for it.
    private func isImplicit(on connection: STOMPConnection) -> Bool {
        reply.hasPrefix("/temp-queue/") && connection.handshake.isRabbitMQ
    }

    private func print(
        _ messages: MessageSequence, isImplicit: Bool, _ progress: Shared<Progress>, _ acknowledger: Acknowledger
    ) async throws {
        for try await batch in messages.batches {
            // The subscription's id is the destination.
            let batch = isImplicit ? batch.filter { $0.headers.has("subscription", reply) } : batch
            let wanted = count - progress.value.replies
            let matches = try await matches(in: batch, wanted)
            let seen = batch.prefix(matches.count)
            let replies = zip(seen, matches).filter(\.1).map(\.0)
            guard try await printer.print(replies[...]) else { return }
            try await acknowledger.answer(seen, wanted: matches)
            progress.update {
                $0.replies += replies.count
                $0.unmatched += seen.count - replies.count
            }
            if progress.value.replies == count { return }
        }
    }

    /// For each message of a batch whether it is a reply, up to the last reply that is wanted.
    ///
    /// - Throws: `CancellationError`, at once even if the pattern never ends.
    private func matches(in batch: [Message], _ wanted: Int) async throws -> [Bool] {
        guard let expect else { return Array(repeating: true, count: min(batch.count, max(0, wanted))) }
        return try await BodyPattern.search {
            var (matches, replies): ([Bool], Int) = ([], 0)
            for message in batch where replies < wanted {
                matches.append(expect.matches(message.frame))
                if matches.last == true { replies += 1 }
            }
            return matches
        }
    }

    private func failure(_ progress: Progress, _ unfinished: UnfinishedFrame?) -> Failure {
        let time = timeout.readable
        if let expect, progress.replies == 0, progress.unmatched > 0 {
            let pattern = expect.description.debugDescription
            let replies = progress.unmatched == 1 ? "1 reply" : "\(progress.unmatched) replies"
            return Failure(.failed, "STOMP: no match for \(pattern) in \(replies) on \(reply) within \(time)")
        }
        let replies = progress.replies == 0 ? "no reply" : "received \(progress.replies) of \(count) replies"
        return Failure(
            .timedOut,
            "STOMP: \(replies) on \(reply) within \(time); "
                + (unfinished?.sentence ?? account(of: progress.strays)))
    }

    private func account(of strays: Int) -> String {
        strays == 0
            ? "check that the server replies to \(message.destination) there"
            : "received \(strays == 1 ? "1 message" : "\(strays) messages") for other subscriptions"
    }
}

extension OutgoingMessage {
    /// The message with a `reply-to`, unless it already has one.
    fileprivate func asking(for reply: String) -> OutgoingMessage {
        guard !headers.contains("reply-to") else { return self }
        var message = self
        message.headers.append("reply-to", reply)
        return message
    }
}
