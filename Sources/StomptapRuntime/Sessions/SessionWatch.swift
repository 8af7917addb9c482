import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput

/// Tracks whether there is a session, and if not, why: a time limit that ends without a session is a failure.
package final class SessionWatch: Sendable {
    private enum State: Sendable {
        /// Connecting. The failure is that of the previous attempt or session.
        case connecting(String, UnfinishedFrame?, after: Failure?)
        case connected
        /// The session was lost or the last attempt failed; a retry follows.
        case lost(Failure)
    }

    private let state = Shared<State?>(nil)

    package init() {}

    /// Adds this object as an observer of the sessions.
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

    /// - Parameter missing: what is still missing for a connection, as text of a failure.
    package func connecting(_ missing: String) {
        state.update { state in
            switch state {
            case .lost(let failure), .connecting(_, _, after: let failure?):
                state = .connecting(missing, nil, after: failure)
            default: state = .connecting(missing, nil, after: nil)
            }
        }
    }

    /// A part of the awaited frame was received.
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

    /// The failure that explains why there is no session; nil if there is one.
    ///
    /// - Parameter account: what was achieved so far, such as `3 of 10 messages came`.
    /// - Returns: a failure with 75 while waiting for an answer, otherwise with 69 and the error of the last
    ///   attempt.
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
    /// Warns that the server did not confirm a subscription in time.
    package nonisolated func warnUnconfirmed(_ destination: String) {
        let time = configuration.receiptTimeout.readable
        Diagnostics.warn("STOMP: no receipt for the subscription to \(destination) within \(time)")
    }
}
