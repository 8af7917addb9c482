import CEditLine
import SystemC

/// The editor's own thread: it alone reads the keyboard, owns libedit and writes to the terminal.
///
/// It sleeps in poll(2) inside libedit's wish for a character, and does everything else there as well: what is printed
/// goes above the line in pieces of bounded size, and between two of them the keyboard has its turn.
final class EditorThread {
    /// Output written in one go, in octets; a longer item is written whole.
    private static let pieceSize = 32 << 10
    /// Between two pieces the line is to be seen, for at least as long and as long as a piece took to write: some
    /// 2 MB/s, or half of what a slow terminal can do, is the most that is printed.
    private static let pause = Duration.milliseconds(16)
    /// Keys read ahead of lines that nobody takes.
    private static let keyLimit = 64 << 10

    /// Why the line being edited is given up.
    enum Abort { case interrupt, close, hangUp }

    let options: LineEditor.Options
    let editline: Editline
    let mailbox: EditorMailbox
    let terminal: Terminal
    var screen: Screen
    var history = History(limit: 0)
    var historyFile: HistoryFile?
    var decoder: KeyDecoder
    /// Keys not taken yet, the next one last.
    var keys: [KeyDecoder.Key] = []
    /// What of the last key libedit has not taken yet, the next character last.
    var characters: [Unicode.Scalar] = []
    var paste: (text: [Unicode.Scalar], offered: Int)?
    /// Shown in place of libedit's line: a search.
    var overlay: EditedLine?
    var abort: Abort?
    var historyTrouble: LineEditorError?
    private var nextPiece = ContinuousClock.now
    /// When half a key is taken for what it looks like.
    var keyDeadline: ContinuousClock.Instant?

    init(
        options: LineEditor.Options, terminal: Terminal, editline: Editline, mailbox: EditorMailbox
    ) {
        self.options = options
        self.terminal = terminal
        self.editline = editline
        self.mailbox = mailbox
        decoder = KeyDecoder(signals: terminal.signalKeys, pasteLimit: options.pasteLimit)
        screen = Screen(size: terminal.size, reflows: Terminal.reflowsLines)
    }

    func run() {
        unblockSignals()
        editline.callbacks = Editline.Callbacks(
            nextCharacter: { [unowned self] in nextCharacter() },
            complete: { [unowned self] in complete() },
            search: { [unowned self] in search() },
            paste: { [unowned self] in insertPaste() })
        UTF8Locale.with {
            loadHistory()
            takeTerminal()
            while editLine() {}
            close()
        }
    }

    // MARK: Lines

    /// Edits one line. False at the end of the editor.
    private func editLine() -> Bool {
        let outcome = editline.readLine()
        overlay = nil
        characters = []
        paste = nil
        switch (abort, outcome) {
        case (.interrupt, _):
            abort = nil
            mailbox.events.sendInterrupt()
        case (.close, _): return false
        case (.hangUp, _):
            mailbox.events.send(.endOfInput)
            return false
        case (nil, .line(let text)):
            leave(text)
            let line = String(String.UnicodeScalarView(text))
            remember(line)
            mailbox.events.send(.line(line))
        case (nil, .endOfFile):
            leave(editline.line.text)
            mailbox.events.send(.endOfInput)
        case (nil, .aborted):
            // Half a key sequence can make libedit give up. The line goes on.
            paste = (editline.line.text, 0)
        }
        return true
    }

    /// Leaves the line on the screen as it was, and begins a new one below.
    func leave(_ text: [Unicode.Scalar]) {
        screen.leave(EditedLine(prompt: mailbox.prompt, text: text, cursor: text.count))
        flush()
    }

    var currentLine: EditedLine {
        if let overlay { return overlay }
        let (text, cursor) = editline.line
        return EditedLine(prompt: mailbox.prompt, text: text, cursor: cursor)
    }

    // MARK: Waiting

    /// Waits for a key, and does meanwhile what else there is to do. Nil where the line is to be given up.
    func nextKey() -> KeyDecoder.Key? {
        while abort == nil {
            attend()
            if abort != nil { break }
            if mailbox.events.hasRoom, let key = keys.popLast() { return key }
            screen.draw(currentLine)
            flush()
            wait()
        }
        return nil
    }

    /// Sleeps until a key, output or a request comes, and takes the keys or prints a piece of the output.
    private func wait() {
        let hasOutput = !mailbox.output.isEmpty
        let deadline = [keyDeadline, hasOutput ? nextPiece : nil].compactMap(\.self).min()
        let timeout = deadline.map { max(0, ($0 - .now).milliseconds) } ?? -1
        var requests = [
            pollfd(fd: mailbox.pipe.readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: keys.count < Self.keyLimit ? terminal.input : -1, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&requests, 2, timeout)
        if requests[0].revents != 0 { mailbox.pipe.drain() }
        if requests[1].revents != 0 {
            guard let octets = terminal.read() else {
                abort = .hangUp
                return
            }
            decoder.feed(octets)
            takeKeys()
            return
        }
        if let keyDeadline, keyDeadline <= .now {
            decoder.timeOut()
            takeKeys()
        }
        if hasOutput, nextPiece <= .now { printPiece() }
    }

    private func printPiece() {
        let start = ContinuousClock.now
        screen.erase()
        screen.output += mailbox.output.take(Self.pieceSize)
        screen.draw(currentLine)
        flush()
        let end = ContinuousClock.now
        nextPiece = end + max(Self.pause, end - start)
    }
}
