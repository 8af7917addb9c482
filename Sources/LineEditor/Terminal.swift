import CEditLine
import SystemC

/// The terminal of a process: its modes, its size, and writing to it. Used by one thread.
struct Terminal {
    let input: Int32
    let output: Int32
    /// The modes it had before, which the shell expects back.
    let original: termios

    init(input: Int32, output: Int32) throws(LineEditorError) {
        guard isatty(input) == 1, isatty(output) == 1 else {
            throw LineEditorError(.notATerminal, "input and output are not both a terminal")
        }
        var modes = termios()
        guard tcgetattr(input, &modes) == 0 else { throw .system("cannot read the terminal's modes") }
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
    func write(_ octets: [UInt8]) -> Bool { writeAll(octets, to: output) }

    /// What has been typed, at most 4 KiB of it. Nil where the terminal is gone, empty where nothing has come.
    func read() -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: 4096)
        let count = SystemC.read(input, &octets, octets.count)
        if count > 0 { return Array(octets[..<count]) }
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
