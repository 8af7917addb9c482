import Foundation
import TestSupport

/// A session as logged by a client of `Clients/session.js`.
///
/// Frames are strings with one character for each byte.
struct LoggedSession: Equatable {
    var opened = ""
    var sent: [String] = []
    var received: [String] = []
    var closed = ""
    /// Whether each body came back unchanged.
    var isWhole = false

    /// Parses the sessions of a log, in order.
    static func all(in log: some Sequence<String>) throws -> [LoggedSession] {
        var sessions: [LoggedSession] = []
        for line in log {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            if parts[0] == "open" { sessions.append(LoggedSession()) }
            guard var session = sessions.popLast() else { continue }
            switch parts[0] {
            case "open": session.opened = parts[1]
            case ">": session.sent.append(try bytes(parts[1]))
            case "<": session.received.append(try bytes(parts[1]))
            case "closed": session.closed = parts[1]
            case "all": session.isWhole = true
            default: break
            }
            sessions.append(session)
        }
        return sessions
    }

    /// Returns the frames from a record of `stomptap tap`, grouped by session.
    static func recorded(in file: URL) async throws -> [LoggedSession] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Clients/rebuild.js").path
        var rebuild = Program("/usr/bin/env", ["node", script])
        rebuild.input = .bytes(Array(try Data(contentsOf: file)))
        let result = try await rebuild.run()
        guard result.status == .exited(0) else { throw TestFailure("\(result)") }
        var numbers: [String] = []
        var sessions: [LoggedSession] = []
        for line in result.lines {
            let parts = line.split(separator: " ").map(String.init)
            if !numbers.contains(parts[0]) {
                numbers.append(parts[0])
                sessions.append(LoggedSession())
            }
            guard let index = numbers.firstIndex(of: parts[0]) else { continue }
            if parts[1] == "to-server" {
                sessions[index].sent.append(try bytes(parts[2]))
            } else {
                sessions[index].received.append(try bytes(parts[2]))
            }
        }
        return sessions
    }

    private static func bytes(_ base64: String) throws -> String {
        guard let data = Data(base64Encoded: base64) else { throw TestFailure("no base64: \(base64)") }
        return String(String.UnicodeScalarView(data.map { Unicode.Scalar($0) }))
    }

    /// The session without the IDs of sessions and messages, which differ in each run.
    var anonymous: LoggedSession {
        var anonymous = self
        let names = /\n(session|message-id|ack|id):[^\n]*/
        anonymous.sent = sent.map { $0.replacing(names) { "\n\($0.1):" } }
        anonymous.received = received.map { $0.replacing(names) { "\n\($0.1):" } }
        return anonymous
    }
}
