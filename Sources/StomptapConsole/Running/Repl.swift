import LineEditor
import STOMPClient
import StomptapOutput
import StomptapRuntime

/// Runs lines typed at a prompt.
///
/// Lines are read while a command is running, so that Ctrl-C can stop a long one.
final class Repl: Sendable {
    private let interpreter: Interpreter
    private let assembler = Shared(LineAssembler())
    /// The command being run.
    private let current = Shared<Task<Interpreter.Outcome, any Error>?>(nil)
    /// Incremented by Ctrl-C; lines typed before it are discarded.
    private let epoch = Shared(0)
    /// Whether the user was warned about the open transaction.
    private let hasAsked = Shared(false)

    private var console: Console { interpreter.console }

    init(interpreter: Interpreter) {
        self.interpreter = interpreter
    }

    /// Returns when the user quits, or when the task is cancelled.
    func run() async throws {
        // An editor changes the terminal's modes.
        Interrupts.lastAct.update { $0 = { LineEditor.restoreTerminal() } }
        let editor: LineEditor
        do throws(LineEditorError) {
            editor = try LineEditor(options)
        } catch  where error == .notATerminal || error == .terminalTooSimple {
            return try await runPlain()
        } catch {
            throw Failure(.unavailable, "terminal: \(error)")
        }
        console.attach(editor)
        interpreter.updateTrace()
        console.note("'help' lists the commands, Tab completes, Ctrl-D quits")
        let prompt = Task { await keepPrompt(of: editor) }
        let result: Result<Void, any Error>
        do {
            try await read(editor.lines) { editor.setPrompt(self.prompt) }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        prompt.cancel()
        await editor.close()
        console.attach(nil)
        try result.get()
    }

    /// For terminals without cursor movement, or if stdout is a file: reads plain lines, and prints no prompt.
    private func runPlain() async throws {
        let reader: PlainLineReader
        do throws(LineEditorError) {
            reader = try PlainLineReader()
        } catch {
            throw Failure(.noInput, "stdin: \(error)")
        }
        console.note("'help' lists the commands, Ctrl-D quits")
        defer { reader.close() }
        try await read(reader.lines) {}
    }

    // MARK: Lines

    private struct Order: Sendable {
        var item: LineAssembler.Item
        var epoch: Int
    }

    private func read(_ lines: LineEvents, changed: @escaping @Sendable () -> Void) async throws {
        let (orders, queue) = AsyncStream.makeStream(of: Order.self)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { [self] in
                for await order in orders where order.epoch == epoch.value {
                    if await perform(order.item) == .quit { break }
                }
                return true
            }
            group.addTask { [self] in
                for await event in lines {
                    switch event {
                    case .line(let line): enqueue(line, queue)
                    case .interrupt: interrupt()
                    case .endOfInput:
                        queue.yield(
                            Order(
                                item: LineAssembler.Item(source: "quit", line: 0, command: .success(.quit)),
                                epoch: epoch.value))
                    case .failure(let error): throw Failure(.noInput, "terminal: \(error)")
                    }
                    changed()
                }
                // Lines typed before the end of input are still run.
                queue.finish()
                return false
            }
            defer { group.cancelAll() }
            while let isDone = try await group.next(), !isDone {}
        }
    }

    private func enqueue(_ line: String, _ queue: AsyncStream<Order>.Continuation) {
        var items: [LineAssembler.Item] = []
        assembler.update { items = $0.append(line) }
        for item in items { queue.yield(Order(item: item, epoch: epoch.value)) }
    }

    private func interrupt() {
        epoch.update { $0 += 1 }
        assembler.update { _ = $0.end() }
        current.value?.cancel()
    }

    private func perform(_ item: LineAssembler.Item) async -> Interpreter.Outcome {
        let work = Task { try await interpreter.run(try item.command.get()) }
        current.update { $0 = work }
        defer { current.update { $0 = nil } }
        do {
            let outcome = try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
            return outcome == .quit && asksFirst() ? .done : outcome
        } catch {
            complain(error)
            return .done
        }
    }

    private func complain(_ error: any Error) {
        if let error = error as? LineError { return console.complain(error.description) }
        let failure = Failure(error)
        // An error that ended the session was already reported.
        guard let line = failure.line, !interpreter.link.hasReported(failure) else { return }
        console.complain(line)
    }

    /// Warns the user once before an open transaction is dropped; returns whether it did.
    private func asksFirst() -> Bool {
        guard let transaction = interpreter.link.view.transaction, console.editor != nil, !hasAsked.value else {
            return false
        }
        hasAsked.update { $0 = true }
        console.complain("transaction \(transaction) is open; 'commit' or 'abort' it, or 'quit' again to discard it")
        return true
    }

    // MARK: The prompt

    private var prompt: String {
        Prompt.text(
            interpreter.link.view, delimiter: assembler.value.delimiter, isPaused: console.settings.isPaused,
            palette: console.palette)
    }

    private func keepPrompt(of editor: LineEditor) async {
        var shown = ""
        while !Task.isCancelled {
            let passes = interpreter.events.passes
            let text = prompt
            if text != shown { editor.setPrompt(text) }
            shown = text
            await interpreter.events.wait(after: passes)
        }
    }

    private var options: LineEditor.Options {
        var options = LineEditor.Options(prompt: prompt, visible: { visible($0) })
        options.historyFile = UserFolders.state.map { "\($0)/history" }
        options.isSecret = { HistorySecrets.holds($0) }
        // A body stays together with its line, for editing and for the history.
        options.isComplete = { line in
            var assembler = LineAssembler()
            _ = assembler.append(line)
            return assembler.delimiter == nil
        }
        options.word = { LineCompleter.word(of: $0) }
        options.completer = { [interpreter] request in
            let view = interpreter.link.view
            let names = interpreter.log.names
            return LineCompleter(
                subscriptions: view.subscriptions, destinations: names.destinations, headers: names.headers
            ).completions(of: request)
        }
        return options
    }
}

/// The text before the line being typed, which shows the state of the session.
enum Prompt {
    /// `localhost:8080 2 subs tx-0> `.
    ///
    /// - Parameters:
    ///   - delimiter: the word that ends the body being typed.
    ///   - isPaused: whether messages are not printed.
    static func text(_ view: ReconnectingSession.View, delimiter: String?, isPaused: Bool, palette: Palette) -> String {
        if let delimiter { return "\(delimiter)> " }
        var out = OutputBuffer()
        out.append(view.place, visible: .line)
        let state =
            switch view.phase {
            case .connecting: "connecting"
            case .connected: ""
            case .lost: "lost"
            case .closed: "disconnected"
            }
        if !state.isEmpty {
            out.append(" ")
            out.paint(.error, palette) { $0.append(state) }
        } else if !view.subscriptions.isEmpty {
            out.append(" ")
            out.paint(.incoming, palette) {
                $0.append(view.subscriptions.count == 1 ? "1 sub" : "\(view.subscriptions.count) subs")
            }
        }
        if let transaction = view.transaction {
            out.append(" ")
            out.paint(.outgoing, palette) { $0.append(transaction, visible: .line) }
        }
        if isPaused {
            out.append(" ")
            out.paint(.error, palette) { $0.append("paused") }
        }
        out.append("> ")
        return out.text
    }
}
