import Foundation
import TestSupport

/// `stomptap connect`, started from a shell.
struct ConnectSession {
    let terminal: TmuxTerminal
    /// The start of the prompt.
    let place: String
    /// The program's home directory.
    let home: URL

    /// - Parameters:
    ///   - arguments: further arguments of `connect`.
    ///   - home: the home directory of an earlier session, to use its history.
    static func run(
        _ endpoint: String = "demo", _ arguments: String = "", columns: Int = 100, rows: Int = 24, home: URL? = nil,
        environment: [String: String] = [:], _ body: (ConnectSession) async throws -> Void
    ) async throws {
        let own = try home ?? makeTemporaryFolder()
        defer { if home == nil { try? FileManager.default.removeItem(at: own) } }
        let environment = [
            "PATH": Program.productsFolder + ":/usr/bin:/bin", "HOME": own.path, "XDG_STATE_HOME": own.path + "/state",
            "TMPDIR": own.path, "SWIFT_BACKTRACE": "enable=no",
        ].merging(environment) { $1 }
        try await TmuxTerminal.run(columns: columns, rows: rows, environment: environment) { terminal in
            try await terminal.wait(for: "shell$", column: 7)
            let place = URL(string: endpoint).flatMap { url in url.host.map { "\($0):\(url.port ?? 0)" } } ?? endpoint
            let session = ConnectSession(terminal: terminal, place: place, home: own)
            try await terminal.enter("clear; stomptap connect \(endpoint) \(arguments); echo status $?")
            try await session.waitForPrompt()
            try await body(session)
        }
    }

    func waitForPrompt(_ state: String = "") async throws {
        try await terminal.wait(for: prompt(state), column: prompt(state).count + 1)
    }

    /// The prompt in this state, such as `2 subs`, without the trailing space.
    func prompt(_ state: String = "") -> String { place + (state.isEmpty ? "" : " \(state)") + ">" }

    /// Types a line, and waits until the prompt is shown again with this answer above it.
    func enter(_ line: String, answer: String, then state: String = "") async throws {
        try await terminal.enter(line)
        try await terminal.wait(for: answer, prompt(state))
    }
}

extension ServedBroker {
    /// Sends a message with a separate program.
    func publish(_ destination: String, _ body: String) async throws {
        let result = try await Program.stomptap("publish", tcp, destination, body).run()
        guard result.status == .exited(0) else { throw TestFailure("publish: \(result)") }
    }
}
