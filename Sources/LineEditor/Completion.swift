/// A request for completion, sent when the user presses Tab.
public struct CompletionRequest: Sendable, Equatable {
    /// The line up to the cursor.
    public var line: String
    /// The last word of the line, which the candidates replace; may be empty.
    public var word: String

    /// - Parameter word: the word at the end of the line; by default, the text after the last space.
    public init(line: String, word: String? = nil) {
        self.line = line
        self.word = word ?? Self.lastWord(of: line)
    }

    /// The text after the last space of a line.
    public static func lastWord(of line: String) -> String {
        String(line[(line.lastIndex(where: \.isWhitespace).map(line.index(after:)) ?? line.startIndex)...])
    }
}

/// A candidate for the word before the cursor. A candidate with characters that are not printable is never offered:
/// text inserted by Tab cannot end the line or be invisible.
public struct Completion: Sendable, Hashable {
    /// The whole word.
    public var word: String
    /// The text in the list of candidates.
    public var label: String
    /// Inserted after the word if it is the only candidate.
    public var suffix: String

    /// - Parameters:
    ///   - label: the word itself by default.
    ///   - suffix: a space by default; empty if the word can be continued, such as after a folder's name.
    public init(_ word: String, label: String? = nil, suffix: String = " ") {
        self.word = word
        self.label = label ?? word
        self.suffix = suffix
    }

    /// Whether all inserted characters are visible.
    var isPrintable: Bool { DisplayWidth.isPrintable(word + suffix) }
}

/// The effect of Tab for a list of candidates.
enum CompletionAnswer: Equatable {
    case nothing
    /// Replaces the word with this text.
    case replace(String)
    /// Lists the candidates, as the word is already their longest common prefix.
    case list([String])
    case replaceAndList(String, [String])

    /// - Parameter candidates: those that do not begin with the word or are not printable are ignored.
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
    /// Compares scalars, not characters: in a comparison of characters, a base letter is not a prefix of the same
    /// letter with a combining accent.
    fileprivate func hasScalarPrefix(_ prefix: String) -> Bool {
        unicodeScalars.starts(with: prefix.unicodeScalars)
    }
}

/// The longest common prefix of all words.
func commonPrefix(of words: [String]) -> String {
    guard var prefix = words.first.map({ Array($0) }) else { return "" }
    for word in words.dropFirst() {
        prefix = Array(zip(prefix, word).prefix { $0 == $1 }.map(\.0))
    }
    return String(prefix)
}

/// Arranges labels in columns, filled from top to bottom as ls(1) does.
///
/// - Parameters:
///   - columns: the terminal's width.
///   - rows: the largest number of rows; one more row then says how many labels are left out.
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
