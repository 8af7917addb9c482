/// How many cells of a terminal text takes.
enum DisplayWidth {
    static func cells(of text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + cells(of: $1) }
    }

    /// 0 for what is drawn on the cell before or not at all, 2 for what is wide, otherwise 1.
    static func cells(of character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        if first.isASCII, scalars.count == 1 { return first.properties.generalCategory == .control ? 0 : 1 }
        // Flags, families joined by ZWJ, skin tones and keycaps are one picture each.
        let isPicture =
            first.properties.isEmojiPresentation
            || (first.properties.isEmoji && scalars.contains { $0 == "\u{FE0F}" || $0 == "\u{200D}" })
        return isPicture ? 2 : scalars.reduce(0) { $0 + cells(of: $1) }
    }

    static func cells(of scalar: Unicode.Scalar) -> Int {
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .control, .lineSeparator, .paragraphSeparator: return 0
        case .format: return scalar == "\u{AD}" ? 1 : 0
        default: break
        }
        // The vowels and final consonants of Hangul that combine with what stands before them.
        if (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FF).contains(scalar.value) { return 0 }
        return isWide(scalar.value) ? 2 : 1
    }

    private static func isWide(_ scalar: UInt32) -> Bool {
        guard scalar >= 0x1100 else { return false }
        return wideRanges.contains { $0.contains(scalar) }
    }

    /// What Unicode calls wide or full-width (UAX 11) and is no emoji; what is not assigned yet in between counts as
    /// its neighbours do.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F,  // Hangul consonants that lead a syllable
        0x2329...0x232A,
        0x2630...0x2637, 0x268A...0x268F,  // trigrams
        0x2E80...0x303E,  // radicals, CJK punctuation
        0x3041...0x3247,  // Kana, Bopomofo, Hangul letters
        0x3250...0xA4CF,  // CJK ideographs, Yi
        0xA960...0xA97C,
        0xAC00...0xD7A3,  // Hangul syllables
        0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6B,
        0xFF01...0xFF60, 0xFFE0...0xFFE6,  // full-width forms
        0x16FE0...0x191D2,  // Tangut, Khitan
        0x1AFF0...0x1B2FB,  // more Kana, Nushu
        0x1D300...0x1D376,
        0x1F200...0x1F265,
        0x20000...0x3FFFD,  // CJK ideographs
    ]
}
