import Glibc
import Synchronization

/// The signals that concern a terminal while lines are edited on it.
///
/// Their handlers do one of two things: they note the signal and wake the editor's thread, or, where the process is
/// about to die, they give the terminal its modes back. Handlers belong to the process: there is one editor at a time.
enum TerminalSignals {
    /// What came since the last look.
    struct Notes: OptionSet {
        let rawValue: Int
        static let continued = Notes(rawValue: 1)
        static let stopRequested = Notes(rawValue: 2)
    }

    private static let noted = [SIGWINCH, SIGCONT, SIGTSTP]
    /// Signals that end a process which does nothing about them.
    private static let ending = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
    /// Signals of a broken program.
    private static let fatal = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

    // All that a handler looks at: atomics, and memory set aside before, since it may not allocate.
    private static let inUse = Atomic<Bool>(false)
    private static let armed = Atomic<Bool>(false)
    private static let notes = Atomic<Int>(0)
    private static let wakeEnd = Atomic<Int32>(-1)
    private static let input = Atomic<Int32>(-1)
    private static let output = Atomic<Int32>(-1)
    // The editor's thread writes them while `armed` is false, handlers read them while it is true.
    private nonisolated(unsafe) static let modes = UnsafeMutablePointer<termios>.allocate(capacity: 1)
    private nonisolated(unsafe) static let previous = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)

    private static let farewell: StaticString = "\u{1b}[?2004l\r\n"

    private static let atExit: Void = { _ = atexit { TerminalSignals.restoreTerminal() } }()

    /// Takes the process's terminal. False where an editor has it.
    static func acquire() -> Bool { !inUse.exchange(true, ordering: .acquiringAndReleasing) }

    static func release() { inUse.store(false, ordering: .releasing) }

    /// From now on signals are noted, and the terminal is safe from a sudden end.
    static func arm(_ terminal: Terminal, wakeEnd: Int32) {
        guard !armed.load(ordering: .acquiring) else { return }
        modes.initialize(to: terminal.original)
        self.wakeEnd.store(wakeEnd, ordering: .releasing)
        input.store(terminal.input, ordering: .releasing)
        output.store(terminal.output, ordering: .releasing)
        _ = atExit
        for number in noted + ending + fatal { sigaction(number, nil, previous + Int(number)) }
        armed.store(true, ordering: .releasing)
        for number in noted { install(noteHandler, for: number) }
        for number in ending where previous[Int(number)].handler == 0 { install(dieHandler, for: number) }
        for number in fatal { install(dieHandler, for: number) }
    }

    /// The terminal has its own modes again: signals do what they did before.
    static func disarm() {
        guard armed.exchange(false, ordering: .acquiringAndReleasing) else { return }
        for number in noted + ending + fatal {
            var current = sigaction()
            sigaction(number, nil, &current)
            // Where somebody has set another handler meanwhile, that one stays.
            let ours = [noteHandler, dieHandler].map { unsafeBitCast($0, to: UInt.self) }
            if ours.contains(current.handler) { sigaction(number, previous + Int(number), nil) }
        }
    }

    static func takeNotes() -> Notes { Notes(rawValue: notes.exchange(0, ordering: .acquiringAndReleasing)) }

    private typealias Handler = @convention(c) (Int32) -> Void

    private static let noteHandler: Handler = { number in
        let saved = errno
        // A window that has another size needs no note: the thread looks at it whenever it wakes.
        let note: Notes = number == SIGCONT ? .continued : number == SIGTSTP ? .stopRequested : []
        notes.bitwiseOr(note.rawValue, ordering: .acquiringAndReleasing)
        var octet: UInt8 = 0
        _ = write(wakeEnd.load(ordering: .acquiring), &octet, 1)
        errno = saved
    }

    private static let dieHandler: Handler = { number in
        restoreTerminal()
        // Blocked until this handler returns; then whatever was to happen before happens.
        sigaction(number, previous + Int(number), nil)
        raise(number)
    }

    /// Gives the terminal its modes back, if the editor has changed them and this process still holds it.
    private static func restoreTerminal() {
        guard armed.load(ordering: .acquiring) else { return }
        let descriptor = input.load(ordering: .acquiring)
        guard tcgetpgrp(descriptor) == getpgrp() else { return }
        tcsetattr(descriptor, TCSANOW, modes)
        // Nothing more is bracketed, and the shell's prompt goes to a row of its own.
        _ = write(output.load(ordering: .acquiring), farewell.utf8Start, farewell.utf8CodeUnitCount)
    }

    private static func install(_ handler: Handler, for number: Int32) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        action.sa_flags = SA_RESTART
        sigaction(number, &action, nil)
    }
}

extension sigaction {
    /// The handler's address; 0 is SIG_DFL.
    fileprivate var handler: UInt { unsafeBitCast(__sigaction_handler, to: UInt.self) }
}
