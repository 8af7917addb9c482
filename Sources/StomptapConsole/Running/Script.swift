import LineEditor
import STOMPClient
import StomptapOutput
import StomptapRuntime

/// Runs lines without a person: the first that fails ends it, unless it keeps going.
struct Script {
    let interpreter: Interpreter
    let keepsGoing: Bool
    private var failure: Failure?

    init(interpreter: Interpreter, keepsGoing: Bool) {
        self.interpreter = interpreter
        self.keepsGoing = keepsGoing
    }

    /// Runs lines that are known before.
    ///
    /// - Throws: ``Failure`` of the first line that failed, or of the session.
    mutating func run(_ items: [LineAssembler.Item]) async throws {
        for item in items {
            guard try await run(item) else { break }
        }
        try finish()
    }

    /// Runs lines as they come on stdin.
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
        // No line is waited for once nothing can be done with it.
        let watch = Task { [link = interpreter.link, events = interpreter.events] in
            _ = try await events.wait { link.hasFailed ? true : nil }
            reader.close()
        }
        defer { watch.cancel() }
        var assembler = LineAssembler()
        reading: for await event in reader.lines {
            switch event {
            case .line(let line):
                // Files of other systems.
                for item in assembler.take(line.hasSuffix("\r") ? String(line.dropLast()) : line) {
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

    /// False where nothing more is to be run.
    private mutating func run(_ item: LineAssembler.Item) async throws -> Bool {
        do {
            return try await interpreter.run(try item.command.get()) == .done
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try fail(told(error, item))
            return true
        }
    }

    /// - Throws: this failure, unless the script keeps going.
    private mutating func fail(_ failure: Failure) throws {
        self.failure = self.failure ?? failure
        guard keepsGoing else { throw failure }
        if let line = failure.line { Diagnostics.fail(line) }
    }

    private func told(_ error: any Error, _ item: LineAssembler.Item) -> Failure {
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
                    "STOMP: transaction \(transaction) is open at the end, and nothing of it has happened: 'commit' makes it happen, 'abort' forgets it"
                ))
        }
        // Each line was told as it failed.
        if let failure { throw Failure(failure.status, nil) }
        if interpreter.link.hasFailed, let failure = interpreter.link.failure { throw failure }
        if let absence = interpreter.link.absence { throw absence }
    }
}
