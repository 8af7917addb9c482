import NIOCore

/// Gives up on a peer that reads nothing: while something waits to be sent, bytes must leave within each interval.
///
/// It lives on its event loop.
package final class WriteWatch {
    private let interval: TimeAmount
    private let eventLoop: any EventLoop
    private var timer: Scheduled<Void>?

    package init(every interval: TimeAmount, on eventLoop: any EventLoop) {
        self.interval = interval
        self.eventLoop = eventLoop
    }

    /// Starts, unless it runs already.
    ///
    /// - Parameters:
    ///   - left: counts the bytes that have left; nil where nothing waits any more, which ends the watch.
    ///   - stalled: called once when none has left within an interval, which ends the watch too.
    package func start(left: @escaping () -> Int?, stalled: @escaping () -> Void) {
        guard timer == nil, let before = left() else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
            timer = nil
            guard let now = left() else { return }
            if now > before { start(left: left, stalled: stalled) } else { stalled() }
        }
    }

    package func cancel() {
        timer?.cancel()
        timer = nil
    }
}
