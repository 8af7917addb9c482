/// Keys that terminals send as escape sequences, whose manner of writing them varies.
///
/// libedit looks at one character at a time, and in vi's insert mode takes the ESC for itself. So each of these keys
/// has a character of its own, out of the C1 controls which nobody types, bound to a command of libedit's.
enum SpecialKey: UInt8, CaseIterable {
    case up = 0x90
    case down, left, right, home, end, delete, wordLeft, wordRight, deleteWord, pageUp, pageDown

    /// The character that stands for the key.
    var character: Unicode.Scalar { Unicode.Scalar(rawValue) }

    /// libedit's command, editrc(5).
    var command: String {
        switch self {
        case .up: "ed-prev-history"
        case .down: "ed-next-history"
        case .left: "ed-prev-char"
        case .right: "ed-next-char"
        case .home: "ed-move-to-beg"
        case .end: "ed-move-to-end"
        case .delete: "ed-delete-next-char"
        case .wordLeft: "ed-prev-word"
        case .wordRight: "em-next-word"
        case .deleteWord: "em-delete-next-word"
        case .pageUp: "ed-search-prev-history"
        case .pageDown: "ed-search-next-history"
        }
    }

    /// What terminals send after the ESC.
    var sequences: [String] {
        switch self {
        case .up: ["[A", "OA"]
        case .down: ["[B", "OB"]
        case .left: ["[D", "OD"]
        case .right: ["[C", "OC"]
        case .home: ["[H", "OH", "[1~", "[7~"]
        case .end: ["[F", "OF", "[4~", "[8~"]
        case .delete: ["[3~"]
        case .wordLeft: ["[1;5D", "[1;3D", "[5D", "Od"]
        case .wordRight: ["[1;5C", "[1;3C", "[5C", "Oc"]
        case .deleteWord: ["[3;5~", "[3;3~"]
        case .pageUp: ["[5~"]
        case .pageDown: ["[6~"]
        }
    }

    static let bySequence: [String: SpecialKey] = Dictionary(
        uniqueKeysWithValues: allCases.flatMap { key in key.sequences.map { ($0, key) } })
}
