import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Sends what is typed and prints what arrives, until the peer closes, the limit is reached, or the time is up.
struct RawExchange: Sendable {
    struct Plan: Sendable {
        var mode: RawMode
        /// Make the STOMP handshake first.
        var connects = false
        /// Stop after this many frames or messages.
        var count: Int?
        var timeout: TimeAmount?
        /// How long to listen after the end of the input; nil means no limit.
        var wait: TimeAmount?
    }

    /// Why an exchange ended.
    private enum Ending: Sendable {
        case closed, enough, waited, timeIsUp, readerIsGone, cancelled
        case failed(any Error)
    }

    private let connection: RawConnection
    private let plan: Plan
    private let input: RawInput?
    private let printer: RawPrinter
    private let counted: Shared<Int>

    /// - Parameters:
    ///   - input: the data to send; nil sends nothing.
    ///   - counted: the number of messages received before; updated with those of this exchange.
    init(
        _ connection: RawConnection, plan: Plan, input: RawInput?, printer: RawPrinter,
        counted: Shared<Int> = Shared(0)
    ) {
        self.counted = counted
        self.connection = connection
        self.plan = plan
        self.input = input
        self.printer = printer
    }

    /// - Returns: whether it ended because the peer closed, and not because everything was done.
    /// - Throws: ``Failure``, or an error of the lower modules.
    @discardableResult
    func run() async throws -> Bool {
        let (endings, printed) = AsyncStream.makeStream(of: Ending.self)
        // Continues after a cancellation, so that the end of the connection is printed too.
        let printing = Task {
            await print(printed)
            printed.finish()
        }
        let ending = await firstEnding(endings)
        // In its own task, because disconnecting must complete even if this task is cancelled.
        await Task { await waitForDisconnect(printing) }.value
        printing.cancel()
        try await judge(ending)
        if case .closed = ending { return true } else { return false }
    }

    private func firstEnding(_ printed: AsyncStream<Ending>) async -> Ending {
        await withTaskGroup(of: Ending?.self) { group in
            group.addTask {
                for await ending in printed { return ending }
                return Task.isCancelled ? .cancelled : .closed
            }
            if let input { group.addTask { await send(input) } }
            group.addTask { await StandardOutput.readerIsGone() ? .readerIsGone : nil }
            if let timeout = plan.timeout {
                group.addTask {
                    try? await Task.sleep(nanoseconds: UInt64(timeout.nanoseconds))
                    return .timeIsUp
                }
            }
            var first = Ending.cancelled
            while let ending = await group.next() {
                guard let ending else { continue }
                first = ending
                break
            }
            // Pending writes end with the connection.
            connection.close()
            group.cancelAll()
            return Task.isCancelled ? .cancelled : first
        }
    }

    /// Waits until everything is printed. The reader of stdout may have stopped reading.
    private func waitForDisconnect(_ printing: Task<Void, Never>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Also cancelled when the timeout below expires.
                await withTaskCancellationHandler {
                    await printing.value
                } onCancel: {
                    printing.cancel()
                }
            }
            group.addTask {
                let timeout = connection.configuration.transport.closeTimeout + .seconds(1)
                try? await Task.sleep(for: timeout)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func send(_ input: RawInput) async -> Ending? {
        do {
            if plan.connects { try await connection.connect() }
            while let events = try await input.next(connection.stream.description.layer) {
                for event in events { try await connection.send(event) }
            }
            guard let wait = plan.wait else { return nil }
            try await Task.sleep(nanoseconds: UInt64(wait.nanoseconds))
            return .waited
        } catch is CancellationError {
            return nil
        } catch {
            return .failed(error)
        }
    }

    // MARK: Printing

    private func print(_ endings: AsyncStream<Ending>.Continuation) async {
        var isOver = false
        for await batch in connection.events {
            connection.delivered(batch)
            if isOver { continue }
            do {
                let (events, isEnough) = wanted(batch)
                if try await !printer.print(events[...]) {
                    isOver = true
                    endings.yield(.readerIsGone)
                } else if isEnough {
                    endings.yield(.enough)
                }
            } catch {
                isOver = true
                endings.yield(.failed(error))
            }
        }
    }

    /// The part of a batch that is printed: after the limit only the end of the connection.
    private func wanted(_ batch: [TrafficEvent]) -> (events: [TrafficEvent], isEnough: Bool) {
        var count = counted.value
        let limit = plan.count ?? .max
        let hadEnough = count >= limit
        let events = batch.filter { event in
            if case .wire(.ended, _) = event.content { return true }
            guard count < limit else { return false }
            if event.isMessage, event.direction == .incoming { count += 1 }
            return true
        }
        counted.update { [count] in $0 = count }
        return (events, !hadEnough && count >= limit)
    }

    // MARK: Result

    private func judge(_ ending: Ending) async throws {
        let verdict = try await connection.verdict()
        switch ending {
        case .readerIsGone: return
        case .cancelled: throw CancellationError()
        case _ where verdict.refusal != nil: break
        case .failed(let error) where !(error is RawConnection.Unsent): throw error
        default: break
        }
        if let refusal = verdict.refusal { throw refusal }
        if let frame = verdict.errorFrame {
            throw Failure(.failed, "STOMP: ERROR: \(frame.headers["message"] ?? "no reason given")")
        }
        if let failure = verdict.failure { throw failure }
        if case .failed = ending { throw Failure(.unavailable, "\(verdict.ending) before everything was sent") }
        if case .timeIsUp = ending, verdict.isConnecting { throw Failure(.timedOut, "STOMP: no CONNECTED in time") }
        guard let count = plan.count, counted.value < count else { return }
        let what = plan.mode == .frames ? "frames" : plan.mode == .events ? "events" : "messages"
        let received = "received \(counted.value) of \(count) \(what)"
        if case .closed = ending {
            // The next stream may bring the rest.
            if plan.mode == .events { return }
            throw Failure(.unavailable, "\(verdict.ending); \(received)")
        }
        throw Failure(.timedOut, "timed out: \(received)")
    }
}
