import CEditLine
import SystemC

/// The editor's thread. Only this thread reads the keyboard, uses libedit and writes to the terminal.
///
/// It sleeps in poll(2) when libedit asks for a character, and does all other work there too. Output is printed
/// above the line in pieces of bounded size, and keys are handled between two pieces.
final class EditorThread {
    /// The size of a piece of output, in bytes; a longer item is written whole.
    private static let pieceSize = 32 << 10
    /// The minimum time between two pieces, so that the line is visible; it is at least the time that the last piece
    /// took to write. This limits output to about 2 MB/s, or half the speed of a slow terminal.
    private static let pause = Duration.milliseconds(16)
    /// The number of keys that are read ahead while the program does not read lines.
    private static let keyLimit = 64 << 10

    /// Why editing the line is aborted.
    enum Abort { case interrupt, close, hangUp }

    let options: LineEditor.Options
    let editline: Editline
    let mailbox: EditorMailbox
    let terminal: Terminal
    var screen: Screen
    var history = History(limit: 0)
    var historyFile: HistoryFile?
    var decoder: KeyDecoder
    /// Keys that were not processed yet, the next one last.
    var keys: [KeyDecoder.Key] = []
    /// The characters of the last key that libedit has not read yet, the next one last.
    var characters: [Unicode.Scalar] = []
    var paste: (text: [Unicode.Scalar], offered: Int)?
    /// Shown instead of libedit's line, during a search.
    var overlay: EditedLine?
    var abort: Abort?
    var historyTrouble: LineEditorError?
    private var nextPiece = ContinuousClock.now
    /// When an incomplete key sequence is processed as separate keys.
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
            saveHistory()
            close()
        }
    }

    // MARK: Lines

    /// Edits one line. Returns false when the editor ends.
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
            // An incomplete key sequence can make libedit abort. Continue with the same line.
            paste = (editline.line.text, 0)
        }
        return true
    }

    /// Leaves the line on the screen as it is, and starts a new one below.
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

    /// Waits for a key, and does all other pending work meanwhile. Returns nil if the line is aborted.
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

    /// Sleeps until a key, output or a request arrives; reads the keys or prints a piece of the output.
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
            guard let bytes = terminal.read() else {
                abort = .hangUp
                return
            }
            decoder.feed(bytes)
            fetchKeys()
            return
        }
        if let keyDeadline, keyDeadline <= .now {
            decoder.timeOut()
            fetchKeys()
        }
        if hasOutput, nextPiece <= .now { printPiece() }
    }

    private func printPiece() {
        let start = ContinuousClock.now
        screen.erase()
        screen.output += mailbox.output.dequeue(Self.pieceSize)
        screen.draw(currentLine)
        flush()
        let end = ContinuousClock.now
        nextPiece = end + max(Self.pause, end - start)
    }
}

/// Features that libedit does not provide: completion, and the history on disk.
extension EditorThread {
    func complete() {
        let (text, cursor) = editline.line
        let line = String(String.UnicodeScalarView(text[..<cursor]))
        let request = CompletionRequest(line: line, word: options.word(line))
        switch CompletionAnswer(word: request.word, candidates: options.completer(request)) {
        case .nothing: bell()
        case .replace(let word): replaceWord(request.word, with: word)
        case .list(let labels): list(labels)
        case .replaceAndList(let word, let labels):
            replaceWord(request.word, with: word)
            list(labels)
        }
    }

    private func replaceWord(_ old: String, with new: String) {
        editline.deleteBackward(old.unicodeScalars.count)
        editline.insert(Array(new.unicodeScalars))
    }

    private func list(_ labels: [String]) {
        let size = screen.size
        let labels = labels.map(options.visible)
        for line in columnList(labels, columns: size.columns, rows: max(1, size.rows - 3)) { notice(line) }
    }

    func loadHistory() {
        history = History(limit: options.historyLimit)
        guard let path = options.historyFile else { return }
        let file = HistoryFile(path: path, limit: options.historyLimit)
        historyFile = file
        do throws(LineEditorError) {
            history = try file.load()
            editline.setHistory(history.lines)
        } catch { complain(error) }
    }

    func remember(_ line: String) {
        if line.allSatisfy(\.isWhitespace) || options.isSecret(line) { return }
        history.add(line)
        editline.setHistory(history.lines)
        do throws(LineEditorError) {
            try historyFile?.add(line)
        } catch { complain(error) }
    }

    /// Saves the lines that could not be saved when they were typed.
    private func saveHistory() {
        do throws(LineEditorError) {
            try historyFile?.flush()
        } catch { complain(error) }
    }

    /// Prints once why the history cannot be saved.
    private func complain(_ error: LineEditorError) {
        if historyTrouble == nil { notice("history: \(error)") }
        historyTrouble = error
    }
}

/// Turns keyboard input into characters for libedit.
extension EditorThread {
    /// The next character for libedit to read.
    func nextCharacter() -> Unicode.Scalar? {
        editline.repairLine()
        while characters.isEmpty {
            // libedit did not run the paste command, for example because the character followed an incomplete
            // sequence.
            if let again = paste, again.offered < 3 { return offer(again.text, times: again.offered + 1) }
            paste = nil
            guard let key = nextKey() else { return nil }
            switch key {
            case .character("\r") where !isComplete, .character("\n") where !isComplete:
                return offer(["\n"], times: 1)
            case .character(let character): return character
            case .paste(let text): return offer(text, times: 1)
            case .special(let key, let sequence): characters = editline.characters(for: key, sequence: sequence)
            case .sequence(let sequence): characters = editline.characters(for: nil, sequence: sequence)
            case .pasteTooLong(let size): refusePaste(size)
            case .interrupt, .suspend, .quit: break
            }
            characters.reverse()
        }
        return characters.popLast()
    }

    private var isComplete: Bool {
        options.isComplete(String(String.UnicodeScalarView(editline.line.text)))
    }

    private func offer(_ text: [Unicode.Scalar], times: Int) -> Unicode.Scalar {
        paste = (text, times)
        return Editline.pasteCharacter
    }

    func insertPaste() {
        guard let text = paste?.text else { return }
        paste = nil
        let size = editline.line.text.count + text.count
        if size > options.pasteLimit { return refusePaste(size) }
        editline.insert(text)
    }

    private func refusePaste(_ size: Int) {
        notice("not pasted: \(size) bytes; a line has at most \(options.pasteLimit)")
    }

    /// Puts back a key that was not meant for the caller.
    func putBack(_ key: KeyDecoder.Key) {
        keys.append(key)
    }

    /// Fetches the complete keys; keys that send signals take effect at once.
    func fetchKeys() {
        let timeout: Duration? =
            switch decoder.waiting {
            case .escape: .milliseconds(50)
            case .sequence: .milliseconds(500)
            case .paste: .seconds(1)
            case nil: nil
            }
        keyDeadline = timeout.map { .now + $0 }
        var new: [KeyDecoder.Key] = []
        for key in decoder.drainKeys() {
            switch key {
            case .interrupt:
                // Ctrl-C discards everything typed before it, as on any terminal.
                keys = []
                new = []
                interrupt()
            case .suspend: stop(SIGTSTP, wholeGroup: true)
            case .quit: stop(SIGQUIT, wholeGroup: true)
            default: new.append(key)
            }
        }
        if !new.isEmpty { keys = new.reversed() + keys }
    }

    private func interrupt() {
        guard abort == nil else { return }
        abort = .interrupt
        overlay = nil
        leave(editline.line.text + ["^", "C"])
    }
}
