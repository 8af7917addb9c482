import Synchronization

/// Caches the results of probes, which are requests sent only to explain a failure: whether a URL that is not a
/// WebSocket is SockJS, or whether a silent port speaks TLS.
///
/// Each server is probed once, however many attempts fail; later failures use the same result. Copies of
/// ``TransportOptions`` share the cache.
package final class ProbeMemory: Sendable {
    private let answers = Mutex<[TransportTarget: Bool]>([:])

    package init() {}

    /// Returns the cached result for `target`, or runs `probe`. While the probe runs for one attempt, other
    /// attempts get false.
    package func answer(of target: TransportTarget, to probe: () async -> Bool) async -> Bool {
        let known = answers.withLock { answers -> Bool? in
            if let known = answers[target] { return known }
            answers[target] = false
            return nil
        }
        if let known { return known }
        let answer = await probe()
        answers.withLock { $0[target] = answer }
        return answer
    }
}
