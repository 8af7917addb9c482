/// What the editor does beyond libedit: completion, and the history on disk.
extension EditorThread {
    func complete() {
        let (text, cursor) = editline.line
        let line = String(String.UnicodeScalarView(text[..<cursor]))
        let request = CompletionRequest(line: line, word: options.word(line))
        switch CompletionAnswer(word: request.word, candidates: options.completer(request)) {
        case .nothing: bell()
        case .replace(let word): replaceWord(request.word, with: word)
        case .list(let labels): list(labels)
        case .replaceAndList(let word, let labels):
            replaceWord(request.word, with: word)
            list(labels)
        }
    }

    private func replaceWord(_ old: String, with new: String) {
        editline.deleteBackward(old.unicodeScalars.count)
        editline.insert(Array(new.unicodeScalars))
    }

    private func list(_ labels: [String]) {
        let size = screen.size
        for line in columnList(labels, columns: size.columns, rows: max(1, size.rows - 3)) { notice(line) }
    }

    func loadHistory() {
        history = History(limit: options.historyLimit)
        guard let path = options.historyFile else { return }
        let file = HistoryFile(path: path, limit: options.historyLimit)
        historyFile = file
        do throws(LineEditorError) {
            history = try file.load()
            editline.setHistory(history.lines)
        } catch { complain(error) }
    }

    func remember(_ line: String) {
        if line.allSatisfy(\.isWhitespace) || options.isSecret(line) { return }
        history.add(line)
        editline.setHistory(history.lines)
        do throws(LineEditorError) {
            try historyFile?.add(line)
        } catch { complain(error) }
    }

    /// Says once why the history is not kept.
    private func complain(_ error: LineEditorError) {
        if historyTrouble == nil { notice("history: \(error.message)") }
        historyTrouble = error
    }
}
