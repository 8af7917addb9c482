import Synchronization

/// What servers answered when they were asked only to explain a failure: whether an URL that is no WebSocket is SockJS's,
/// whether a silent port speaks TLS.
///
/// A server is asked once, however many attempts fail, and the later ones are explained by that answer. Copies of
/// ``TransportOptions`` share it.
package final class ProbeMemory: Sendable {
    private let answers = Mutex<[TransportTarget: Bool]>([:])

    package init() {}

    /// What the server at `target` answers to `probe`, or has answered before. While it is being asked for one attempt,
    /// the answer for another is no.
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
