import CEditLine
import SystemC

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
        guard let path, let octets = try? readFile(path, limit: 1 << 20),
            let tokenizer = tok_winit(nil)
        else { return }
        defer { tok_wend(tokenizer) }
        for line in octets.split(separator: UInt8(ascii: "\n")) {
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
        _ = files.errors.take()
        _ = files.drawing.take()
        stomptap_el_show_binding(editLine, Self.wide(key))
        let answer = files.drawing.take()
        return files.errors.take().isEmpty ? answer : nil
    }
}
