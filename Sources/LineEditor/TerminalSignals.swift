import CEditLine
import Synchronization
import SystemC

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
