/// Decodes terminal input into keys, however the bytes are split between reads.
struct KeyDecoder {
    enum Key: Equatable {
        /// A character, or a control character such as 0x01 for Ctrl-A.
        case character(Unicode.Scalar)
        case special(SpecialKey, sequence: String)
        /// An escape sequence of an unknown key, without its ESC.
        case sequence(String)
        /// Pasted text, with its line ends converted to LF.
        case paste([Unicode.Scalar])
        /// A paste of this many bytes, which was over the limit and discarded.
        case pasteTooLong(Int)
        case interrupt, suspend, quit
    }

    /// What the decoder is waiting for.
    enum Waiting { case escape, sequence, paste }

    /// The terminal's signal characters; 0 for none.
    struct Signals {
        var interrupt: UInt8 = 0x03
        var suspend: UInt8 = 0x1a
        var quit: UInt8 = 0x1c
    }

    private enum State: Equatable {
        case ground
        case utf8(value: UInt32, missing: Int, smallest: UInt32)
        case escape
        case sequence([UInt8])
        case paste(PastedText)
    }

    private static let pasteStart = Array("[200~".utf8)
    /// The longest escape sequence, in bytes; no key sends a longer one.
    private static let longestSequence = 32

    private let signals: Signals
    private let pasteLimit: Int
    private var state = State.ground
    /// The complete keys.
    private(set) var keys: [Key] = []

    init(signals: Signals = Signals(), pasteLimit: Int) {
        self.signals = signals
        self.pasteLimit = pasteLimit
    }

    var waiting: Waiting? {
        switch state {
        case .ground, .utf8: nil
        case .escape: .escape
        case .sequence: .sequence
        case .paste(let paste): paste.stalled ? nil : .paste
        }
    }

    mutating func drainKeys() -> [Key] {
        defer { keys = [] }
        return keys
    }

    /// Handles a pause in the input: an ESC was the Escape key, and an incomplete sequence was typed by hand.
    mutating func timeOut() {
        switch state {
        case .escape:
            state = .ground
            keys.append(.character("\u{1b}"))
        case .sequence(let bytes):
            state = .ground
            keys.append(.character("\u{1b}"))
            keys += bytes.map { .character(Unicode.Scalar($0)) }
        case .paste(var paste):
            paste.stalled = true
            state = .paste(paste)
        case .ground, .utf8: break
        }
    }

    mutating func feed(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { feed(byte) }
    }

    private mutating func feed(_ byte: UInt8) {
        switch state {
        case .ground: ground(byte)
        case .utf8(let value, let missing, let smallest):
            continueUTF8(byte, value: value, missing: missing, smallest: smallest)
        case .escape:
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") {
                state = .sequence([byte])
            } else {
                // ESC and a character: either Meta and the character, or two keys.
                keys.append(.character("\u{1b}"))
                state = .ground
                ground(byte)
            }
        case .sequence(let bytes): continueSequence(bytes, byte)
        case .paste(var paste):
            // Release the copy in `state`, so that appending does not copy the paste.
            state = .ground
            continuePaste(&paste, byte)
        }
    }

    private mutating func ground(_ byte: UInt8) {
        switch byte {
        case signals.interrupt where byte != 0: keys.append(.interrupt)
        case signals.suspend where byte != 0: keys.append(.suspend)
        case signals.quit where byte != 0: keys.append(.quit)
        case 0x1b: state = .escape
        case ..<0x80: keys.append(.character(Unicode.Scalar(byte)))
        case 0xc2...0xdf: state = .utf8(value: UInt32(byte & 0x1f), missing: 1, smallest: 0x80)
        case 0xe0...0xef: state = .utf8(value: UInt32(byte & 0x0f), missing: 2, smallest: 0x800)
        case 0xf0...0xf4: state = .utf8(value: UInt32(byte & 0x07), missing: 3, smallest: 0x10000)
        default: keys.append(.character("\u{fffd}"))
        }
    }

    private mutating func continueUTF8(_ byte: UInt8, value: UInt32, missing: Int, smallest: UInt32) {
        guard byte & 0xc0 == 0x80 else {
            keys.append(.character("\u{fffd}"))
            state = .ground
            return ground(byte)
        }
        let value = value << 6 | UInt32(byte & 0x3f)
        guard missing == 1 else {
            state = .utf8(value: value, missing: missing - 1, smallest: smallest)
            return
        }
        state = .ground
        let scalar = value < smallest ? nil : Unicode.Scalar(value)
        // A C1 control character would be mistaken for a special key.
        if let scalar, (0x80..<0xa0).contains(scalar.value) { return }
        keys.append(.character(scalar ?? "\u{fffd}"))
    }

    private mutating func continueSequence(_ bytes: [UInt8], _ byte: UInt8) {
        // The Linux console sends ESC [ [ A for F1.
        let isLinuxFunctionKey = bytes == [UInt8(ascii: "[")] && byte == UInt8(ascii: "[")
        switch byte {
        case 0x20..<0x40 where bytes[0] == UInt8(ascii: "["), _ where isLinuxFunctionKey:
            state = .sequence(bytes.count < Self.longestSequence ? bytes + [byte] : bytes)
        case 0x20..<0x7f:
            finishSequence(bytes + [byte])
        default:
            timeOut()
            feed(byte)
        }
    }

    private mutating func finishSequence(_ bytes: [UInt8]) {
        if bytes == Self.pasteStart {
            state = .paste(PastedText())
            return
        }
        state = .ground
        let sequence = String(decoding: bytes, as: UTF8.self)
        keys.append(SpecialKey.bySequence[sequence].map { .special($0, sequence: sequence) } ?? .sequence(sequence))
    }

    private mutating func continuePaste(_ paste: inout PastedText, _ byte: UInt8) {
        if paste.stalled, byte == signals.interrupt, byte != 0 {
            keys.append(.interrupt)
        } else if let key = paste.append(byte, limit: pasteLimit) {
            keys.append(key)
        } else {
            state = .paste(paste)
        }
    }
}

/// A bracketed paste that is being received.
struct PastedText: Equatable {
    private static let end = Array("\u{1b}[201~".utf8)

    /// Whether no bytes came for a while: the terminal may have failed to end the paste.
    var stalled = false
    /// All bytes, or the last few if the paste is over the limit.
    private var bytes: [UInt8] = []
    private var dropped = 0

    /// Appends a byte, and returns the complete paste at its end.
    ///
    /// - Parameter limit: the largest paste, in bytes.
    mutating func append(_ byte: UInt8, limit: Int) -> KeyDecoder.Key? {
        stalled = false
        bytes.append(byte)
        if byte == Self.end.last, bytes.suffix(Self.end.count).elementsEqual(Self.end) {
            bytes.removeLast(Self.end.count)
            let size = dropped + bytes.count
            return size > limit ? .pasteTooLong(size) : .paste(text)
        }
        if bytes.count > limit + Self.end.count {
            dropped += bytes.count - Self.end.count
            bytes.removeFirst(bytes.count - Self.end.count)
        }
        return nil
    }

    /// The text with LF between lines and none at the end (a copied line includes its own). NUL is removed, as it
    /// would end the text for libedit, and C1 control characters, which would be mistaken for special keys.
    private var text: [Unicode.Scalar] {
        var text: [Unicode.Scalar] = []
        var afterReturn = false
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            defer { afterReturn = scalar == "\r" }
            switch scalar {
            case "\r": text.append("\n")
            case "\n": if !afterReturn { text.append("\n") }
            case "\0", "\u{80}"..<"\u{a0}": break
            default: text.append(scalar)
            }
        }
        while text.last == "\n" { text.removeLast() }
        return text
    }
}

/// Keys that terminals send as escape sequences, which vary between terminals.
///
/// libedit reads one character at a time, and in vi's insert mode it handles ESC by itself. So each of these keys is
/// represented by a C1 control character, which users do not type, bound to a command of libedit.
enum SpecialKey: UInt8, CaseIterable {
    case up = 0x90
    case down, left, right, home, end, delete, wordLeft, wordRight, deleteWord, pageUp, pageDown

    /// The character that represents the key.
    var character: Unicode.Scalar { Unicode.Scalar(rawValue) }

    /// The libedit command, see editrc(5).
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

    /// The sequences that terminals send, without the ESC.
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
