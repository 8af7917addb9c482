import CEditLine
import SystemC

/// The keyboard part of libedit: key bindings, editing commands, the vi and emacs modes, `.editrc`.
///
/// libedit's drawing is not used: it cannot print above a line or show a line taller than the window. So libedit
/// runs on a pseudo-terminal of its own. Its drawing is discarded, except the bell and requests to clear the screen,
/// and it cannot change the modes of the real terminal.
///
/// Used by one thread, within `UTF8Locale`.
final class Editline {
    enum Outcome { case line([Unicode.Scalar]), endOfFile, aborted }

    /// The callbacks that libedit makes during `readLine`.
    struct Callbacks {
        /// The next character; nil aborts the line.
        var nextCharacter: () -> Unicode.Scalar?
        /// Called for Tab.
        var complete: () -> Void
        /// Called for Ctrl-R and Ctrl-S. libedit's own search cannot handle Hangul, and overflows its buffer with
        /// long lines.
        var search: () -> Void
        /// Called for `pasteCharacter`.
        var paste: () -> Void
    }

    /// Represents a paste in the characters for libedit, as the characters of `SpecialKey` represent keys.
    static let pasteCharacter: Unicode.Scalar = "\u{9e}"
    /// The number of characters that libedit keeps when the user leaves a line for the history and returns to it.
    private static let draftLimit = 1024

    var callbacks = Callbacks(nextCharacter: { nil }, complete: {}, search: {}, paste: {})

    let editLine: OpaquePointer
    private let history: OpaquePointer
    let files: EditlineFiles
    /// The last line longer than `draftLimit` that was typed; `longLines` has those of the history.
    private var longDraft: [Unicode.Scalar] = []
    private var longLines: Set<[Unicode.Scalar]> = []
    /// Escape sequences that the user's `.editrc` binds; they are passed to libedit unchanged.
    var boundByUser: Set<String> = []

    /// - Parameters:
    ///   - name: the prefix for lines of `.editrc` that apply only to this program.
    ///   - modes: the modes of the real terminal; libedit takes its erase and kill characters from them.
    init(name: String, modes: termios) throws(LineEditorError) {
        files = try EditlineFiles(modes: modes)
        guard let history = history_winit() else { throw .failed(.allocateHistory) }
        let device = files.device
        guard
            let editLine = el_init_fd(
                name, files.drawing.file, files.drawing.file, files.errors.file, device, device, device)
        else {
            history_wend(history)
            throw .failed(.startLibedit)
        }
        self.history = history
        self.editLine = editLine
        stomptap_el_set_context(editLine, Unmanaged.passUnretained(self).toOpaque())
        stomptap_el_set_reader(editLine) { editLine, character in
            guard let next = Editline.of(editLine)?.callbacks.nextCharacter() else { return -1 }
            character?.pointee = wchar_t(truncatingIfNeeded: next.value)
            return 1
        }
        stomptap_el_set_history(editLine, history)
        bindKeys()
    }

    deinit {
        el_end(editLine)
        history_wend(history)
    }

    static func of(_ editLine: OpaquePointer?) -> Editline? {
        stomptap_el_context(editLine).map { Unmanaged<Editline>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: Lines

    /// Edits a line until Enter, end of file, or an abort by `nextCharacter`.
    func readLine() -> Outcome {
        longDraft = []
        var count: Int32 = 0
        guard let line = el_wgets(editLine, &count) else { return count == 0 ? .endOfFile : .aborted }
        var text = Self.scalars(UnsafeBufferPointer(start: line, count: Int(count)))
        if text.last == "\n" { text.removeLast() }
        // The character for a key is in the line if a command such as Ctrl-V inserted it literally.
        text.removeAll { (0x80..<0xa0).contains($0.value) }
        return .line(text)
    }

    /// The current line, and the cursor's position in it.
    var line: (text: [Unicode.Scalar], cursor: Int) {
        guard let line = el_wline(editLine)?.pointee, let start = line.buffer else { return ([], 0) }
        return (Self.scalars(UnsafeBufferPointer(start: start, count: line.lastchar - start)), line.cursor - start)
    }

    /// Works around libedit's faults; call it before each character that libedit gets.
    func repairLine() {
        guard let line = el_wline(editLine)?.pointee, let start = line.buffer else { return }
        // Some vi commands leave the cursor before the start of an empty line, or after the end of a shortened one.
        // The next character would be written there.
        if line.cursor < start { el_cursor(editLine, Int32(start - line.cursor)) }
        if line.cursor > line.lastchar { el_cursor(editLine, Int32(line.lastchar - line.cursor)) }
        repairText(line, start)
    }

    /// Restores the end of a long line that libedit cut off while the user was in the history.
    private func repairText(_ line: LineInfoW, _ start: UnsafePointer<wchar_t>) {
        let count = line.lastchar - start
        guard count > Self.draftLimit else { return }
        let text = Self.scalars(UnsafeBufferPointer(start: start, count: count))
        if text[Self.draftLimit] != "\0" {
            if !longLines.contains(text) { longDraft = text }
            return
        }
        let whole = ([longDraft] + longLines).first {
            $0.count == count && $0[..<Self.draftLimit] == text[..<Self.draftLimit]
        }
        guard let whole else { return }
        for index in Self.draftLimit..<count {
            UnsafeMutablePointer(mutating: start)[index] = wchar_t(truncatingIfNeeded: whole[index].value)
        }
    }

    func insert(_ text: [Unicode.Scalar]) {
        guard !text.isEmpty else { return }
        el_winsertstr(editLine, Self.wide(text))
    }

    /// Deletes this many characters before the cursor.
    func deleteBackward(_ count: Int) {
        el_deletestr(editLine, Int32(count))
    }

    func replace(with text: [Unicode.Scalar], cursor: Int) {
        let old = line
        el_cursor(editLine, Int32(old.text.count - old.cursor))
        deleteBackward(old.text.count)
        insert(text)
        el_cursor(editLine, Int32(cursor - text.count))
    }

    /// Sets the lines that the up and down keys go through, oldest first.
    func setHistory(_ lines: [String]) {
        stomptap_history_clear(history)
        stomptap_history_set_size(history, Int32(lines.count))
        longLines = []
        for line in lines {
            let text = Array(line.unicodeScalars)
            stomptap_history_enter(history, Self.wide(text))
            if text.count > Self.draftLimit { longLines.insert(text) }
        }
    }

    /// What libedit requested for the screen since the last call.
    func drainRequests() -> (bell: Bool, clear: Bool) {
        let bytes = files.drawing.drain()
        return (bytes.contains(0x07), bytes.contains(0x0c))
    }

    private static func scalars(_ text: UnsafeBufferPointer<wchar_t>) -> [Unicode.Scalar] {
        text.map { Unicode.Scalar(UInt32(truncatingIfNeeded: $0)) ?? "\u{fffd}" }
    }

    static func wide(_ text: String) -> [wchar_t] { wide(text.unicodeScalars) }

    static func wide(_ text: some Sequence<Unicode.Scalar>) -> [wchar_t] {
        text.map { wchar_t(truncatingIfNeeded: $0.value) } + [0]
    }
}

extension Editline {
    /// Our own commands, by the names that `.editrc` can bind keys to.
    private enum Command: String {
        case complete = "stomptap-complete"
        case search = "stomptap-search"
        case paste = "stomptap-paste"
    }

    /// Whether the terminal supports the sequences that move the cursor.
    var canMoveCursor: Bool {
        var value: UnsafeMutablePointer<CChar>?
        var name = Array("UP".utf8CString)
        guard stomptap_el_capability(editLine, &name, &value) == 0, let value else { return false }
        return value[0] == 0x1b && value[1] == CChar(UInt8(ascii: "["))
    }

    /// The characters that represent a key for libedit; empty for a sequence without a binding.
    func characters(for key: SpecialKey?, sequence: String) -> [Unicode.Scalar] {
        if let key, !boundByUser.contains(sequence) { return [key.character] }
        return binding(of: sequence) == nil ? [] : ["\u{1b}"] + sequence.unicodeScalars
    }

    /// Binds our keys, and the user's from `.editrc`.
    func bindKeys() {
        stomptap_el_set_clear_screen(editLine, Self.wide("\u{0c}"))
        add(.complete) { editLine, _ in Editline.run(editLine) { $0.complete() } }
        add(.search) { editLine, _ in Editline.run(editLine) { $0.search() } }
        add(.paste) { editLine, _ in Editline.run(editLine) { $0.paste() } }

        // Debian's libedit starts in vi mode, which few users know how to leave.
        stomptap_el_set_editor(editLine, Self.wide("emacs"))
        let sequences = SpecialKey.bySequence.keys
        let before = sequences.map { binding(of: $0) }
        readEditrc()
        boundByUser = Set(zip(sequences, before).filter { binding(of: $0) != $1 }.map(\.0))

        // This follows `.editrc`, as its `bind -v` resets all bindings. It may also have turned editing off.
        stomptap_el_set_edit_mode(editLine, 1)
        for key in SpecialKey.allCases { bind(key.character, to: key.command, everywhere: true) }
        bind(Self.pasteCharacter, to: Command.paste.rawValue, everywhere: true)
        bind("\t", to: Command.complete.rawValue)
        bind("\u{12}", to: Command.search.rawValue)
        bind("\u{13}", to: Command.search.rawValue)
        // These keys run libedit's command parser, which crashes on an unclosed quote, and an editor on this
        // terminal.
        for key in [":", "v"] { stomptap_el_bind_alternative(editLine, Self.wide(key), Self.wide("ed-unassigned")) }
        // Only if some sequence begins with ESC, unlike in vi mode: there, ESC would no longer work as a key of its
        // own.
        for key in ["x", "X"] where binding(of: key) != nil {
            stomptap_el_bind(editLine, Self.wide("\u{1b}" + key), Self.wide("ed-unassigned"))
        }
    }

    /// Runs the lines of `$EDITRC` or `~/.editrc`. el_source(3) would do this too, but it crashes on an unclosed
    /// quote and skips everything after a line that it does not understand.
    private func readEditrc() {
        let path = variable("EDITRC") ?? variable("HOME").map { $0 + "/.editrc" }
        // A file that cannot be read is ignored.
        guard let path, let bytes = try? readFile(path, limit: 1 << 20),
            let tokenizer = tok_winit(nil)
        else { return }
        defer { tok_wend(tokenizer) }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            if text.first(where: { !$0.isWhitespace }) ?? "#" == "#" { continue }
            var count: Int32 = 0
            var words: UnsafeMutablePointer<UnsafePointer<wchar_t>?>?
            tok_wreset(tokenizer)
            if tok_wstr(tokenizer, Self.wide(text), &count, &words) == 0 { el_wparse(editLine, count, words) }
        }
    }

    private func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private func add(_ command: Command, _ action: @escaping stomptap_el_command) {
        stomptap_el_add_command(editLine, files.keep(command.rawValue), files.keep(command.rawValue), action)
    }

    private static func run(_ editLine: OpaquePointer?, _ action: (Callbacks) -> Void) -> UInt8 {
        if let callbacks = of(editLine)?.callbacks { action(callbacks) }
        return UInt8(CC_REFRESH)
    }

    private func bind(_ key: Unicode.Scalar, to command: String, everywhere: Bool = false) {
        let command = Self.wide(command)
        stomptap_el_bind(editLine, Self.wide([key]), command)
        if everywhere { stomptap_el_bind_alternative(editLine, Self.wide([key]), command) }
    }

    /// libedit's description of an escape sequence's binding; nil if it has none. Call `drainRequests` first: this
    /// discards them.
    private func binding(of sequence: String) -> [UInt8]? {
        var key = "\u{1b}"
        for scalar in sequence.unicodeScalars {
            // Both characters have a special meaning in key names.
            if scalar == "^" || scalar == "\\" { key += "\\" }
            key.unicodeScalars.append(scalar)
        }
        _ = files.errors.drain()
        _ = files.drawing.drain()
        stomptap_el_show_binding(editLine, Self.wide(key))
        let answer = files.drawing.drain()
        return files.errors.drain().isEmpty ? answer : nil
    }
}
