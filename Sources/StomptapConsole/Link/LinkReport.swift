import NIOCore
import STOMPClient
import StomptapOutput
import StomptapRuntime

/// Tells how the connection fares: a person in full, a script's log where something went wrong.
struct LinkReport: Sendable {
    let console: Console

    @Sendable func tell(_ event: Link.Event) {
        switch event {
        case .connected(let connection, nil, _):
            for line in ConnectionSummary.lines(connection) { console.note(line) }
        case .connected(_, let away?, let count):
            let back = count == 0 ? "" : count == 1 ? "; 1 subscription is back" : "; \(count) subscriptions are back"
            say("connected again, after \(away.readable)\(back)")
        case .lost(let error, let wait, let transaction):
            say(Explanation(error).line(tryingAgainIn: wait) + lost(transaction))
        case .ended(let failure, let transaction):
            guard console.isInteractive, let line = failure.line else { return }
            console.complain("\(line); 'reconnect' opens another session\(lost(transaction))")
        }
    }

    private func lost(_ transaction: String?) -> String {
        transaction.map { "; transaction \($0) is lost" } ?? ""
    }

    func say(_ line: String) {
        console.isInteractive ? console.note(line) : Diagnostics.note(line)
    }
}
