import SystemC

/// A prompt on the terminal: a line to edit at the bottom, with output printed above it.
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
/// The keys are libedit's, in emacs or vi mode according to the user's `$EDITRC` or `~/.editrc`, see editrc(5);
/// lines there may begin with the program's name and a colon. In addition, Tab completes, Ctrl-R and Ctrl-S search
/// the history, Ctrl-Z stops the process, and a paste of several lines stays one line until Enter.
///
/// From `init` to `close`, only the editor may use the terminal. Print everything else with `print`, including text
/// for standard error if that is the same terminal. However the process ends, by `exit`, a signal or a crash, the
/// terminal's modes are restored, except after SIGKILL, and after `_exit` without `restoreTerminal`. The editor does
/// not touch a signal that the program handles or ignores itself, before or after `init`.
///
/// Text that the user types or pastes never controls the terminal: control characters in it are shown as `^[`. The
/// lines that are returned contain them unchanged. Newlines in a line come only from the user's keys and pastes,
/// never from a completion.
public final class LineEditor: Sendable {
    /// The settings for editing and saving lines. The closures are called on the editor's thread while the keyboard
    /// waits: they should do no slow lookups, and must not wait for the editor.
    public struct Options: Sendable {
        /// The text before the line. It may contain escape sequences for colours (`ESC [ 32 m`); others are shown.
        public var prompt: String
        /// Escapes text so that it is safe in a line: everything that could control the terminal, end the line or
        /// change its direction. Used for the labels of completions and for file names in the editor's messages.
        public var visible: @Sendable (String) -> String
        /// The file that keeps lines between sessions; none by default. The file and its folders are created for
        /// their owner only (modes 600 and 700). Each line is saved when it is entered, and concurrent programs
        /// share the file. If it cannot be written, the user is told once; this is not an error.
        public var historyFile: String?
        /// The number of lines kept (1000), without duplicates and at most 4 MiB in total.
        public var historyLimit = 1000
        /// Whether a line must be kept out of the history, both the file and this session's (no).
        public var isSecret: @Sendable (String) -> Bool = { _ in false }
        /// Returns the word that Tab completes, which must be the end of the line up to the cursor (the text after
        /// the last space).
        public var word: @Sendable (String) -> String = { CompletionRequest.lastWord(of: $0) }
        /// Returns the candidates for that word (none). Candidates are ignored if they do not begin with the word,
        /// or contain control characters, line ends or invisible characters. A single candidate is inserted with its
        /// suffix. Of several, the common prefix is inserted, and their labels are listed above, escaped by
        /// ``visible``.
        public var completer: @Sendable (CompletionRequest) -> [Completion] = { _ in [] }
        /// Whether Enter ends this line (always). If not, Enter starts a new row, and the returned line contains a
        /// newline there: for a body that goes on until a terminating word.
        public var isComplete: @Sendable (String) -> Bool = { _ in true }
        /// The program's name in `.editrc` (`stomptap`).
        public var name = "stomptap"
        /// The longest paste in bytes, and the longest line in characters that a paste may produce (1 MiB). Longer
        /// ones are rejected with a message.
        public var pasteLimit = 1 << 20

        public init(prompt: String, visible: @escaping @Sendable (String) -> String) {
            self.prompt = prompt
            self.visible = visible
        }
    }

    /// The user's input, for one reader. It ends after `close`, and when the terminal is gone.
    ///
    /// Up to 256 lines, or 1 MiB of them, are queued; then the keyboard waits, except for Ctrl-C.
    public var lines: LineEvents { LineEvents(channel: mailbox.events, sender: self) }

    private let mailbox: EditorMailbox
    private let output: Int32

    /// Opens the editor on the terminal of standard input and output, and shows the prompt.
    ///
    /// - Throws: `LineEditorError.notATerminal` if one of them is not a terminal. `.terminalTooSimple` if the
    ///   terminal cannot move its cursor (`TERM=dumb`); use `PlainLineReader` there. `.alreadyOpen` if another
    ///   editor has not been closed yet. `.system` if a system call fails.
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

    /// Prints above the line being edited, which is unchanged; a missing newline at the end is added.
    ///
    /// Returns when the bytes are queued, in order, not when they are visible; `close` prints the rest. Waits while
    /// more than 256 KiB are queued. About 2 MB are printed a second, in pieces between which keys are echoed.
    /// Output after `close` is printed too.
    ///
    /// - Parameter bytes: UTF-8, tabs, newlines and escape sequences for colours; nothing that moves the cursor.
    ///   They are written unchanged: escape untrusted text before. They are written at once: more than a few hundred
    ///   kilobytes delay the keyboard.
    public func print(_ bytes: [UInt8]) async {
        guard !bytes.isEmpty else { return }
        let item = Self.withNewline(bytes)
        if await !mailbox.output.add(item) { _ = writeAll(item, to: output) }
    }

    /// Prints like `print` if this is possible without waiting. Returns false if nothing was printed: if output is
    /// too fast for the terminal, count what is left out and print the count.
    public func printIfRoom(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        let item = Self.withNewline(bytes)
        switch mailbox.output.offer(item) {
        case .added: return true
        case .full: return false
        case .closed: return writeAll(item, to: output)
        }
    }

    /// Changes the prompt at once, also for the line being edited.
    public func setPrompt(_ text: String) {
        mailbox.setPrompt(text)
    }

    /// Releases the terminal, in its original modes, to another program while `body` runs, such as the user's text
    /// editor. The line being edited is restored afterwards.
    ///
    /// Output waits meanwhile, and so does a task that prints more than 256 KiB: `body` must not `print` much.
    public func withTerminalReleased<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async rethrows -> Result {
        await mailbox.borrow()
        defer { mailbox.giveBack() }
        return try await body()
    }

    /// Prints the rest of the output, erases the prompt and the line being edited, and restores the terminal.
    /// `lines` ends. A second call does nothing.
    public func close() async {
        mailbox.requestClose()
        await mailbox.waitUntilClosed()
    }

    /// Restores the terminal's modes, for a program that is about to call `_exit`. Does nothing if no editor is
    /// open.
    public static func restoreTerminal() { TerminalSignals.restoreTerminal() }

    private static func withNewline(_ bytes: [UInt8]) -> [UInt8] {
        bytes.last == UInt8(ascii: "\n") ? bytes : bytes + [UInt8(ascii: "\n")]
    }
}

/// Passes an object to a new thread.
///
/// `@unchecked Sendable`: one thread creates `value`. Once the body of the new thread has captured the box, only
/// that thread uses it; starting a thread orders the two.
private struct Handover<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// An event from a user at the prompt, or from a script.
public enum LineEvent: Sendable, Equatable {
    /// A line, without the newline that ended it. A pasted or multi-row line contains newlines of its own.
    case line(String)
    /// Ctrl-C: the line being edited was cleared, and lines that were not read from the stream yet were dropped.
    case interrupt
    /// Ctrl-D on an empty line, or the end of the input. A `LineEditor` continues until it is closed; if its
    /// terminal is gone, the stream ends.
    case endOfInput
    /// The input cannot be read any more. The stream ends after it.
    case failure(LineEditorError)
}

/// The stream of lines and keys; it ends when the editor or reader is closed.
///
/// Use only one iterator: two would share the events between them.
public struct LineEvents: AsyncSequence, Sendable {
    public typealias Element = LineEvent
    public typealias Failure = Never

    let channel: EventChannel
    /// The sender of the events, kept alive while the events can be read.
    let sender: any AnyObject & Sendable

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(channel: channel, sender: sender) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let channel: EventChannel
        let sender: any AnyObject & Sendable

        /// The next event; nil at the end and if the task is cancelled.
        public mutating func next() async -> LineEvent? { await channel.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async -> LineEvent? {
            await channel.next()
        }
    }
}
