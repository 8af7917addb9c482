import NIOConcurrencyHelpers
import NIOCore
import STOMPTransport

/// Records the calls of a receiver, and can wait for them.
final class Inbox: Sendable {
    struct Contents: Sendable {
        var stream: (any TransportStream)?
        /// The bytes of each `received` call.
        var chunks: [ByteBuffer] = []
        var bytes = 0
        var batches = 0
        var events: [TransportEvent] = []
        var writability: [Bool] = []
        var endings: [TransportError?] = []
        var callsAfterEnd = 0

        var text: String { chunks.map { String(buffer: $0) }.joined() }
        var texts: [String] { chunks.map { String(buffer: $0) } }
        var closures: [TransportClosure] {
            events.compactMap { if case .wire(.ended(let closure), _) = $0 { closure } else { nil } }
        }
    }

    struct TimedOut: Error, CustomStringConvertible {
        let contents: Contents
        var description: String {
            "timed out with \(contents.bytes) bytes, \(contents.events), \(contents.endings)"
        }
    }

    private struct State {
        var contents = Contents()
        var waiters: [Int: (condition: @Sendable (Contents) -> Bool, continuation: CheckedContinuation<Void, Never>)] =
            [:]
        var nextWaiter = 0
    }

    private let state = NIOLockedValueBox(State())
    private let keepsBytes: Bool

    /// - Parameter keepsBytes: whether chunks are kept, or only counted.
    init(keepsBytes: Bool = true) { self.keepsBytes = keepsBytes }

    var contents: Contents { state.withLockedValue { $0.contents } }

    /// Creates the receiver of a stream.
    var factory: TransportReceiverFactory {
        { stream in
            self.change { $0.stream = stream }
            return Receiver(inbox: self, stream: stream)
        }
    }

    func change(_ body: (inout Contents) -> Void) {
        let ready = state.withLockedValue { state in
            body(&state.contents)
            let ready = state.waiters.filter { $0.value.condition(state.contents) }
            for key in ready.keys { state.waiters[key] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    fileprivate func received(_ bytes: ByteBuffer) {
        change {
            $0.bytes += bytes.readableBytes
            if keepsBytes { $0.chunks.append(bytes) }
            if !$0.endings.isEmpty { $0.callsAfterEnd += 1 }
        }
    }

    /// Waits until the contents fulfil the condition.
    @discardableResult
    func wait(
        within limit: Duration = .seconds(20), _ condition: @escaping @Sendable (Contents) -> Bool
    ) async throws -> Contents {
        let key = state.withLockedValue { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let timer = Task {
            try await Task.sleep(for: limit)
            state.withLockedValue { $0.waiters.removeValue(forKey: key)?.continuation }?.resume()
        }
        await withCheckedContinuation { continuation in
            let isReady = state.withLockedValue { state in
                if condition(state.contents) { return true }
                state.waiters[key] = (condition, continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
        timer.cancel()
        let contents = self.contents
        guard condition(contents) else { throw TimedOut(contents: contents) }
        return contents
    }

    /// Waits for the end and returns its error.
    func end(within limit: Duration = .seconds(20)) async throws -> TransportError? {
        try await wait(within: limit) { !$0.endings.isEmpty }.endings[0]
    }
}

private struct Receiver: TransportReceiver {
    let inbox: Inbox
    let stream: any TransportStream

    func received(_ bytes: ByteBuffer) {
        stream.eventLoop.preconditionInEventLoop()
        inbox.received(bytes)
    }

    func receivedAll() { inbox.change { $0.batches += 1 } }
    func happened(_ event: TransportEvent) { inbox.change { $0.events.append(event) } }
    func writabilityChanged(_ isWritable: Bool) { inbox.change { $0.writability.append(isWritable) } }
    func ended(_ error: TransportError?) { inbox.change { $0.endings.append(error) } }
}

extension TransportStream {
    /// Runs a step on the stream's event loop.
    func perform(_ body: @escaping @Sendable (Self) -> Void) async throws {
        try await eventLoop.submit { body(self) }.get()
    }

    func send(_ text: String) async throws {
        try await perform {
            $0.write(ByteBuffer(string: text), promise: nil)
            $0.flush()
        }
    }
}

extension NIODeadline {
    /// A deadline that a passing test never reaches.
    static var farEnough: NIODeadline { .now() + .seconds(20) }
}
