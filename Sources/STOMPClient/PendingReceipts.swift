import NIOCore

/// Receipts that were asked for and have not come, on the connection's event loop.
///
/// They are pipelined, so their clock is one: it starts anew with each receipt that comes. When it runs out, all that
/// are still missing have failed, except those that are held.
final class PendingReceipts {
    private let eventLoop: any EventLoop
    private let timeout: TimeAmount
    private var promises: [String: EventLoopPromise<Void>] = [:]
    /// Those of `promises` whose time has not begun: a server may answer a message in a transaction after its end.
    private var held: Set<String> = []
    private var lastProgress = NIODeadline.now()
    private var timer: Scheduled<Void>?

    init(eventLoop: any EventLoop, timeout: TimeAmount) {
        self.eventLoop = eventLoop
        self.timeout = timeout
    }

    /// - Parameter isHeld: whether its time begins only with ``release()``.
    func add(_ id: String, isHeld: Bool = false) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        if promises.count == held.count { lastProgress = .now() }
        promises[id] = promise
        if isHeld { held.insert(id) }
        arm()
        return promise.futureResult
    }

    /// A transaction has ended: its receipts may be expected now.
    func release() {
        guard !held.isEmpty else { return }
        held = []
        lastProgress = .now()
        arm()
    }

    func arrived(_ id: String) {
        guard let promise = promises.removeValue(forKey: id) else { return }
        held.remove(id)
        lastProgress = .now()
        promise.succeed()
    }

    func fail(_ error: STOMPClientError) {
        timer?.cancel()
        timer = nil
        let failed = promises
        promises = [:]
        held = []
        for promise in failed.values { promise.fail(error) }
    }

    private func arm() {
        guard timer == nil, promises.count > held.count else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: lastProgress + timeout) { [weak self] in
            self?.timeIsUp()
        }
    }

    private func timeIsUp() {
        timer = nil
        guard promises.count > held.count, lastProgress + timeout <= .now() else { return arm() }
        let error = STOMPClientError.timedOut(.receipt, within: timeout)
        let failed = promises.filter { !held.contains($0.key) }
        promises = promises.filter { held.contains($0.key) }
        for promise in failed.values { promise.fail(error) }
    }
}
