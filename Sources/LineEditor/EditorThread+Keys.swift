import SystemC

/// What the keyboard gives, and libedit is given of it.
extension EditorThread {
    /// What libedit reads.
    func nextCharacter() -> Unicode.Scalar? {
        editline.mendLine()
        while characters.isEmpty {
            // libedit did not take it for a command: it came behind half a sequence, say.
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
        notice("not pasted: \(size) octets are more than a line may have (\(options.pasteLimit))")
    }

    /// Gives a key back that was taken too early.
    func putBack(_ key: KeyDecoder.Key) {
        keys.append(key)
    }

    /// Takes the keys that are whole; those that are signals do their work at once.
    func takeKeys() {
        let patience: Duration? =
            switch decoder.waiting {
            case .escape: .milliseconds(50)
            case .sequence: .milliseconds(500)
            case .paste: .seconds(1)
            case nil: nil
            }
        keyDeadline = patience.map { .now + $0 }
        var new: [KeyDecoder.Key] = []
        for key in decoder.takeKeys() {
            switch key {
            case .interrupt:
                // What was typed before it goes, as it would on any terminal.
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
