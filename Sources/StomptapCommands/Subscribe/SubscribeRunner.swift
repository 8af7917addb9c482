import NIOCore
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// Prints the messages of subscriptions, until the limit is reached, the time is up, or the task is cancelled.
struct SubscribeRunner: Sendable {
    struct Plan: Sendable {
        var destinations: [String]
        var id: String?
        /// How messages are acknowledged; nil depends on the destination.
        var ack: AckMode?
        /// How many messages may be sent ahead; nil is the default of ``AckPolicy``.
        var prefetch: Int?
        /// Whether messages of queues are only shown and stay in the queue.
        var peeks = false
        var headers: HeaderList
        /// Stop after this many messages.
        var count: Int?
        var timeout: TimeAmount?
        var idleTimeout: TimeAmount?
        var readyFile: String?
        /// Print only messages whose body matches; others are not counted.
        var grep: BodyPattern?
        /// Stop at the first printed message whose body matches; if none does, the command fails.
        var expect: BodyPattern?
        /// Answer messages whose body matches with NACK.
        var nackMatch: BodyPattern?
        /// The command to run after each message is printed; if it fails, the message is not acknowledged.
        var exec: MessageCommand?
        /// Whether to explain why no messages come, if none has come within ``QuietHint/timeout``.
        var explainsSilence = false
        /// Whether to report how many messages came after the last one that was wanted.
        var countsPassedOver = false
    }

    /// Why the run ended.
    private enum Ending: Sendable {
        case enough, expected, timeIsUp, silence, readerIsGone
        /// All queues were read to their end.
        case atEnd
    }

    /// The tasks that run concurrently on a connection.
    private enum Step: Sendable {
        case printed(Ending?), done
    }

    /// The progress over all connections.
    private struct Progress: Sendable {
        var messages = 0
        var bytes = 0
        /// Messages that were received and not processed.
        var passedOver = 0
        /// Messages from queues that were acknowledged.
        var acknowledged = 0
        /// Whether queues are read in a mode other than `auto`.
        var readsQueue = false
        /// Whether destinations named like queues turned out not to be queues on this server.
        var hasNoQueues = false
        /// Whether the server has confirmed all subscriptions of this connection.
        var isConfirmed = false
        var lastMessage = NIODeadline.now()
        /// The frame that was incomplete when the time was up.
        var unfinished: UnfinishedFrame?
        /// Messages that matched no subscription of this client.
        var strays = 0
        /// Whether the last message was printed.
        var isOver = false
        /// Whether a command is running; this time does not count as silence.
        var isBusy = false
    }

    private let reconnection: Reconnection
    private let plan: Plan
    private let printer: MessagePrinter
    /// Writes the printed messages to the record as well.
    private let recorder: MessagePrinter?
    private let start = NIODeadline.now()
    private let progress = Shared(Progress())
    private let current = Shared<STOMPConnection?>(nil)
    private let session = SessionWatch()

    init(reconnection: Reconnection, plan: Plan, printer: MessagePrinter, recorder: MessagePrinter?) {
        self.reconnection = session.watching(reconnection)
        self.plan = plan
        self.printer = printer
        self.recorder = recorder
    }

    /// - Throws: ``Failure``, or `STOMPClientError` if the session ended unexpectedly.
    func run() async throws {
        // A file of an earlier run would signal too early that this run is ready.
        if let file = plan.readyFile { OutputFile.removeReadyFile(file) }
        let ending = try await firstEnding()
        let messages = progress.value.messages
        if let expect = plan.expect, let ending, ending != .expected {
            throw Failure(
                .failed,
                "STOMP: no match for \(expect.description.debugDescription) in \(counted(messages))\(hint)")
        }
        switch ending {
        case nil:
            Diagnostics.note(summary)
            throw CancellationError()
        case .timeIsUp, .silence:
            guard let count = plan.count, messages < count else {
                if let unfinished = progress.value.unfinished { Diagnostics.warn("STOMP: \(unfinished.sentence)") }
                return
            }
            throw Failure(.timedOut, "STOMP: timed out: received \(messages) of \(count) messages\(hint)")
        case .enough, .expected:
            if let passedOver {
                Diagnostics.warn(passedOver)
            } else if plan.countsPassedOver, progress.value.passedOver > 0 {
                Diagnostics.note("\(counted(progress.value.passedOver)) received but not printed")
            }
        case .atEnd: return
        case .readerIsGone:
            guard progress.value.readsQueue else { return }
            Diagnostics.note(
                "\(counted(progress.value.acknowledged)) acknowledged; all others stay in the queue")
        }
    }

    /// The first reason to end the run; nil if the task was cancelled.
    private func firstEnding() async throws -> Ending? {
        try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask {
                try await reconnection.sessions { connection in try await tail(connection) }
            }
            group.addTask { await StandardOutput.readerIsGone() ? .readerIsGone : nil }
            if let timeout = plan.timeout {
                group.addTask {
                    try await Task.sleep(nanoseconds: UInt64(timeout.nanoseconds))
                    return .timeIsUp
                }
            }
            if let idleTimeout = plan.idleTimeout {
                group.addTask { try await silence(of: idleTimeout) }
            }
            defer { group.cancelAll() }
            do {
                while let ending = try await group.next() {
                    guard let ending else { continue }
                    // While the session is being closed, a timeout has no effect.
                    if progress.value.isOver, ending == .timeIsUp || ending == .silence { continue }
                    // Read before the session is closed.
                    await rememberWhatCame()
                    let absence = ending == .timeIsUp || ending == .silence ? session.absence(account) : nil
                    // Waits until the connection is closed.
                    group.cancelAll()
                    while (try? await group.next()) != nil {}
                    if let absence { throw absence }
                    return ending
                }
            } catch is CancellationError {}
            return nil
        }
    }

    /// Stores what was received and not printed.
    private func rememberWhatCame() async {
        guard let connection = current.value else { return }
        let (unfinished, strays) = (await connection.unfinishedFrame, await connection.strayMessages)
        progress.update {
            $0.unfinished = unfinished
            $0.strays = strays
        }
    }

    // MARK: One connection

    private func tail(_ connection: STOMPConnection) async throws -> Ending? {
        self.current.update { $0 = connection }
        guard plan.nackMatch == nil || connection.handshake.version > .v10 else {
            throw Failure(.usage, "STOMP: --nack-match: the server uses STOMP 1.0, which has no NACK")
        }
        let messages = await connection.makeMessageSequence()
        let acknowledger = Acknowledger(connection: connection)
        let ending: Ending?
        do {
            try await subscribe(by: acknowledger, into: messages, of: connection.handshake)
            ending = try await withThrowingTaskGroup(of: Step.self) { group in
                group.addTask { .printed(try await print(messages, acknowledger)) }
                group.addTask { try await announce(await acknowledger.subscriptions, of: connection) }
                group.addTask {
                    try await acknowledger.keepAwake()
                    return .done
                }
                if plan.explainsSilence { group.addTask { try await explainSilence(of: connection) } }
                defer { group.cancelAll() }
                while let step = try await group.next() {
                    if case .printed(let ending) = step { return ending }
                }
                return nil
            }
        } catch {
            await acknowledger.leave()
            throw error
        }
        await acknowledger.leave()
        // Messages that came until the end of the session.
        if ending != nil {
            var rest = messages.batches.makeAsyncIterator()
            while let batch = try? await rest.next() { progress.update { $0.passedOver += batch.count } }
        }
        return ending
    }

    private var purpose: AckPolicy.Purpose {
        plan.peeks ? .peek : isSearch ? .search : .consume
    }

    private var isSearch: Bool { plan.grep != nil || plan.expect != nil }

    private func subscribe(
        by acknowledger: Acknowledger, into messages: MessageSequence, of handshake: Handshake
    ) async throws {
        for destination in plan.destinations {
            let policy = AckPolicy(
                to: destination, headers: plan.headers, ack: plan.ack, purpose: purpose, prefetch: plan.prefetch,
                wanted: plan.count.map { $0 - progress.value.messages }, handshake: handshake)
            _ = try await acknowledger.subscribe(
                to: destination, id: plan.id, headers: plan.headers, policy: policy, into: messages)
            if policy.isAnsweredQueue { progress.update { $0.readsQueue = true } }
            if policy.isQueue, policy.mode == .client, isSearch, !plan.peeks {
                Diagnostics.note(
                    "STOMP: with 'ack:client' an ACK covers all earlier messages, so --grep and --expect acknowledge nothing; all messages stay in \(destination)"
                )
            }
        }
    }

    private func print(
        _ messages: MessageSequence, _ acknowledger: Acknowledger
    ) async throws -> Ending? {
        let answers = await acknowledger.answersAny
        for try await batch in messages.batches {
            let batch = answers ? await acknowledger.withoutEnds(batch) : batch
            progress.update { $0.passedOver += batch.count }
            // With a command, messages are printed one by one, so that each is followed by the command's output.
            for batch in plan.exec == nil ? [batch] : batch.map({ [$0] }) {
                let selection = try await select(from: batch)
                let (printed, seen) = (selection.printed, selection.seen)
                if let recorder, try await !recorder.print(printed[...]) {
                    throw Failure(.writeFailed, "--record: the reader has closed the file")
                }
                guard try await printer.print(printed[...]) else { return .readerIsGone }
                progress.update {
                    $0.messages += printed.count
                    $0.passedOver -= seen.count
                    $0.bytes += printed.reduce(0) { $0 + $1.frame.bodySize }
                    $0.lastMessage = .now()
                }
                var mayAcknowledge = true
                for message in printed where try await !execute(for: message, acknowledger) { mayAcknowledge = false }
                if answers { try await answer(selection, mayAcknowledge: mayAcknowledge, by: acknowledger) }
                if let ending = selection.ending {
                    progress.update { $0.isOver = true }
                    return ending
                }
            }
            if answers, await acknowledger.isAtEnd { return .atEnd }
        }
        return nil
    }

    private func answer(
        _ selection: Selection, mayAcknowledge: Bool, by acknowledger: Acknowledger
    ) async throws {
        let acknowledged = try await acknowledger.answer(
            selection.seen, mayAcknowledge: mayAcknowledge, wanted: selection.wanted, refused: selection.refused)
        // The messages of Spring's simple broker show that it has no queues.
        let readsQueue = await acknowledger.readsQueue
        progress.update {
            $0.acknowledged += acknowledged
            if $0.readsQueue, !readsQueue { $0.hasNoQueues = true }
            $0.readsQueue = readsQueue
        }
    }

    /// Runs the command, if there is one; false if it failed.
    private func execute(for message: Message, _ acknowledger: Acknowledger) async throws -> Bool {
        guard let exec = plan.exec else { return true }
        progress.update { $0.isBusy = true }
        defer {
            progress.update {
                $0.isBusy = false
                $0.lastMessage = .now()
            }
        }
        guard let fault = try await exec.run(for: message) else { return true }
        let id = message.headers["message-id"].map { " for message \($0)" } ?? ""
        let fate = await acknowledger.answers(message) ? ", which is not acknowledged" : ""
        Diagnostics.warn("--exec: the command \(fault)\(id)\(fate)")
        return false
    }

    /// The messages of a batch to print, and those that were processed.
    private struct Selection: Sendable {
        var printed: [Message] = []
        /// All messages of the batch, or those up to the message that ends the run.
        var seen: ArraySlice<Message>
        /// For each of them, whether it matched both `--grep` and `--expect`; nil without these options.
        var wanted: [Bool]?
        /// For each of them, whether it matched `--nack-match`; nil without this option.
        var refused: [Bool]?
        var ending: Ending?
    }

    /// - Throws: `CancellationError`, at once even if a pattern never ends.
    private func select(from batch: [Message]) async throws -> Selection {
        let wanted = plan.count.map { $0 - progress.value.messages } ?? .max
        let patterns = [plan.grep, plan.expect, plan.nackMatch].compactMap { $0 }
        guard patterns.isEmpty else {
            // The whole batch at once, because the search switches to another thread.
            return try await BodyPattern.search { [plan] in Self.search(batch, wanted, plan) }
        }
        let taken = batch.prefix(wanted)
        return Selection(printed: Array(taken), seen: taken, ending: taken.count == wanted ? .enough : nil)
    }

    private static func search(_ batch: [Message], _ count: Int, _ plan: Plan) -> Selection {
        var selection = Selection(seen: batch[...])
        var wanted: [Bool] = []
        for (index, message) in batch.enumerated() {
            let isPrinted = plan.grep?.matches(message.frame) ?? true
            let isExpected = isPrinted && plan.expect?.matches(message.frame) ?? false
            wanted.append(isPrinted && (plan.expect == nil || isExpected))
            guard isPrinted else { continue }
            selection.printed.append(message)
            guard isExpected || selection.printed.count == count else { continue }
            selection.seen = batch[...index]
            selection.ending = isExpected ? .expected : .enough
            break
        }
        if plan.grep != nil || plan.expect != nil { selection.wanted = wanted }
        selection.refused = plan.nackMatch.map { pattern in selection.seen.map { pattern.matches($0.frame) } }
        return selection
    }

    /// Waits until all subscriptions are active, then creates the ready file.
    private func announce(_ subscriptions: [Subscription], of connection: STOMPConnection) async throws -> Step {
        progress.update { $0.isConfirmed = false }
        for subscription in subscriptions {
            if try await connection.confirmation(of: subscription) == .unconfirmed {
                connection.warnUnconfirmed(subscription.destination)
            }
        }
        progress.update { $0.isConfirmed = subscriptions.allSatisfy(\.isConfirmed) }
        if let file = plan.readyFile { try OutputFile.makeReadyFile(file) }
        return .done
    }

    private func explainSilence(of connection: STOMPConnection) async throws -> Step {
        try await Task.sleep(nanoseconds: UInt64(QuietHint.timeout.nanoseconds))
        if let unfinished = await connection.unfinishedFrame {
            Diagnostics.note("STOMP: \(unfinished.sentence)")
        } else if progress.value.messages == 0, let hint = await quietHint(connection) {
            Diagnostics.note(hint.line)
        }
        return .done
    }

    private func quietHint(_ connection: STOMPConnection) async -> QuietHint? {
        await QuietHint(
            destinations: plan.destinations, isConfirmed: progress.value.isConfirmed,
            hasSelector: plan.headers.contains("selector"), connection: connection)
    }

    private func silence(of amount: TimeAmount) async throws -> Ending {
        while true {
            let progress = progress.value
            let left = progress.isBusy ? amount : progress.lastMessage + amount - .now()
            guard left > .nanoseconds(0) else {
                // Before DISCONNECT: its answer would count as the last frame received.
                let fails = plan.count != nil || plan.expect != nil
                if progress.messages == 0, !fails, session.absence() == nil, let connection = current.value,
                    let hint = await quietHint(connection)
                {
                    Diagnostics.note(hint.line)
                }
                return .silence
            }
            try await Task.sleep(nanoseconds: UInt64(left.nanoseconds))
        }
    }

    // MARK: Summary

    private var account: String? {
        let messages = progress.value.messages
        if let count = plan.count { return "received \(messages) of \(count) messages" }
        return messages == 0 ? nil : "received \(counted(messages))"
    }

    private var hint: String {
        if let unfinished = progress.value.unfinished { return "; \(unfinished.sentence)" }
        guard progress.value.messages == 0, progress.value.strays == 0 else { return "" }
        let names = plan.destinations.joined(separator: " ")
        return "; check that messages are sent to \(names), and that the name is correct"
    }

    /// A warning about lost messages, if the server gives each message to one subscriber and then deletes it.
    private var passedOver: String? {
        let count = progress.value.passedOver
        // By default a queue's messages are acknowledged, but a destination may be a queue without being recognized
        // as one.
        guard count > 0, !progress.value.readsQueue, !progress.value.hasNoQueues,
            plan.ack ?? .auto == .auto, !plan.destinations.allSatisfy({ $0.hasPrefix("/topic/") })
        else { return nil }
        return
            "at least \(counted(count)) received but not printed, and not kept if this is a queue; use --ack client-individual"
    }

    private func counted(_ messages: Int) -> String { messages == 1 ? "1 message" : "\(messages) messages" }

    private var summary: String {
        let progress = progress.value
        return
            "\(counted(progress.messages)), \(ByteCount.readable(progress.bytes)), in \((NIODeadline.now() - start).readable)"
    }
}
