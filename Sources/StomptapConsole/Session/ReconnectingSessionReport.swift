import NIOCore
import STOMPClient
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// Reports events of the session: at a prompt all of them, in a script only problems.
struct ReconnectingSessionReport: Sendable {
    let console: Console

    @Sendable func report(_ event: ReconnectingSession.Event) {
        switch event {
        case .connected(let connection, nil, _):
            for line in ConnectionSummary.lines(connection) { console.note(line) }
        case .connected(_, let away?, let count):
            let back = count == 0 ? "" : count == 1 ? "; renewed 1 subscription" : "; renewed \(count) subscriptions"
            note("reconnected after \(away.readable)\(back)")
        case .lost(let error, let wait, let transaction):
            note(Explanation(error).line(tryingAgainIn: wait) + lost(transaction))
        case .ended(let failure, let transaction, let refused):
            guard console.isInteractive, let line = failure.line else { return }
            let less = refused.map { " without \($0.id)" } ?? ""
            console.complain("\(line); use 'reconnect' to open a new session\(less)\(lost(transaction))")
        }
    }

    private func lost(_ transaction: String?) -> String {
        transaction.map { "; transaction \($0) is lost" } ?? ""
    }

    func note(_ line: String) {
        console.isInteractive ? console.note(line) : Diagnostics.note(line)
    }
}

/// Describes the connection of a session for the user.
enum ConnectionSummary {
    /// Lines without line ends; the first one names the server.
    ///
    /// - Parameter further: additional rows.
    static func lines(_ connection: STOMPConnection, further: [(String, String)] = []) -> [String] {
        let handshake = connection.handshake
        let transport = connection.transport
        var rows = [
            ("server", handshake.server ?? "not named (Spring's simple broker sends no name)"),
            ("version", "STOMP \(handshake.version)"),
        ]
        if let session = handshake.session { rows.append(("session", session)) }
        if let user = handshake.frame.headers["user-name"] { rows.append(("user", user)) }
        rows.append(("heart-beats", heartBeats(handshake.heartBeat)))
        rows.append(
            (
                "transport",
                transport.name + (transport.subprotocol.map { ", \($0)" } ?? "") + ", \(transport.remoteAddress)"
            ))
        rows.append(("TLS", transport.tls ?? "off"))
        return ["connected to \(connection.endpoint)"] + table(rows + further)
    }

    /// Rows with the names in an aligned column.
    static func table(_ rows: [(name: String, value: String)]) -> [String] {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { row in
            "  " + row.name + String(repeating: " ", count: width - row.name.count + 2) + row.value
        }
    }

    private static func heartBeats(_ heartBeat: HeartBeat) -> String {
        func every(_ milliseconds: Int, _ direction: String) -> String {
            milliseconds == 0
                ? "\(direction) off" : "\(direction) every \(TimeAmount.milliseconds(Int64(milliseconds)).readable)"
        }
        return every(heartBeat.outgoing, "outgoing") + ", " + every(heartBeat.incoming, "incoming")
    }
}
