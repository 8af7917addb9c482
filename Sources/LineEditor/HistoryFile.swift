import SystemC

/// The history on disk, shared by all sessions of one user.
///
/// Each line is merged into what the file holds by then and the whole put in place by rename(2), under a lock on the
/// folder: two sessions lose nothing of each other's, and a crash leaves the old file or the new one.
struct HistoryFile {
    let path: String
    let limit: Int
    /// Lines that could not be saved yet.
    private var unsaved: [String] = []

    init(path: String, limit: Int) {
        // What a link points at is replaced, not the link.
        self.path = resolvedPath(path) ?? path
        self.limit = limit
    }

    /// The lines on disk; an empty history where there is no file.
    func load() throws(LineEditorError) -> History {
        guard let octets = try readFile(path, limit: History.octetLimit) else { return History(limit: limit) }
        return History(limit: limit, fileText: String(decoding: octets, as: UTF8.self))
    }

    /// Adds a line. One that cannot be saved is tried again with the next.
    mutating func add(_ line: String) throws(LineEditorError) {
        if unsaved.count >= max(1, limit) { unsaved.removeFirst() }
        unsaved.append(line)
        try makeFolder(folder)
        let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw .system("cannot open \(folder)") }
        defer { SystemC.close(lock) }
        guard acquire(lock) else { throw LineEditorError(.systemFailure, "\(folder) is locked by another program") }
        var history = try load()
        for line in unsaved { history.add(line) }
        try replaceFile(path, with: Array(history.fileText.utf8))
        unsaved = []
    }

    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Waits for the lock a moment only: the keyboard waits as well.
    private func acquire(_ descriptor: Int32) -> Bool {
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            // Some file systems know no locks: better a history without them than none.
            if errno != EWOULDBLOCK, errno != EINTR { return true }
            usleep(5000)
        }
        return false
    }
}
