import STOMPClient
import StomptapOutput
import StomptapRuntime

/// What `connect` is: a session, and the lines that a person types or a script has.
package struct ConsoleSession: Sendable {
    private let interpreter: Interpreter

    /// - Parameters:
    ///   - isInteractive: whether a person is there, who wants to be told what happens.
    ///   - trace: the trace of all connections.
    ///   - reconnection: how the server is reached that a line names; it says to `note` what a person should know of it.
    package init(
        _ settings: Console.Settings, mask: SecretMask, isInteractive: Bool, trace: CommandTrace,
        reconnection: @escaping @Sendable (_ url: String, _ note: (String) -> Void) throws -> Reconnection
    ) {
        let console = Console(settings: settings, mask: mask, isInteractive: isInteractive)
        let events = Turnstile()
        let log = MessageLog(events: events)
        let feed = Feed(console: console)
        let report = LinkReport(console: console)
        let link = Link(events: events, log: log, take: { try await feed.take($0) }, report: report.tell)
        interpreter = Interpreter(link: link, log: log, feed: feed, console: console, events: events, trace: trace) {
            try reconnection($0, report.say)
        }
    }

    /// Opens the session, runs lines until they end, and closes it.
    ///
    /// - Parameters:
    ///   - script: the lines; nil is what comes on stdin or, where a person is there, is typed.
    ///   - keepsGoing: whether a script goes on after a line that failed.
    /// - Throws: ``Failure``, `STOMPClientError` or `CancellationError`.
    package func run(_ reconnection: Reconnection, script: ScriptLines?, keepsGoing: Bool) async throws {
        do {
            try await interpreter.link.open(reconnection, keepsSubscriptions: false)
            try await interpreter.link.settled()
            if interpreter.console.isInteractive {
                try await Repl(interpreter: interpreter).run()
            } else {
                var runner = Script(interpreter: interpreter, keepsGoing: keepsGoing)
                if let script { try await runner.run(script.items) } else { try await runner.runInput() }
            }
        } catch {
            // The goodbye must not notice that the task is cancelled, nor hide what went wrong.
            _ = await Task { try await interpreter.link.close() }.result
            throw error
        }
        try await interpreter.close()
    }
}

/// The lines of `-e`.
package struct ScriptLines: Sendable {
    let items: [LineAssembler.Item]

    /// - Parameters:
    ///   - texts: each may hold several lines.
    ///   - keepsGoing: whether what is typed wrong is found only when it is run.
    /// - Throws: ``Failure`` with 64 where something is typed wrong.
    package init(_ texts: [String], keepsGoing: Bool) throws {
        var items: [LineAssembler.Item] = []
        var assembler = LineAssembler()
        for text in texts {
            items += assembler.take(script: text)
            if let unfinished = assembler.end() { items.append(unfinished) }
        }
        for item in items where !keepsGoing {
            if case .failure(let error) = item.command { throw Failure(.usage, "line \(item.line): \(error)") }
        }
        self.items = items
    }
}
