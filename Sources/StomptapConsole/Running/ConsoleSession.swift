import LineEditor
import STOMPClient
import StomptapOutput
import StomptapRuntime

/// Runs lines without a prompt. The first error ends it, unless the script keeps going.
struct Script {
    let interpreter: Interpreter
    let keepsGoing: Bool
    private var failure: Failure?

    init(interpreter: Interpreter, keepsGoing: Bool) {
        self.interpreter = interpreter
        self.keepsGoing = keepsGoing
    }

    /// Runs lines that are known in advance.
    ///
    /// - Throws: ``Failure`` of the first line that failed, or of the session.
    mutating func run(_ items: [LineAssembler.Item]) async throws {
        for item in items {
            guard try await run(item) else { break }
        }
        try finish()
    }

    /// Runs lines from stdin as they come.
    ///
    /// - Throws: ``Failure`` of the first line that failed, or of the session; `CancellationError`.
    mutating func runInput() async throws {
        let reader: PlainLineReader
        do throws(LineEditorError) {
            reader = try PlainLineReader()
        } catch {
            throw Failure(.noInput, "stdin: \(error)")
        }
        defer { reader.close() }
        // Stops waiting for input once the session has failed.
        let watch = Task { [link = interpreter.link, events = interpreter.events] in
            _ = try await events.wait { link.hasFailed ? true : nil }
            reader.close()
        }
        defer { watch.cancel() }
        var assembler = LineAssembler()
        reading: for await event in reader.lines {
            switch event {
            case .line(let line):
                // CR LF line ends are accepted.
                for item in assembler.append(line.hasSuffix("\r") ? String(line.dropLast()) : line) {
                    guard try await run(item) else { break reading }
                }
            case .failure(let error): throw Failure(.badInput, "stdin: \(error)")
            case .interrupt, .endOfInput: break reading
            }
        }
        try Task.checkCancellation()
        if let unfinished = assembler.end() { _ = try await run(unfinished) }
        try finish()
    }

    /// Returns false if no more lines are to be run.
    private mutating func run(_ item: LineAssembler.Item) async throws -> Bool {
        do {
            return try await interpreter.run(try item.command.get()) == .done
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try fail(describe(error, in: item))
            return true
        }
    }

    /// - Throws: this failure, unless the script keeps going.
    private mutating func fail(_ failure: Failure) throws {
        self.failure = self.failure ?? failure
        guard keepsGoing else { throw failure }
        if let line = failure.line { Diagnostics.fail(line) }
    }

    private func describe(_ error: any Error, in item: LineAssembler.Item) -> Failure {
        if let error = error as? LineError { return Failure(.usage, "line \(item.line): \(error)") }
        let failure = Failure(error)
        let name = item.source.split(whereSeparator: \.isBlank).first ?? ""
        return Failure(failure.status, failure.line.map { "\($0) (line \(item.line): \(name))" })
    }

    private mutating func finish() throws {
        if let transaction = interpreter.link.view.transaction {
            try fail(
                Failure(
                    .badInput,
                    "STOMP: transaction \(transaction) is still open at the end, so it had no effect; end it with "
                        + "'commit' or 'abort'"
                ))
        }
        // Each failure was already reported.
        if let failure { throw Failure(failure.status, nil) }
        if interpreter.link.hasFailed, let failure = interpreter.link.failure { throw failure }
        if let absence = interpreter.link.absence { throw absence }
    }
}

/// The session of `connect`, with the lines that are typed or in a script.
package struct ConsoleSession: Sendable {
    private let interpreter: Interpreter

    /// - Parameters:
    ///   - isInteractive: whether there is a user at a terminal who is shown notes.
    ///   - trace: the trace of all connections.
    ///   - reconnection: how to reach the server that a line names; calls `note` with a message for the user.
    package init(
        _ settings: Console.Settings, mask: SecretMask, isInteractive: Bool, trace: CommandTrace,
        reconnection: @escaping @Sendable (_ url: String, _ note: (String) -> Void) throws -> Reconnection
    ) {
        let console = Console(settings: settings, mask: mask, isInteractive: isInteractive)
        let events = ChangeSignal()
        let log = MessageLog(events: events)
        let feed = LivePrinter(console: console)
        let report = ReconnectingSessionReport(console: console)
        let link = ReconnectingSession(
            events: events, log: log, output: { try await feed.append($0) }, report: report.report)
        interpreter = Interpreter(link: link, log: log, feed: feed, console: console, events: events, trace: trace) {
            try reconnection($0, report.note)
        }
    }

    /// Opens the session, runs all lines, and closes it.
    ///
    /// - Parameters:
    ///   - script: the lines; nil reads stdin, or shows a prompt if there is a user at a terminal.
    ///   - keepsGoing: whether a script continues after an error.
    /// - Throws: ``Failure``, `STOMPClientError` or `CancellationError`.
    package func run(_ reconnection: Reconnection, script: ScriptLines?, keepsGoing: Bool) async throws {
        interpreter.updateTrace()
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
            // The original error is reported, not one of closing.
            _ = try? await interpreter.link.close()
            throw error
        }
        try await interpreter.close()
    }
}

/// The lines of `-e`.
package struct ScriptLines: Sendable {
    let items: [LineAssembler.Item]

    /// - Parameters:
    ///   - texts: each may contain several lines.
    ///   - keepsGoing: whether syntax errors are reported only when the line is run.
    /// - Throws: ``Failure`` with 64 for a syntax error.
    package init(_ texts: [String], keepsGoing: Bool) throws {
        var items: [LineAssembler.Item] = []
        var assembler = LineAssembler()
        for text in texts {
            items += assembler.append(script: text)
            if let unfinished = assembler.end() { items.append(unfinished) }
        }
        for item in items where !keepsGoing {
            if case .failure(let error) = item.command { throw Failure(.usage, "line \(item.line): \(error)") }
        }
        self.items = items
    }
}
