import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput

/// Whether there is a session, and if not, why: a time limit that ends without one is a failure.
package final class SessionWatch: Sendable {
    private enum State: Sendable {
        /// An attempt is being made. The failure is that of the attempt or session before it.
        case connecting(String, UnfinishedFrame?, after: Failure?)
        case connected
        /// The session was lost or the last attempt failed, and it is tried again.
        case lost(Failure)
    }

    private let state = Shared<State?>(nil)

    package init() {}

    /// The same sessions, observed.
    package func watching(_ reconnection: Reconnection) -> Reconnection {
        var reconnection = reconnection
        let report = reconnection.report
        reconnection.report = { event in
            self.happened(event)
            report(event)
        }
        for index in reconnection.servers.indices {
            let notice = reconnection.servers[index].configuration.notice
            reconnection.servers[index].configuration.notice = { event in
                if case .opening(let frame) = event { self.opening(frame) }
                notice(event)
            }
        }
        return reconnection
    }

    package func happened(_ event: Reconnection.Event) {
        switch event {
        case .connecting(let endpoint): connecting("STOMP: no CONNECTED from \(endpoint)")
        case .connected: connected()
        case .lost(let error, _, _): lost(error)
        }
    }

    /// - Parameter missing: what is missing until it is connected, as a failure names it.
    package func connecting(_ missing: String) {
        state.update { state in
            switch state {
            case .lost(let failure), .connecting(_, _, after: let failure?):
                state = .connecting(missing, nil, after: failure)
            default: state = .connecting(missing, nil, after: nil)
            }
        }
    }

    /// What was awaited came in part.
    private func opening(_ frame: UnfinishedFrame) {
        guard frame.command != nil else { return }
        state.update { state in
            if case .connecting(let missing, _, let failure) = state {
                state = .connecting(missing, frame, after: failure)
            }
        }
    }

    package func connected() { state.update { $0 = .connected } }

    package func lost(_ error: any Error) { state.update { $0 = .lost(Failure(error)) } }

    /// Why there is no session now; nil where there is one.
    ///
    /// - Parameter account: what was achieved until then, such as `3 of 10 messages came`.
    /// - Returns: 75 while an answer is waited for, otherwise 69 with the error of the last attempt.
    package func absence(_ account: String? = nil) -> Failure? {
        let account = account.map { " (\($0))" } ?? ""
        switch state.value {
        case .connected: return nil
        case nil: return Failure(.timedOut, "STOMP: not connected in time\(account)")
        case .connecting(let missing, let unfinished, let failure):
            let before = failure?.line.map { "; before that: \($0)" } ?? ""
            let part = unfinished.map { "; \($0.sentence)" } ?? ""
            return Failure(.timedOut, "\(missing) in time\(part)\(before)\(account)")
        case .lost(let failure):
            return Failure(
                failure.status == .timedOut ? .timedOut : .unavailable, failure.line.map { "\($0)\(account)" })
        }
    }
}

extension STOMPConnection {
    /// Warns that the server has not confirmed a subscription in time.
    package nonisolated func warnUnconfirmed(_ destination: String) {
        let time = configuration.receiptTimeout.readable
        Diagnostics.warn("STOMP: no receipt for the subscription to \(destination) within \(time)")
    }
}
