import NIOCore

/// Receipts that were asked for and have not come, on the connection's event loop.
///
/// They are pipelined, so their clock is one: it starts anew with each receipt that comes. When it runs out, all that
/// are still missing have failed.
final class PendingReceipts {
    private let eventLoop: any EventLoop
    private let timeout: TimeAmount
    private var promises: [String: EventLoopPromise<Void>] = [:]
    private var lastProgress = NIODeadline.now()
    private var timer: Scheduled<Void>?

    init(eventLoop: any EventLoop, timeout: TimeAmount) {
        self.eventLoop = eventLoop
        self.timeout = timeout
    }

    func add(_ id: String) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        if promises.isEmpty { lastProgress = .now() }
        promises[id] = promise
        arm()
        return promise.futureResult
    }

    func arrived(_ id: String) {
        guard let promise = promises.removeValue(forKey: id) else { return }
        lastProgress = .now()
        promise.succeed()
    }

    func fail(_ error: STOMPClientError) {
        timer?.cancel()
        timer = nil
        let failed = promises
        promises = [:]
        for promise in failed.values { promise.fail(error) }
    }

    private func arm() {
        guard timer == nil, !promises.isEmpty else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: lastProgress + timeout) { [weak self] in
            self?.timeIsUp()
        }
    }

    private func timeIsUp() {
        timer = nil
        guard !promises.isEmpty, lastProgress + timeout <= .now() else { return arm() }
        fail(STOMPClientError(.timedOut, "no receipt came from the server within \(timeout.readable)"))
    }
}
