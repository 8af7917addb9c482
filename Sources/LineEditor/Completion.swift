/// What Tab asks a completer.
public struct CompletionRequest: Sendable, Equatable {
    /// The line up to the cursor.
    public var line: String
    /// The last word of it, which the candidates replace; may be empty.
    public var word: String

    /// - Parameter word: the end of the line; what follows the last blank by default.
    public init(line: String, word: String? = nil) {
        self.line = line
        self.word = word ?? Self.lastWord(of: line)
    }

    /// What follows the last blank of a line.
    public static func lastWord(of line: String) -> String {
        String(line[(line.lastIndex(where: \.isWhitespace).map(line.index(after:)) ?? line.startIndex)...])
    }
}

/// A candidate for the word before the cursor. One that does not consist of printable characters is never offered: what
/// goes into the line by Tab can neither end it nor hide in it.
public struct Completion: Sendable, Hashable {
    /// The whole word.
    public var word: String
    /// How the list shows it.
    public var label: String
    /// Goes in after the word if it is the only candidate.
    public var suffix: String

    /// - Parameters:
    ///   - label: the word itself by default.
    ///   - suffix: a blank by default; empty for a folder, say, behind which one types on.
    public init(_ word: String, label: String? = nil, suffix: String = " ") {
        self.word = word
        self.label = label ?? word
        self.suffix = suffix
    }

    /// Whether all that would go into the line can be seen there.
    var isPrintable: Bool { DisplayWidth.isPrintable(word + suffix) }
}

/// What Tab does, given the candidates.
enum CompletionAnswer: Equatable {
    case nothing
    /// Puts this in place of the word.
    case replace(String)
    /// The word is all that the candidates have in common: they are shown.
    case list([String])
    case replaceAndList(String, [String])

    /// - Parameter candidates: those that do not begin with the word, or are not printable, are none.
    init(word: String, candidates: [Completion]) {
        var seen: Set<String> = []
        let candidates = candidates.filter {
            $0.word.hasScalarPrefix(word) && $0.isPrintable && seen.insert($0.word).inserted
        }
        guard let first = candidates.first else {
            self = .nothing
            return
        }
        if candidates.count == 1 {
            self = .replace(first.word + first.suffix)
            return
        }
        let common = commonPrefix(of: candidates.map(\.word))
        let labels = candidates.map(\.label).sorted()
        self = common == word ? .list(labels) : .replaceAndList(common, labels)
    }
}

extension String {
    /// By scalars: a base letter is no prefix of itself with an accent where Unicode compares characters.
    fileprivate func hasScalarPrefix(_ prefix: String) -> Bool {
        unicodeScalars.starts(with: prefix.unicodeScalars)
    }
}

/// The beginning that all words share.
func commonPrefix(of words: [String]) -> String {
    guard var prefix = words.first.map({ Array($0) }) else { return "" }
    for word in words.dropFirst() {
        prefix = Array(zip(prefix, word).prefix { $0 == $1 }.map(\.0))
    }
    return String(prefix)
}

/// Lays labels out in columns, filled from top to bottom as ls(1) does.
///
/// - Parameters:
///   - columns: the terminal's width.
///   - rows: no more than this are made; what is left out is counted in one more.
func columnList(_ labels: [String], columns: Int, rows limit: Int) -> [String] {
    guard !labels.isEmpty else { return [] }
    let widths = labels.map { DisplayWidth.of($0) }
    let widest = widths.max() ?? 0
    let gap = 2
    let across = max(1, (columns + gap) / (widest + gap))
    let rows = (labels.count + across - 1) / across
    var lines: [String] = []
    var shown = 0
    for row in 0..<min(rows, limit) {
        var line = ""
        for index in stride(from: row, to: labels.count, by: rows) {
            line += labels[index]
            shown += 1
            if index + rows < labels.count {
                line += String(repeating: " ", count: widest + gap - widths[index])
            }
        }
        lines.append(line)
    }
    if shown < labels.count { lines.append("and \(labels.count - shown) more") }
    return lines
}
