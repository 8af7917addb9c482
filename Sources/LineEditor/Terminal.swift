import CEditLine
import Synchronization
import SystemC

/// The terminal of a process: its modes, its size, and writing to it. Used by one thread.
struct Terminal {
    let input: Int32
    let output: Int32
    /// The modes it had before, which the shell expects back.
    let original: termios

    init(input: Int32, output: Int32) throws(LineEditorError) {
        guard isatty(input) == 1, isatty(output) == 1 else {
            throw LineEditorError.notATerminal
        }
        var modes = termios()
        guard tcgetattr(input, &modes) == 0 else { throw .failed(.readTerminalModes) }
        self.input = input
        self.output = output
        original = modes
    }

    /// Whether the terminal breaks its lines anew when its width changes: all but a few do.
    static var reflowsLines: Bool { getenv("XTERM_VERSION") == nil && getenv("STY") == nil }

    var size: Screen.Size {
        var size = winsize()
        guard stomptap_window_size(output, &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Screen.Size(columns: 80, rows: 24)
        }
        return Screen.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// The keys that the terminal itself would turn into signals.
    var signalKeys: KeyDecoder.Signals {
        KeyDecoder.Signals(
            interrupt: original.character(VINTR), suspend: original.character(VSUSP), quit: original.character(VQUIT))
    }

    /// Gives every key to the editor, and brackets what is pasted.
    func enterEditing() {
        var modes = original
        modes.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON)
        modes.c_oflag |= tcflag_t(OPOST | ONLCR)
        modes.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | IEXTEN | ISIG)
        modes.setCharacter(VMIN, 1)
        modes.setCharacter(VTIME, 0)
        // What was typed ahead is kept.
        while tcsetattr(input, TCSADRAIN, &modes) != 0, errno == EINTR {}
        _ = write(Array("\u{1b}[?2004h".utf8))
    }

    func leaveEditing() {
        _ = write(Array("\u{1b}[?2004l".utf8))
        var modes = original
        while tcsetattr(input, TCSADRAIN, &modes) != 0, errno == EINTR {}
    }

    /// False where the terminal is gone.
    func write(_ bytes: [UInt8]) -> Bool { writeAll(bytes, to: output) }

    /// What has been typed, at most 4 KiB of it. Nil where the terminal is gone, empty where nothing has come.
    func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = SystemC.read(input, &bytes, bytes.count)
        if count > 0 { return Array(bytes[..<count]) }
        return count < 0 && (errno == EINTR || errno == EAGAIN) ? [] : nil
    }
}

extension termios {
    /// A control character, such as VINTR; 0 where there is none.
    func character(_ index: Int32) -> UInt8 {
        withUnsafeBytes(of: c_cc) { $0[Int(index)] }
    }

    mutating func setCharacter(_ index: Int32, _ value: UInt8) {
        withUnsafeMutableBytes(of: &c_cc) { $0[Int(index)] = value }
    }
}

extension Duration {
    /// Rounded up, for poll(2).
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

/// The signals that concern a terminal while lines are edited on it.
///
/// Their handlers, in C, do one of two things: they note the signal and wake the editor's thread, or, where the process
/// is about to die, they give the terminal its modes back. Handlers belong to the process: there is one editor at a time.
enum TerminalSignals {
    /// What came since the last look.
    struct Notes: OptionSet {
        let rawValue: Int32
        static let continued = Notes(rawValue: Int32(STOMPTAP_CONTINUED))
        static let stopRequested = Notes(rawValue: Int32(STOMPTAP_STOP_REQUESTED))
    }

    private static let inUse = Atomic<Bool>(false)

    /// Takes the process's terminal. False where an editor has it.
    static func acquire() -> Bool { !inUse.exchange(true, ordering: .acquiringAndReleasing) }

    static func release() { inUse.store(false, ordering: .releasing) }

    /// From now on signals are noted, and the terminal is safe from a sudden end.
    static func arm(_ terminal: Terminal, wakeEnd: Int32) {
        var modes = terminal.original
        stomptap_signals_arm(terminal.input, terminal.output, &modes, wakeEnd)
    }

    /// The terminal has its own modes again: signals do what they did before.
    static func disarm() { stomptap_signals_disarm() }

    /// Gives the terminal its modes back, for a process that is about to end.
    static func restoreTerminal() { stomptap_restore_terminal() }

    static func takeNotes() -> Notes { Notes(rawValue: stomptap_signals_take_notes()) }
}

/// The terminal: taking and giving it back, and what others want of it.
extension EditorThread {
    func takeTerminal() {
        TerminalSignals.arm(terminal, wakeEnd: mailbox.pipe.writeEnd)
        terminal.enterEditing()
        screen.resize(to: terminal.size)
    }

    /// Threads of Dispatch, and whatever they start, have signals blocked: a stop would stay pending.
    func unblockSignals() {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }

    private func giveTerminalBack() {
        terminal.leaveEditing()
        TerminalSignals.disarm()
    }

    func flush() {
        guard !screen.output.isEmpty else { return }
        if !terminal.write(screen.output) { abort = .hangUp }
        screen.output.removeAll(keepingCapacity: true)
    }

    /// Prints a line of the editor's own above the one being typed.
    func notice(_ text: String) {
        screen.erase()
        screen.output += "\(options.visible(text))\r\n".utf8
    }

    func bell() {
        screen.output.append(0x07)
    }

    /// Does what signals, other tasks and libedit have asked for.
    func attend() {
        let wishes = editline.takeWishes()
        if wishes.bell { bell() }
        if wishes.clear { screen.clear() }

        let notes = TerminalSignals.takeNotes()
        // Asked each time: the signal may come when the terminal has long broken its lines anew.
        screen.resize(to: terminal.size)
        if notes.contains(.continued) {
            // Stopped without being asked: the shell has had the terminal meanwhile.
            screen.forget()
            screen.output += "\r\u{1b}[J".utf8
            takeTerminal()
            terminal.enterEditing()
        }
        if notes.contains(.stopRequested) { stop(SIGTSTP, wholeGroup: false) }

        if mailbox.isBorrowed { lend() }
        if mailbox.isClosing { abort = .close }
    }

    /// Does to this process what the terminal would have done at that key, and goes on where the process does.
    ///
    /// - Parameter wholeGroup: others in the foreground, such as the shell script that started this one, as well.
    func stop(_ signal: Int32, wholeGroup: Bool) {
        leave(currentLine.text)
        giveTerminalBack()
        if wholeGroup {
            // This process comes last, and by a signal to this thread: that one has done its work when pthread_kill
            // returns, where any other thread would take its time.
            var ignore = sigaction()
            ignore.__sigaction_handler.sa_handler = SIG_IGN
            var previous = sigaction()
            sigaction(signal, &ignore, &previous)
            kill(0, signal)
            sigaction(signal, &previous, nil)
        }
        pthread_kill(pthread_self(), signal)
        takeTerminal()
    }

    private func lend() {
        screen.erase()
        flush()
        giveTerminalBack()
        while mailbox.isBorrowed, !mailbox.isClosing {
            mailbox.lend()
            var request = pollfd(fd: mailbox.pipe.readEnd, events: Int16(POLLIN), revents: 0)
            _ = poll(&request, 1, -1)
            mailbox.pipe.drain()
        }
        takeTerminal()
    }

    /// Prints what is left and gives everything back.
    func close() {
        screen.erase()
        while !mailbox.output.isEmpty { screen.output += mailbox.output.dequeue(.max) }
        flush()
        giveTerminalBack()
        _ = terminal.write(mailbox.output.close())
        TerminalSignals.release()
        mailbox.finish()
    }
}
