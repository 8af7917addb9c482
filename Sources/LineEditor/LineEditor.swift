/// A prompt on the terminal: a line to edit at the bottom, and above it whatever is printed meanwhile.
///
/// Keys are libedit's, emacs's or vi's by the user's `~/.editrc` (lines there may begin with the program's name and a
/// colon). Besides, Tab completes, Ctrl-R searches the history, what is pasted in several lines stays one line until
/// Enter, Ctrl-Z stops the process. From `init` to `close` the terminal is the editor's: all else has to be printed by
/// `print`. However the process ends, the terminal gets its modes back.
public final class LineEditor: Sendable {
    public struct Options: Sendable {
        /// May hold escape sequences for colours.
        public var prompt: String
        /// Where lines are kept between sessions: made, with its folders, for its owner alone. None by default.
        public var historyFile: String?
        /// Lines kept (1000).
        public var historyLimit = 1000
        /// Whether a line must not get into the history. Called on the editor's thread, like `completer`.
        public var isSecret: @Sendable (String) -> Bool = { _ in false }
        /// The candidates for the word before the cursor. The keyboard waits for it: it should look nothing up.
        public var completer: @Sendable (CompletionRequest) -> [Completion] = { _ in [] }
        /// Whether Enter ends the line (always): if not, it begins a new row of it. Called on the editor's thread.
        public var isComplete: @Sendable (String) -> Bool = { _ in true }
        /// The program's name in `.editrc`.
        public var name = "stomptap"
        /// The longest line that pasting may make (1 MiB). More is refused, and the person told.
        public var pasteLimit = 1 << 20

        public init(prompt: String) {
            self.prompt = prompt
        }
    }

    /// What the person does.
    public var lines: LineEvents { LineEvents(channel: mailbox.events, sender: self) }

    private let mailbox: EditorMailbox
    private let output: Int32

    /// Takes the terminal on standard input and output, and shows the prompt.
    ///
    /// - Throws: `LineEditorError` where there is none, or one that cannot move its cursor (`TERM=dumb`), or another
    ///   editor has it: `PlainLineReader` then does.
    public init(_ options: Options) throws(LineEditorError) {
        guard TerminalSignals.acquire() else {
            throw LineEditorError(.alreadyOpen, "the terminal is being edited on already")
        }
        do throws(LineEditorError) {
            let terminal = try Terminal(input: 0, output: 1)
            let editline = try UTF8Locale.with { () throws(LineEditorError) in
                try Editline(name: options.name, modes: terminal.original)
            }
            guard editline.canMoveCursor else {
                throw LineEditorError(.terminalTooSimple, "this kind of terminal cannot move its cursor")
            }
            mailbox = try EditorMailbox(prompt: options.prompt)
            output = terminal.output
            let thread = Handover(
                EditorThread(options: options, terminal: terminal, editline: editline, mailbox: mailbox))
            try startThread { thread.value.run() }
        } catch {
            TerminalSignals.release()
            throw error
        }
    }

    deinit {
        mailbox.requestClose()
    }

    /// Prints above the line being typed, which stays as it is; a newline at the end is added where it is missing.
    ///
    /// Waits while more than 256 KiB have not been printed yet. What is printed after `close` goes out as well.
    ///
    /// - Parameter octets: UTF-8 and escape sequences for colours; nothing that moves the cursor. They are written in
    ///   one go: something longer than a few hundred kilobytes keeps the keyboard waiting.
    public func print(_ octets: [UInt8]) async {
        guard !octets.isEmpty else { return }
        let item = Self.withNewline(octets)
        if await !mailbox.output.add(item) { _ = writeAll(item, to: output) }
    }

    /// Prints if that can be done without waiting. False where nothing was printed.
    public func printIfRoom(_ octets: [UInt8]) -> Bool {
        guard !octets.isEmpty else { return true }
        let item = Self.withNewline(octets)
        switch mailbox.output.offer(item) {
        case .added: return true
        case .full: return false
        case .closed: return writeAll(item, to: output)
        }
    }

    /// Changes the prompt, also that of the line being typed.
    public func setPrompt(_ text: String) {
        mailbox.setPrompt(text)
    }

    /// Lends the terminal, in its own modes, to another program for as long as `body` takes.
    ///
    /// What is printed meanwhile waits.
    public func withTerminalReleased<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async rethrows -> Result {
        await mailbox.borrow()
        defer { mailbox.giveBack() }
        return try await body()
    }

    /// Prints what is left, takes the prompt off the screen and gives the terminal back. `lines` ends.
    public func close() async {
        mailbox.requestClose()
        await mailbox.waitUntilClosed()
    }

    private static func withNewline(_ octets: [UInt8]) -> [UInt8] {
        octets.last == UInt8(ascii: "\n") ? octets : octets + [UInt8(ascii: "\n")]
    }
}

/// Hands an object over to a thread.
///
/// `@unchecked Sendable`: `value` is made by one thread and, from the moment the box is captured by the body of the new
/// thread, used by that one alone; starting a thread orders the two.
private struct Handover<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
