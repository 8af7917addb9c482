import NIOCore
import NIOPosix
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// Opens the connections of a run, a few at a time, spread over the event loops.
struct ConnectPhase: Sendable {
    /// The maximum number of connections being opened at the same time.
    private static let atOnce = 64

    let reconnection: Reconnection
    let plan: BenchPlan
    /// The time that each connection took, from the name look-up to CONNECTED.
    let connectTimes = Shared(Latencies())
    /// All open connections, to be closed at the end.
    let opened = Shared<[STOMPConnection]>([])

    struct Subscribed: Sendable {
        var connection: STOMPConnection
        var messages: MessageSequence
    }

    /// - Throws: ``Failure`` that says how many connections were opened before one failed; `CancellationError`.
    func subscribers() async throws -> [Subscribed] {
        let subscribed = try await open(plan.allSubscribers, firstLoop: 0, many: plan.subscribers...) {
            index, connection in
            let messages = await connection.makeMessageSequence()
            var subscriptions: [Subscription] = []
            for destination in plan.destinations(ofSubscriber: index) {
                subscriptions.append(
                    try await connection.subscribe(to: plan.destinations[destination], into: messages))
            }
            var isConfirmed = true
            for subscription in subscriptions {
                isConfirmed = try await connection.confirmation(of: subscription) != .unconfirmed && isConfirmed
            }
            return (Subscribed(connection: connection, messages: messages), isConfirmed)
        }
        let unconfirmed = subscribed.count { !$0.1 }
        if unconfirmed > 0 {
            Diagnostics.warn("STOMP: \(unconfirmed) subscribers received no receipt for a subscription in time")
        }
        return subscribed.map(\.0)
    }

    func publishers() async throws -> [STOMPConnection] {
        // Publishers use the event loops after those of the subscribers, so that they share none if possible.
        try await open(plan.allPublishers, firstLoop: plan.subscribers) { _, connection in connection }
    }

    /// The event loop of the connection with this index.
    static func eventLoop(_ index: Int) -> any EventLoop {
        loops[index % loops.count]
    }

    private static let loops: [any EventLoop] = Array(MultiThreadedEventLoopGroup.singleton.makeIterator())

    private func open<Result: Sendable>(
        _ count: Int, firstLoop: Int, many: PartialRangeFrom<Int> = .max...,
        _ prepare: @escaping @Sendable (Int, STOMPConnection) async throws -> Result
    ) async throws -> [Result] {
        guard count > 0 else { return [] }
        let start = NIODeadline.now()
        let others = opened.value.count
        return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results: [Result?] = Array(repeating: nil, count: count)
            func collect() async throws {
                if let (index, result) = try await group.next() { results[index] = result }
            }
            do {
                for index in 0..<count {
                    if index >= Self.atOnce { try await collect() }
                    try await pause(until: start + .nanoseconds(plan.ramp.nanoseconds / Int64(count) * Int64(index)))
                    group.addTask {
                        let connection = try await connect(
                            on: Self.eventLoop(firstLoop + index), isOneOfMany: many.contains(index))
                        return (index, try await prepare(index, connection))
                    }
                }
                while results.contains(where: { $0 == nil }) { try await collect() }
            } catch {
                group.cancelAll()
                throw count > 1 ? counted(error, of: count, alreadyOpen: others) : error
            }
            return results.compactMap { $0 }
        }
    }

    private func connect(on eventLoop: any EventLoop, isOneOfMany: Bool) async throws -> STOMPConnection {
        var reconnection = reconnection
        for index in reconnection.servers.indices {
            reconnection.servers[index].configuration.transport.isOneOfMany = isOneOfMany
        }
        let start = NIODeadline.now()
        let connection = try await reconnection.connect(on: eventLoop)
        opened.update { $0.append(connection) }
        connectTimes.update { $0.record((NIODeadline.now() - start).nanoseconds) }
        return connection
    }

    private func pause(until time: NIODeadline) async throws {
        let wait = time - .now()
        if wait > .nanoseconds(0) { try await Task.sleep(nanoseconds: UInt64(wait.nanoseconds)) }
    }

    private func counted(_ error: any Error, of count: Int, alreadyOpen others: Int) -> any Error {
        let failure = Failure(error)
        guard let line = failure.line else { return error }
        let open = opened.value.count - others
        return Failure(failure.status, "\(line) (opened \(open) of \(count) connections)")
    }
}

/// Disconnects many sessions at the same time.
enum DisconnectPhase {
    static func close(_ connections: [STOMPConnection]) async {
        await withTaskGroup { group in
            for connection in connections {
                group.addTask { _ = try? await connection.disconnect() }
            }
        }
    }
}

/// Runs a task entirely on an event loop, including nonisolated code, so that it never switches threads.
final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
