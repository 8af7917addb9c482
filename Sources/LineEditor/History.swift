import SystemC

/// The lines typed before, oldest first and without duplicates.
struct History: Equatable {
    /// The largest size of all lines together, in bytes, as a pasted line can be long.
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

    /// Adds a line as the newest, and removes an earlier copy.
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

    /// Drops the oldest lines. The newest is kept whatever its length, so that the user can recall it.
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
    /// The text of the history file, one line for each line of the history; backslash, LF and CR are written `\\`,
    /// `\n` and `\r`.
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
/// For each new line, the file is read again, the line is added, and the result replaces the file by rename(2),
/// under a lock on the folder. So concurrent sessions lose no lines, and a crash leaves either the old or the new
/// file.
struct HistoryFile {
    let path: String
    let limit: Int
    /// The longest line that is saved, in bytes.
    private static let longestLine = 256 << 10
    /// Lines that have not been saved yet.
    private var unsaved: [String] = []

    init(path: String, limit: Int) {
        // Replace the target of a symbolic link, not the link.
        self.path = resolvedPath(path) ?? path
        self.limit = limit
    }

    /// Reads the lines on disk; the history is empty if there is no file.
    func load() throws(LineEditorError) -> History {
        guard let bytes = try readFile(path, limit: 2 * History.byteLimit) else { return History(limit: limit) }
        return History(limit: limit, fileText: String(decoding: bytes, as: UTF8.self))
    }

    /// How long to wait for other programs, in milliseconds: after a line, and at the end of the program.
    private static let (lockTimeout, lastLockTimeout) = (100, 2000)

    /// Adds a line. If it cannot be saved, the next line or ``flush()`` tries again.
    mutating func add(_ line: String) throws(LineEditorError) {
        // A very long line is kept only in memory: in the file it would displace all others.
        guard line.utf8.count <= Self.longestLine else { return }
        if unsaved.count >= max(1, limit) { unsaved.removeFirst() }
        unsaved.append(line)
        try save(waiting: Self.lockTimeout)
    }

    /// Saves the lines that could not be saved before.
    mutating func flush() throws(LineEditorError) {
        if !unsaved.isEmpty { try save(waiting: Self.lastLockTimeout) }
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
