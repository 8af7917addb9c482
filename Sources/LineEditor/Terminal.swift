import CEditLine
import Synchronization
import SystemC

/// The terminal of a process: its modes, size and output. Used by one thread.
struct Terminal {
    let input: Int32
    let output: Int32
    /// The original modes, which the shell expects to be restored.
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

    /// Whether the terminal rewraps lines when its width changes; most do.
    static var reflowsLines: Bool { getenv("XTERM_VERSION") == nil && getenv("STY") == nil }

    var size: Screen.Size {
        var size = winsize()
        guard stomptap_window_size(output, &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Screen.Size(columns: 80, rows: 24)
        }
        return Screen.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// The characters for which the terminal itself would send signals.
    var signalKeys: KeyDecoder.Signals {
        KeyDecoder.Signals(
            interrupt: original.character(VINTR), suspend: original.character(VSUSP), quit: original.character(VQUIT))
    }

    /// Passes every key to the editor, and enables bracketed paste.
    func enterEditing() {
        var modes = original
        modes.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON)
        modes.c_oflag |= tcflag_t(OPOST | ONLCR)
        modes.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | IEXTEN | ISIG)
        modes.setCharacter(VMIN, 1)
        modes.setCharacter(VTIME, 0)
        // TCSADRAIN keeps what was typed ahead.
        while tcsetattr(input, TCSADRAIN, &modes) != 0, errno == EINTR {}
        _ = write(Array("\u{1b}[?2004h".utf8))
    }

    func leaveEditing() {
        _ = write(Array("\u{1b}[?2004l".utf8))
        var modes = original
        while tcsetattr(input, TCSADRAIN, &modes) != 0, errno == EINTR {}
    }

    /// Returns false if the terminal is gone.
    func write(_ bytes: [UInt8]) -> Bool { writeAll(bytes, to: output) }

    /// Reads at most 4 KiB of input. Nil if the terminal is gone, empty if there is no input.
    func read() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = SystemC.read(input, &bytes, bytes.count)
        if count > 0 { return Array(bytes[..<count]) }
        return count < 0 && (errno == EINTR || errno == EAGAIN) ? [] : nil
    }
}

extension termios {
    /// A control character, such as VINTR; 0 for none.
    func character(_ index: Int32) -> UInt8 {
        withUnsafeBytes(of: c_cc) { $0[Int(index)] }
    }

    mutating func setCharacter(_ index: Int32, _ value: UInt8) {
        withUnsafeMutableBytes(of: &c_cc) { $0[Int(index)] = value }
    }
}

extension Duration {
    /// The milliseconds, rounded up, for poll(2).
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

/// Handles the signals that affect the terminal while lines are edited.
///
/// The handlers, written in C, either record the signal and wake the editor's thread, or, if the process is about to
/// die, restore the terminal's modes. Handlers belong to the process, so there is one editor at a time.
enum TerminalSignals {
    /// The signals since the last call.
    struct PendingSignals: OptionSet {
        let rawValue: Int32
        static let continued = PendingSignals(rawValue: Int32(STOMPTAP_CONTINUED))
        static let stopRequested = PendingSignals(rawValue: Int32(STOMPTAP_STOP_REQUESTED))
    }

    private static let inUse = Atomic<Bool>(false)

    /// Reserves the process's terminal. Returns false if another editor uses it.
    static func acquire() -> Bool { !inUse.exchange(true, ordering: .acquiringAndReleasing) }

    static func release() { inUse.store(false, ordering: .releasing) }

    /// Installs the handlers: from now on signals are recorded, and the modes are restored if the process dies.
    static func arm(_ terminal: Terminal, wakeEnd: Int32) {
        var modes = terminal.original
        stomptap_signals_arm(terminal.input, terminal.output, &modes, wakeEnd)
    }

    /// Restores the previous handling of signals; call it when the terminal has its original modes again.
    static func disarm() { stomptap_signals_disarm() }

    /// Restores the terminal's modes, for a process that is about to end.
    static func restoreTerminal() { stomptap_restore_terminal() }

    static func takePendingSignals() -> PendingSignals { PendingSignals(rawValue: stomptap_signals_take_pending()) }
}

/// Acquires and releases the terminal, and handles requests for it.
extension EditorThread {
    func takeTerminal() {
        TerminalSignals.arm(terminal, wakeEnd: mailbox.pipe.writeEnd)
        terminal.enterEditing()
        screen.resize(to: terminal.size)
    }

    /// Unblocks all signals. Dispatch blocks them on its threads and on threads started there, so SIGTSTP would stay
    /// pending.
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

    /// Prints a message of the editor above the line being edited.
    func notice(_ text: String) {
        screen.erase()
        screen.output += "\(options.visible(text))\r\n".utf8
    }

    func bell() {
        screen.output.append(0x07)
    }

    /// Handles the requests of signals, other tasks and libedit.
    func attend() {
        let requests = editline.drainRequests()
        if requests.bell { bell() }
        if requests.clear { screen.clear() }

        let signals = TerminalSignals.takePendingSignals()
        // Checked every time: the signal may arrive long after the terminal rewrapped its lines.
        screen.resize(to: terminal.size)
        if signals.contains(.continued) {
            // The process was stopped by another process, and the shell has used the terminal meanwhile.
            screen.forget()
            screen.output += "\r\u{1b}[J".utf8
            takeTerminal()
            terminal.enterEditing()
        }
        if signals.contains(.stopRequested) { stop(SIGTSTP, wholeGroup: false) }

        if mailbox.isBorrowed { lend() }
        if mailbox.isClosing { abort = .close }
    }

    /// Sends this process the signal that the terminal would have sent for the key, and continues when the process
    /// does.
    ///
    /// - Parameter wholeGroup: whether to signal the whole foreground group, such as the shell script that started
    ///   this process.
    func stop(_ signal: Int32, wholeGroup: Bool) {
        leave(currentLine.text)
        giveTerminalBack()
        if wholeGroup {
            // Signal this process last, and only this thread: for the current thread, the signal takes effect before
            // pthread_kill returns. On another thread it could be delayed.
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

    /// Prints the rest of the output and releases the terminal.
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
