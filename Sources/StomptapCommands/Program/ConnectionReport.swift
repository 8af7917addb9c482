import STOMPClient

/// Tells on stderr how a connection fares.
enum ConnectionReport {
    static let tell: @Sendable (Reconnection.Event) -> Void = { event in
        switch event {
        case .connected(_, let away?):
            Diagnostics.note("connected again, after \(away.readable) without a connection")
        case .connected(_, nil):
            break
        case .lost(let error, _, let wait):
            Diagnostics.note("\(Remedies.line(for: error)); trying again in \(wait.readable)")
        }
    }
}
