import CEditLine
import SystemC

/// libedit as the keyboard's half of an editor: key bindings, editing commands, vi's and emacs's manners, `.editrc`.
///
/// Its other half, the drawing, is not used: it can neither print above a line, nor keep one that is taller than the
/// window. So libedit gets a terminal of its own, a pseudo-terminal at which nobody looks, and what it draws is thrown
/// away, but for the bell and the wish to clear the screen. Nor can it change the modes of the real terminal that way.
///
/// Used by one thread, within `UTF8Locale`.
final class Editline {
    enum Outcome { case line([Unicode.Scalar]), endOfFile, aborted }

    /// What libedit asks of its owner in the midst of `readLine`.
    struct Callbacks {
        /// The next character; nil aborts the line.
        var nextCharacter: () -> Unicode.Scalar?
        /// Tab.
        var complete: () -> Void
        /// Ctrl-R and Ctrl-S. libedit's own search cannot take Hangul, and writes beyond its buffer at long lines.
        var search: () -> Void
        /// `pasteCharacter` has come.
        var paste: () -> Void
    }

    /// Stands for a paste among the characters, as those of `SpecialKey` stand for keys.
    static let pasteCharacter: Unicode.Scalar = "\u{9e}"
    /// A line that is left for the history comes back from libedit with no more than this of it.
    private static let draftLimit = 1024

    var callbacks = Callbacks(nextCharacter: { nil }, complete: {}, search: {}, paste: {})

    let editLine: OpaquePointer
    private let history: OpaquePointer
    let files: EditlineFiles
    /// The last line of more than `draftLimit` that was typed, and those of the history.
    private var longDraft: [Unicode.Scalar] = []
    private var longLines: Set<[Unicode.Scalar]> = []
    /// Sequences that the user's `.editrc` binds: they go to libedit as they come.
    var boundByUser: Set<String> = []

    /// - Parameters:
    ///   - name: what lines of `.editrc` may begin with to be meant for this program alone.
    ///   - modes: of the real terminal, whose erase and kill characters libedit takes over.
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

    /// Edits a line until Enter, the end of the file, or an abort by `nextCharacter`.
    func readLine() -> Outcome {
        longDraft = []
        var count: Int32 = 0
        guard let line = el_wgets(editLine, &count) else { return count == 0 ? .endOfFile : .aborted }
        var text = Self.scalars(UnsafeBufferPointer(start: line, count: Int(count)))
        if text.last == "\n" { text.removeLast() }
        // What stands for a key is in the line where a command such as Ctrl-V took it for a character.
        text.removeAll { (0x80..<0xa0).contains($0.value) }
        return .line(text)
    }

    /// The line as it is now, and where the cursor stands in it.
    var line: (text: [Unicode.Scalar], cursor: Int) {
        guard let line = el_wline(editLine)?.pointee, let start = line.buffer else { return ([], 0) }
        return (Self.scalars(UnsafeBufferPointer(start: start, count: line.lastchar - start)), line.cursor - start)
    }

    /// To be called before each character that libedit gets: mends what it does wrong.
    func repairLine() {
        guard let line = el_wline(editLine)?.pointee, let start = line.buffer else { return }
        // Some of vi's commands leave the cursor before an empty line, or behind one that has become shorter, and what
        // is typed next would be written there.
        if line.cursor < start { el_cursor(editLine, Int32(start - line.cursor)) }
        if line.cursor > line.lastchar { el_cursor(editLine, Int32(line.lastchar - line.cursor)) }
        repairText(line, start)
    }

    /// A long line that was left for the history comes back cut off.
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

    /// The lines that up and down go through, the oldest first.
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

    /// What libedit wanted of the screen since the last call.
    func takeWishes() -> (bell: Bool, clear: Bool) {
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
    /// Commands of our own, by the names that `.editrc` may bind keys to.
    private enum Command: String {
        case complete = "stomptap-complete"
        case search = "stomptap-search"
        case paste = "stomptap-paste"
    }

    /// Whether the terminal understands the sequences that move the cursor.
    var canMoveCursor: Bool {
        var value: UnsafeMutablePointer<CChar>?
        var name = Array("UP".utf8CString)
        guard stomptap_el_capability(editLine, &name, &value) == 0, let value else { return false }
        return value[0] == 0x1b && value[1] == CChar(UInt8(ascii: "["))
    }

    /// The characters by which libedit gets to know a key; none for a sequence that nothing is bound to.
    func characters(for key: SpecialKey?, sequence: String) -> [Unicode.Scalar] {
        if let key, !boundByUser.contains(sequence) { return [key.character] }
        return binding(of: sequence) == nil ? [] : ["\u{1b}"] + sequence.unicodeScalars
    }

    /// Binds our keys, and the user's.
    func bindKeys() {
        stomptap_el_set_clear_screen(editLine, Self.wide("\u{0c}"))
        add(.complete) { editLine, _ in Editline.run(editLine) { $0.complete() } }
        add(.search) { editLine, _ in Editline.run(editLine) { $0.search() } }
        add(.paste) { editLine, _ in Editline.run(editLine) { $0.paste() } }

        // Debian's libedit begins with vi's keys, and few would find their way out.
        stomptap_el_set_editor(editLine, Self.wide("emacs"))
        let sequences = SpecialKey.bySequence.keys
        let before = sequences.map { binding(of: $0) }
        readEditrc()
        boundByUser = Set(zip(sequences, before).filter { binding(of: $0) != $1 }.map(\.0))

        // After `.editrc`, since its `bind -v` makes all bindings anew. It may also have turned editing off.
        stomptap_el_set_edit_mode(editLine, 1)
        for key in SpecialKey.allCases { bind(key.character, to: key.command, everywhere: true) }
        bind(Self.pasteCharacter, to: Command.paste.rawValue, everywhere: true)
        bind("\t", to: Command.complete.rawValue)
        bind("\u{12}", to: Command.search.rawValue)
        bind("\u{13}", to: Command.search.rawValue)
        // They run libedit's own commands, by a parser that open quotes bring down, and an editor on this terminal.
        for key in [":", "v"] { stomptap_el_bind_alternative(editLine, Self.wide(key), Self.wide("ed-unassigned")) }
        // Not where nothing begins with ESC, as in vi's manner: it would be no key of its own any more.
        for key in ["x", "X"] where binding(of: key) != nil {
            stomptap_el_bind(editLine, Self.wide("\u{1b}" + key), Self.wide("ed-unassigned"))
        }
    }

    /// Runs the lines of `$EDITRC` or `~/.editrc`. el_source(3) does as well, but falls over a quote that is not closed
    /// and leaves out what follows a line it does not understand.
    private func readEditrc() {
        let path = variable("EDITRC") ?? variable("HOME").map { $0 + "/.editrc" }
        // Whoever cannot read it has none.
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

    /// What libedit says that an escape sequence is bound to; nil where it is to nothing. Wishes have to be taken before.
    private func binding(of sequence: String) -> [UInt8]? {
        var key = "\u{1b}"
        for scalar in sequence.unicodeScalars {
            // Both have a meaning of their own in the names of keys.
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
