import NIOCore
import STOMPClient
import STOMPCore

/// Prints what comes on subscriptions, until enough came, time is up, or the task is cancelled.
struct Tail: Sendable {
    struct Plan: Sendable {
        var destinations: [String]
        var id: String?
        var ack: AckMode
        var headers: HeaderList
        /// Stop after this many messages.
        var count: Int?
        var timeout: TimeAmount?
        var idleTimeout: TimeAmount?
        var readyFile: String?
        /// Say why nothing may be coming, once nothing has come for ``QuietHint/patience``.
        var explainsSilence = false
    }

    /// Why a tail ended.
    private enum Ending: Sendable {
        case enough, timeIsUp, silence, readerIsGone
    }

    /// What is done at the same time on a connection.
    private enum Step: Sendable {
        case printed(Ending?), done
    }

    /// What was printed so far, over all connections.
    private struct Progress: Sendable {
        var messages = 0
        var octets = 0
        var lastMessage = NIODeadline.now()
    }

    private let reconnection: Reconnection
    private let plan: Plan
    private let printer: MessagePrinter
    private let start = NIODeadline.now()
    private let progress = Shared(Progress())
    private let current = Shared<STOMPConnection?>(nil)

    init(reconnection: Reconnection, plan: Plan, printer: MessagePrinter) {
        self.reconnection = reconnection
        self.plan = plan
        self.printer = printer
    }

    /// - Throws: ``Failure``, or `STOMPClientError` where the session ended otherwise than by this side's will.
    func run() async throws {
        // One of an earlier run would tell too early that this one stands.
        if let file = plan.readyFile { OutputFile.remove(file) }
        let ending = try await firstEnding()
        let messages = progress.value.messages
        if ending == .silence, messages == 0, let connection = current.value {
            Diagnostics.note(await QuietHint(destinations: plan.destinations, connection: connection).line)
        }
        switch ending {
        case nil:
            Diagnostics.note(summary)
            throw CancellationError()
        case .timeIsUp, .silence:
            guard let count = plan.count, messages < count else { return }
            throw Failure(.timedOut, "STOMP: \(messages) of \(count) messages came in time\(hint)")
        case .enough, .readerIsGone:
            return
        }
    }

    /// The first of all that may end a tail; nil where the task was cancelled.
    private func firstEnding() async throws -> Ending? {
        try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask {
                try await reconnection.run { connection in try await tail(connection) }
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
                    // The goodbye of the connection is waited for.
                    group.cancelAll()
                    while (try? await group.next()) != nil {}
                    return ending
                }
            } catch is CancellationError {}
            return nil
        }
    }

    // MARK: One connection

    private func tail(_ connection: STOMPConnection) async throws -> Ending? {
        self.current.update { $0 = connection }
        let messages = await connection.makeMessageSequence()
        var subscriptions: [Subscription] = []
        let ending: Ending?
        do {
            for destination in plan.destinations {
                subscriptions.append(
                    try await connection.subscribe(
                        to: destination, id: plan.id, ack: plan.ack, headers: plan.headers, into: messages))
            }
            ending = try await withThrowingTaskGroup(of: Step.self) { [subscriptions] group in
                group.addTask { .printed(try await print(messages, of: connection)) }
                group.addTask { try await announce(subscriptions, of: connection) }
                if plan.explainsSilence { group.addTask { try await explainSilence(of: connection) } }
                defer { group.cancelAll() }
                while let step = try await group.next() {
                    if case .printed(let ending) = step { return ending }
                }
                return nil
            }
        } catch {
            await goodbye(subscriptions, of: connection)
            throw error
        }
        await goodbye(subscriptions, of: connection)
        return ending
    }

    private func print(_ messages: MessageSequence, of connection: STOMPConnection) async throws -> Ending? {
        for try await batch in messages.batches {
            let taken = batch.prefix(plan.count.map { $0 - progress.value.messages } ?? batch.count)
            guard try await printer.print(taken) else { return .readerIsGone }
            progress.update {
                $0.messages += taken.count
                $0.octets += taken.reduce(0) { $0 + $1.frame.bodySize }
                $0.lastMessage = .now()
            }
            try await acknowledge(taken, on: connection)
            if let count = plan.count, progress.value.messages >= count { return .enough }
        }
        return nil
    }

    /// Tells the server what has been printed: `client` acknowledges all before it, `client-individual` itself only.
    private func acknowledge(_ messages: ArraySlice<Message>, on connection: STOMPConnection) async throws {
        switch plan.ack {
        case .auto: return
        case .clientIndividual: try await connection.ack(Array(messages))
        case .client:
            // Cumulative for each subscription: the last of each is enough.
            var last: [String?: Message] = [:]
            for message in messages { last[message.subscription] = message }
            try await connection.ack(Array(last.values))
        }
    }

    /// Waits until all subscriptions stand, and says so by the ready file.
    private func announce(_ subscriptions: [Subscription], of connection: STOMPConnection) async throws -> Step {
        for subscription in subscriptions {
            if try await connection.standing(of: subscription) == .unconfirmed {
                let time = connection.configuration.receiptTimeout.readable
                Diagnostics.warn("STOMP: no receipt for the subscription to \(subscription.destination) within \(time)")
            }
        }
        if let file = plan.readyFile { try OutputFile.create(file) }
        return .done
    }

    private func explainSilence(of connection: STOMPConnection) async throws -> Step {
        try await Task.sleep(nanoseconds: UInt64(QuietHint.patience.nanoseconds))
        if progress.value.messages == 0 {
            Diagnostics.note(await QuietHint(destinations: plan.destinations, connection: connection).line)
        }
        return .done
    }

    private func silence(of amount: TimeAmount) async throws -> Ending {
        while true {
            let left = progress.value.lastMessage + amount - .now()
            if left <= .nanoseconds(0) { return .silence }
            try await Task.sleep(nanoseconds: UInt64(left.nanoseconds))
        }
    }

    /// Leaves as a polite client does. What fails on the way out is nothing that the user asked for.
    private func goodbye(_ subscriptions: [Subscription], of connection: STOMPConnection) async {
        // Also where the task is cancelled, which the goodbye must not notice.
        await Task {
            for subscription in subscriptions { try? await connection.unsubscribe(subscription) }
            _ = try? await connection.disconnect()
        }.value
    }

    // MARK: What is said at the end

    private var hint: String {
        guard progress.value.messages == 0 else { return "" }
        let names = plan.destinations.joined(separator: " ")
        return "; was anything sent to \(names) meanwhile, and is that its name on this server?"
    }

    private var summary: String {
        let progress = progress.value
        let messages = progress.messages == 1 ? "1 message" : "\(progress.messages) messages"
        return "\(messages), \(ByteCount.readable(progress.octets)), in \((NIODeadline.now() - start).readable)"
    }
}
