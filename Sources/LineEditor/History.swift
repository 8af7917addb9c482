import SystemC

/// Lines typed before, the oldest first, each of them once.
struct History: Equatable {
    /// What all lines together may take: a pasted line can be long.
    static let byteLimit = 4 << 20

    private(set) var lines: [String] = []
    private var bytes = 0
    private let limit: Int

    /// - Parameter limit: the number of lines kept.
    init(limit: Int, lines: some Sequence<String> = EmptyCollection()) {
        self.limit = max(0, limit)
        var newest: [String] = []
        var seen: Set<String> = []
        for line in Array(lines).reversed() where !line.isEmpty && seen.insert(line).inserted { newest.append(line) }
        self.lines = newest.reversed()
        bytes = self.lines.reduce(0) { $0 + $1.utf8.count }
        trim()
    }

    /// Adds a line as the newest, and takes it away where it stood before.
    mutating func add(_ line: String) {
        guard !line.isEmpty else { return }
        if let index = lines.lastIndex(of: line) {
            bytes -= line.utf8.count
            lines.remove(at: index)
        }
        lines.append(line)
        bytes += line.utf8.count
        trim()
    }

    /// Drops the oldest lines; the newest stays whatever its length, so that it can be had back.
    private mutating func trim() {
        var dropped = 0
        while lines.count - dropped > limit || bytes > Self.byteLimit, dropped < lines.count - min(1, limit) {
            bytes -= lines[dropped].utf8.count
            dropped += 1
        }
        lines.removeFirst(dropped)
    }
}

extension History {
    /// A line of the file for each line of the history: backslash and newline are written `\\` and `\n`.
    var fileText: String {
        lines.map { Self.escape($0) + "\n" }.joined()
    }

    init(limit: Int, fileText: String) {
        let lines = fileText.split(omittingEmptySubsequences: true) { $0 == "\n" || $0 == "\r\n" }
        self.init(limit: limit, lines: lines.map { Self.unescape($0) })
    }

    private static func escape(_ line: String) -> String {
        var text = ""
        for scalar in line.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func unescape(_ line: Substring) -> String {
        var text = ""
        var escaped = false
        for scalar in line.unicodeScalars {
            switch (escaped, scalar) {
            case (false, "\\"):
                escaped = true
                continue
            case (true, "n"): text += "\n"
            case (true, "r"): text += "\r"
            default: text.unicodeScalars.append(scalar)
            }
            escaped = false
        }
        return text
    }
}

/// The history on disk, shared by all sessions of one user.
///
/// Each line is merged into what the file holds by then and the whole put in place by rename(2), under a lock on the
/// folder: two sessions lose nothing of each other's, and a crash leaves the old file or the new one.
struct HistoryFile {
    let path: String
    let limit: Int
    /// The longest line that is saved, in bytes.
    private static let longestLine = 256 << 10
    /// Lines that could not be saved yet.
    private var unsaved: [String] = []

    init(path: String, limit: Int) {
        // What a link points at is replaced, not the link.
        self.path = resolvedPath(path) ?? path
        self.limit = limit
    }

    /// The lines on disk; an empty history where there is no file.
    func load() throws(LineEditorError) -> History {
        guard let bytes = try readFile(path, limit: 2 * History.byteLimit) else { return History(limit: limit) }
        return History(limit: limit, fileText: String(decoding: bytes, as: UTF8.self))
    }

    /// How long the keyboard waits for other programs, in milliseconds, and the end of the program.
    private static let (patience, lastPatience) = (100, 2000)

    /// Adds a line. One that cannot be saved is tried again with the next, and by ``flush()``.
    mutating func add(_ line: String) throws(LineEditorError) {
        // One that is very long stays in memory: it would take the place of all others.
        guard line.utf8.count <= Self.longestLine else { return }
        if unsaved.count >= max(1, limit) { unsaved.removeFirst() }
        unsaved.append(line)
        try save(waiting: Self.patience)
    }

    /// Saves the lines that could not be saved before, if there are any.
    mutating func flush() throws(LineEditorError) {
        if !unsaved.isEmpty { try save(waiting: Self.lastPatience) }
    }

    private mutating func save(waiting milliseconds: Int) throws(LineEditorError) {
        try makeFolder(folder)
        guard let lock = lockFolder(folder, waiting: milliseconds) else {
            throw errno == EWOULDBLOCK ? .historyLocked(folder: folder) : .failed(.open(folder))
        }
        defer { SystemC.close(lock) }
        var history = try load()
        for line in unsaved { history.add(line) }
        guard replaceFile(path, with: Array(history.fileText.utf8)) else { throw .failed(.write(path)) }
        unsaved = []
    }

    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
