/// An incremental search in the history.
struct IncrementalSearch {
    struct Match: Equatable {
        var text: [Unicode.Scalar]
        /// The position of the pattern in the text.
        var offset: Int
        fileprivate var line: Int
    }

    private let lines: [String]
    private(set) var pattern: [Unicode.Scalar] = []
    /// The last line found. It is kept if there is no further match.
    private(set) var match: Match?
    private(set) var failed = false

    /// - Parameter lines: the history, oldest first.
    init(lines: [String]) {
        self.lines = lines
    }

    mutating func type(_ text: [Unicode.Scalar]) {
        pattern += text
        look(in: (0..<(match.map { $0.line + 1 } ?? lines.count)).reversed())
    }

    /// Removes the last character of the pattern, and searches again from the newest line.
    mutating func deleteBackward() {
        guard pattern.popLast() != nil else { return }
        match = nil
        look(in: (0..<lines.count).reversed())
    }

    mutating func goOlder() {
        look(in: (0..<(match?.line ?? lines.count)).reversed())
    }

    mutating func goNewer() {
        guard let match else { return }
        look(in: match.line + 1..<lines.count)
    }

    private mutating func look(in indices: some Sequence<Int>) {
        failed = false
        guard !pattern.isEmpty else { return }
        for index in indices {
            let text = Array(lines[index].unicodeScalars)
            if let offset = text.firstOffset(of: pattern) {
                match = Match(text: text, offset: offset, line: index)
                return
            }
        }
        failed = true
    }
}

extension [Unicode.Scalar] {
    fileprivate func firstOffset(of pattern: [Unicode.Scalar]) -> Int? {
        guard pattern.count <= count else { return nil }
        return (0...count - pattern.count).first { self[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }
}

extension EditorThread {
    /// Handles Ctrl-R and Ctrl-S: shows the search instead of the line, and copies the line found into it.
    func search() {
        var search = IncrementalSearch(lines: history.lines)
        defer { overlay = nil }
        while true {
            overlay = shown(search)
            guard let key = nextKey() else { return }
            switch key {
            case .character("\u{12}"): search.goOlder()
            case .character("\u{13}"): search.goNewer()
            case .character("\u{7f}"), .character("\u{08}"): search.deleteBackward()
            case .character("\u{07}"): return
            case .character("\u{1b}"): return accept(search)
            case .character(let character) where character.value >= 0x20: search.type([character])
            case .paste(let text): search.type(Array(text.prefix(while: { $0 != "\n" })))
            default:
                accept(search)
                return putBack(key)
            }
            if search.failed { bell() }
        }
    }

    private func accept(_ search: IncrementalSearch) {
        guard let match = search.match else { return }
        editline.replace(with: match.text, cursor: match.offset)
    }

    private func shown(_ search: IncrementalSearch) -> EditedLine {
        // The pattern is not part of the prompt, as pasted text may contain anything.
        let head = search.pattern + [")", " "]
        return EditedLine(
            prompt: search.failed ? "(nothing found: " : "(search: ", text: head + (search.match?.text ?? []),
            cursor: head.count + (search.match?.offset ?? 0))
    }
}
