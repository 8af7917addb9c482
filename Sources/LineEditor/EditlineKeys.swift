import CEditLine

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
        stomptap_el_set_clear_screen(editLine, Self.wide("\u{0c}".unicodeScalars))
        add(.complete) { editLine, _ in Editline.run(editLine) { $0.complete() } }
        add(.search) { editLine, _ in Editline.run(editLine) { $0.search() } }
        add(.paste) { editLine, _ in Editline.run(editLine) { $0.paste() } }

        // Debian's libedit begins with vi's keys, and few would find their way out.
        stomptap_el_set_editor(editLine, Self.wide("emacs".unicodeScalars))
        let sequences = SpecialKey.bySequence.keys
        let before = sequences.map { binding(of: $0) }
        el_source(editLine, nil)
        boundByUser = Set(zip(sequences, before).filter { binding(of: $0) != $1 }.map(\.0))

        // After `.editrc`, since its `bind -v` makes all bindings anew. It may also have turned editing off.
        stomptap_el_set_edit_mode(editLine, 1)
        for key in SpecialKey.allCases { bind(key.character, to: key.command, everywhere: true) }
        bind(Self.pasteCharacter, to: Command.paste.rawValue, everywhere: true)
        bind("\t", to: Command.complete.rawValue)
        bind("\u{12}", to: Command.search.rawValue)
        bind("\u{13}", to: Command.search.rawValue)
        // It would start an editor on the terminal that this one holds.
        stomptap_el_bind_alternative(
            editLine, Self.wide("v".unicodeScalars), Self.wide("ed-unassigned".unicodeScalars))
    }

    private func add(_ command: Command, _ action: @escaping stomptap_el_command) {
        stomptap_el_add_command(editLine, files.keep(command.rawValue), files.keep(command.rawValue), action)
    }

    private static func run(_ editLine: OpaquePointer?, _ action: (Callbacks) -> Void) -> UInt8 {
        if let callbacks = of(editLine)?.callbacks { action(callbacks) }
        return UInt8(CC_REFRESH)
    }

    private func bind(_ key: Unicode.Scalar, to command: String, everywhere: Bool = false) {
        let command = Self.wide(command.unicodeScalars)
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
        stomptap_el_show_binding(editLine, Self.wide(key.unicodeScalars))
        let answer = files.drawing.take()
        return files.errors.take().isEmpty ? answer : nil
    }
}
