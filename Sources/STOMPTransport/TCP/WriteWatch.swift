import NIOCore

/// Detects a peer that does not read: while bytes wait to be sent, some must be sent within each interval.
///
/// It must be used on its event loop.
package final class WriteWatch {
    private let interval: TimeAmount
    private let eventLoop: any EventLoop
    private var timer: Scheduled<Void>?

    package init(every interval: TimeAmount, on eventLoop: any EventLoop) {
        self.interval = interval
        self.eventLoop = eventLoop
    }

    /// Starts the watch, unless it is already running.
    ///
    /// - Parameters:
    ///   - left: returns the number of bytes sent so far; nil if none are waiting, which ends the watch.
    ///   - stalled: called once if no bytes were sent within an interval, which also ends the watch.
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
