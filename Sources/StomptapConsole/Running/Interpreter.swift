import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// Runs the commands of lines, one after the other.
final class Interpreter: Sendable {
    enum Outcome: Sendable, Equatable {
        case done, quit
    }

    let link: ReconnectingSession
    let log: MessageLog
    let feed: LivePrinter
    let console: Console
    let events: ChangeSignal
    /// The trace of all connections.
    let trace: CommandTrace
    /// How to reach another server.
    let reconnection: @Sendable (_ url: String) throws -> Reconnection
    /// The last text written in the text editor.
    let draft = Shared("")

    init(
        link: ReconnectingSession, log: MessageLog, feed: LivePrinter, console: Console, events: ChangeSignal,
        trace: CommandTrace,
        reconnection: @escaping @Sendable (_ url: String) throws -> Reconnection
    ) {
        self.link = link
        self.log = log
        self.feed = feed
        self.console = console
        self.events = events
        self.trace = trace
        self.reconnection = reconnection
    }

    /// - Throws: ``Failure``, an error of the lower modules, or `CancellationError`.
    func run(_ command: LineCommand) async throws -> Outcome {
        switch command {
        case .subscribe(let destination, let id, let ack, let headers):
            try await subscribe(to: destination, id: id, ack: ack, headers: headers)
        case .unsubscribe(let name, let headers): try await unsubscribe(name, headers: headers)
        case .listSubscriptions: try await console.print(subscriptionLines)
        case .send(let outgoing, let body): try await send(outgoing, try bytes(of: body))
        case .edit(let outgoing): try await edit(outgoing)
        case .acknowledge(let reference, let isPositive): try await acknowledge(reference, isPositive: isPositive)
        case .begin(let id): try await begin(id)
        case .commit: try await endTransaction(commits: true)
        case .abort: try await endTransaction(commits: false)
        case .raw(let body): try await sendRaw(body)
        case .ping(let payload): try await ping(payload)
        case .close(let code, let reason): try await close(code: code, reason: reason)
        case .show(let range): try await show(range)
        case .save(let file): try await save(file)
        case .grep(let pattern): try await grep(pattern)
        case .set(let setting): try await set(setting)
        case .pause: pause()
        case .resume: resume()
        case .status: try await printStatus()
        case .reconnect: try await reconnect()
        case .disconnect: try await disconnect()
        case .connect(let url): try await connect(to: url)
        case .help(let name):
            try await console.print(LineHelp.text(name, width: Terminal.width(STDOUT_FILENO) ?? LineHelp.width))
        case .wait(let count, let timeout): try await wait(count, timeout)
        case .expect(let pattern, let timeout): try await expect(pattern, timeout)
        case .sleep(let time): try await sleep(time)
        case .quit: return .quit
        }
        return .done
    }

    /// The current connection; a script waits for one that is being opened.
    func connection() async throws -> STOMPConnection {
        if !console.isInteractive { try await link.settled() }
        return try link.connection()
    }
}

extension Interpreter {
    func show(_ range: MessageRange) async throws {
        let messages = log.messages(range)
        guard !messages.isEmpty else {
            let kept = log.kept
            guard let first = kept.first, let last = kept.last else {
                throw Failure(.badInput, "show: no message received")
            }
            throw Failure(
                .badInput,
                first.number == last.number
                    ? "show: only message #\(first.number) is kept"
                    : "show: only messages #\(first.number) to #\(last.number) are kept")
        }
        try await console.print(messages)
        if console.showsMessages { try await link.acknowledge(messages) }
    }

    /// A line for each message whose body matches.
    func grep(_ pattern: BodyPattern) async throws {
        let kept = log.kept
        let matching = try await BodyPattern.search {
            kept.filter { pattern.matches($0.message.frame) }
        }
        guard !matching.isEmpty else { throw Failure(.failed, "grep: no kept message matches \(pattern)") }
        var rows: [[String]] = []
        for logged in matching {
            let body = String(decoding: logged.message.body.readableBytesView.prefix(200), as: UTF8.self)
            rows.append(["#\(logged.number)", logged.message.destination ?? "", body])
        }
        try await console.print(Columns.text(rows, limit: Terminal.width(STDOUT_FILENO) ?? 80))
    }

    func save(_ file: String) async throws {
        let kept = log.kept
        let mask = console.mask
        try await BlockingThread.output.run {
            try OutputFile.write(FilePath.expanded(file), mode: 0o600) { out in
                var renderer = MessageRenderer(form: .json, style: OutputStyle(mask: mask))
                for logged in kept { renderer.append(logged.message.frame, at: logged.message.receivedAt, to: &out) }
            }
        }
        console.note("\(kept.count == 1 ? "1 message" : "\(kept.count) messages") saved to \(file)")
    }

    /// Updates which messages the trace can omit because they are printed.
    func updateTrace() { trace.leaveOut(console.traceOmission) }

    func pause() {
        console.update { $0.isPaused = true }
        updateTrace()
        // The prompt shows the paused state.
        events.pass()
        console.note("printing is paused, messages are counted; use 'resume' to continue")
    }

    func resume() {
        guard console.settings.isPaused else { return console.note("printing is not paused") }
        console.update { $0.isPaused = false }
        updateTrace()
        events.pass()
        let (count, unacknowledged) = feed.takePaused()
        let held = unacknowledged == 0 ? "" : "; \(unacknowledged) not acknowledged until shown"
        console.note(
            count == 0
                ? "no messages while paused"
                : "received \(Readable.count(count)) while paused; 'show last \(count)' prints them\(held)")
    }

    func set(_ setting: LineSetting?) async throws {
        defer { updateTrace() }
        switch setting {
        case nil: return try await console.print(settingLines)
        case .output(let name):
            console.update {
                $0.form = name.form()
                $0.formName = name.rawValue
            }
        case .format(let template):
            let format = try FormatTemplate(template)
            console.update {
                $0.form = .format(format)
                $0.formName = "format \(template)"
            }
        case .charset(let name): console.update { $0.bodies.charset = name }
        case .timestamps(let style): console.update { $0.timestamps = style }
        case .color(let choice): console.update { $0.color = choice }
        case .verbose(let level):
            console.update { $0.verbose = level }
            trace.show(WireEvent.Detail(rawValue: level))
            if level == 3 { console.note("hex is shown for connections opened from now on") }
        }
    }

    private var settingLines: String {
        let settings = console.settings
        return Columns.text([
            ["output", settings.formName], ["charset", settings.bodies.charset ?? "none"],
            ["timestamps", settings.timestamps.rawValue],
            ["verbose", "\(settings.verbose)"], ["color", settings.color.rawValue],
        ])
    }
}
