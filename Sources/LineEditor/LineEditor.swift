import SystemC

/// A prompt on the terminal: a line to edit at the bottom, and above it whatever is printed meanwhile.
///
///     var options = LineEditor.Options(prompt: "> ", visible: { $0.debugDescription })
///     options.historyFile = "/home/me/.local/state/program/history"
///     let editor = try LineEditor(options)
///     for await event in editor.lines {
///         switch event {
///         case .line(let line): await editor.print(Array("you typed \(line)".utf8))
///         case .interrupt: break
///         case .endOfInput, .failure: await editor.close()
///         }
///     }
///
/// Keys are libedit's, emacs's or vi's by the user's `$EDITRC` or `~/.editrc`, editrc(5); lines there may begin with the
/// program's name and a colon. Besides, Tab completes, Ctrl-R and Ctrl-S search the history, Ctrl-Z stops the process,
/// and what is pasted in several lines stays one line until Enter.
///
/// From `init` to `close` the terminal is the editor's. Everything else goes out by `print`, what is meant for standard
/// error too, as long as that is the same terminal. However the process ends, by `exit`, a signal or a crash, the
/// terminal gets its modes back; SIGKILL alone leaves it as it is, and `_exit` without `restoreTerminal`. A signal that
/// the program handles or ignores itself, before or after `init`, is left to it.
///
/// What the person types or pastes never drives the terminal: control characters in it are shown as `^[`. In a line that
/// is handed out they are what they were. A line has line ends from the person's own keys and pastes alone, never from a
/// completion.
public final class LineEditor: Sendable {
    /// How a line is edited and kept. The closures are called on the editor's own thread while the keyboard waits: they
    /// should look nothing up, and must not wait for the editor.
    public struct Options: Sendable {
        /// What stands before the line. May hold escape sequences for colours (`ESC [ 32 m`); others are shown.
        public var prompt: String
        /// Makes text fit to be shown in a line: what could drive the terminal, end the line or turn it around is
        /// written out. For the labels of completions and the names of files in the editor's own notices.
        public var visible: @Sendable (String) -> String
        /// Where lines are kept between sessions; nowhere by default. The file and its folders are made for their owner
        /// alone (modes 600 and 700). Each line is saved when it is entered, and programs that run at once share the
        /// file. A person is told once that it cannot be written; it is no failure.
        public var historyFile: String?
        /// Lines kept (1000), each of them once, and no more than 4 MiB of them.
        public var historyLimit = 1000
        /// Whether a line must not get into the history, neither the file's nor that of this session (no).
        public var isSecret: @Sendable (String) -> Bool = { _ in false }
        /// The word that Tab completes, given the line up to the cursor, which ends with it (what follows the last blank).
        public var word: @Sendable (String) -> String = { CompletionRequest.lastWord(of: $0) }
        /// The candidates for that word (none). Those that do not begin with it are left out, and those with controls,
        /// line ends or invisible characters; one goes in with its suffix, several up to where they differ, and their
        /// labels are listed above, as ``visible`` shows them.
        public var completer: @Sendable (CompletionRequest) -> [Completion] = { _ in [] }
        /// Whether Enter ends this line (always). If not it begins a new row, and the line that is handed out in the end
        /// holds a newline there: for a body that goes on up to a word of its own.
        public var isComplete: @Sendable (String) -> Bool = { _ in true }
        /// The program's name in `.editrc` (`stomptap`).
        public var name = "stomptap"
        /// The longest paste in bytes, and the longest line in characters that one may make (1 MiB). More is refused,
        /// and the person told.
        public var pasteLimit = 1 << 20

        public init(prompt: String, visible: @escaping @Sendable (String) -> String) {
            self.prompt = prompt
            self.visible = visible
        }
    }

    /// What the person does, for one reader. It ends after `close`, and when the terminal is gone.
    ///
    /// Up to 256 lines, or 1 MiB of them, wait to be taken; then the keyboard waits, all but Ctrl-C.
    public var lines: LineEvents { LineEvents(channel: mailbox.events, sender: self) }

    private let mailbox: EditorMailbox
    private let output: Int32

    /// Takes the terminal on standard input and output, and shows the prompt.
    ///
    /// - Throws: `LineEditorError.notATerminal` where one of them is none, `.terminalTooSimple` where the terminal
    ///   cannot move its cursor (`TERM=dumb`): `PlainLineReader` reads lines there. `.alreadyOpen` where an editor has not
    ///   been closed yet, `.system` where the system refuses something.
    public init(_ options: Options) throws(LineEditorError) {
        guard TerminalSignals.acquire() else {
            throw LineEditorError.alreadyOpen
        }
        do throws(LineEditorError) {
            let terminal = try Terminal(input: 0, output: 1)
            let editline = try UTF8Locale.with { () throws(LineEditorError) in
                try Editline(name: options.name, modes: terminal.original)
            }
            guard editline.canMoveCursor else {
                throw LineEditorError.terminalTooSimple
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
    /// Returns when the bytes are queued, in order, not when they are seen; `close` prints what is left. Waits while
    /// more than 256 KiB have not been printed yet: some 2 MB are printed in a second, in pieces between which keys are
    /// echoed. What is printed after `close` goes out as well.
    ///
    /// - Parameter bytes: UTF-8, tabs, newlines and escape sequences for colours; nothing that moves the cursor. They
    ///   go to the terminal as they are: what comes from elsewhere has to be escaped before. They are written in one go:
    ///   something longer than a few hundred kilobytes keeps the keyboard waiting.
    public func print(_ bytes: [UInt8]) async {
        guard !bytes.isEmpty else { return }
        let item = Self.withNewline(bytes)
        if await !mailbox.output.add(item) { _ = writeAll(item, to: output) }
    }

    /// Prints, as `print` does, if that can be done without waiting. False where nothing was printed: at more than a
    /// terminal shows, count what is left out and tell its number.
    public func printIfRoom(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        let item = Self.withNewline(bytes)
        switch mailbox.output.offer(item) {
        case .added: return true
        case .full: return false
        case .closed: return writeAll(item, to: output)
        }
    }

    /// Changes the prompt, also that of the line being typed, at once.
    public func setPrompt(_ text: String) {
        mailbox.setPrompt(text)
    }

    /// Lends the terminal, in its own modes, to another program for as long as `body` takes, such as the person's text
    /// editor. The line being typed comes back afterwards.
    ///
    /// What is printed meanwhile waits, and so does whoever prints more than 256 KiB: `body` must not `print` much.
    public func withTerminalReleased<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async rethrows -> Result {
        await mailbox.borrow()
        defer { mailbox.giveBack() }
        return try await body()
    }

    /// Prints what is left, takes the prompt and the line being typed off the screen and gives the terminal back. `lines`
    /// ends. Harmless a second time.
    public func close() async {
        mailbox.requestClose()
        await mailbox.waitUntilClosed()
    }

    /// Gives the terminal its modes back, for a program that is about to call `_exit`. Harmless where no editor is open.
    public static func restoreTerminal() { TerminalSignals.restoreTerminal() }

    private static func withNewline(_ bytes: [UInt8]) -> [UInt8] {
        bytes.last == UInt8(ascii: "\n") ? bytes : bytes + [UInt8(ascii: "\n")]
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

/// What a person at the prompt, or a script, did.
public enum LineEvent: Sendable, Equatable {
    /// A line, without the newline that ended it. One that was pasted, or was not complete, holds newlines of its own.
    case line(String)
    /// Ctrl-C: the line being typed was cleared, and lines not yet taken from the stream are gone.
    case interrupt
    /// Ctrl-D on an empty line, or the end of the input. A `LineEditor` goes on until it is closed, unless its terminal
    /// is gone: then the stream ends.
    case endOfInput
    /// The input cannot be read any further. The stream ends after it.
    case failure(LineEditorError)
}

/// Lines and keys as they come; the end is an editor or a reader that was closed.
///
/// For one reader: two iterators share the events between them.
public struct LineEvents: AsyncSequence, Sendable {
    public typealias Element = LineEvent
    public typealias Failure = Never

    let channel: EventChannel
    /// Whoever sends the events: it goes on for as long as somebody may take them.
    let sender: any AnyObject & Sendable

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(channel: channel, sender: sender) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let channel: EventChannel
        let sender: any AnyObject & Sendable

        /// The next event; nil at the end and when the task is cancelled.
        public mutating func next() async -> LineEvent? { await channel.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async -> LineEvent? {
            await channel.next()
        }
    }
}
