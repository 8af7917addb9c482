/// Lines typed before, the oldest first, each of them once.
struct History: Equatable {
    /// What all lines together may take: a pasted line can be long.
    static let octetLimit = 4 << 20

    private(set) var lines: [String] = []
    private var octets = 0
    private let limit: Int

    /// - Parameter limit: the number of lines kept.
    init(limit: Int, lines: some Sequence<String> = EmptyCollection()) {
        self.limit = max(0, limit)
        var newest: [String] = []
        var seen: Set<String> = []
        for line in Array(lines).reversed() where !line.isEmpty && seen.insert(line).inserted { newest.append(line) }
        self.lines = newest.reversed()
        octets = self.lines.reduce(0) { $0 + $1.utf8.count }
        trim()
    }

    /// Adds a line as the newest, and takes it away where it stood before.
    mutating func add(_ line: String) {
        guard !line.isEmpty else { return }
        if let index = lines.lastIndex(of: line) {
            octets -= line.utf8.count
            lines.remove(at: index)
        }
        lines.append(line)
        octets += line.utf8.count
        trim()
    }

    /// Drops the oldest lines; the newest stays whatever its length, so that it can be had back.
    private mutating func trim() {
        var dropped = 0
        while lines.count - dropped > limit || octets > Self.octetLimit, dropped < lines.count - min(1, limit) {
            octets -= lines[dropped].utf8.count
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
