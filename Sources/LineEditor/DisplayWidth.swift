import CEditLine
import SystemC

/// How many columns text takes on a terminal, by the C library's tables: Hangul and most emoji two, a combining mark none.
public enum DisplayWidth {
    /// Columns of one scalar; nil where it is not printable. Those that only format text, by turning its direction
    /// around say, are not: they would hide what the text is.
    ///
    /// To be called within `UTF8Locale.with`.
    static func of(_ scalar: Unicode.Scalar) -> Int? {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7f ? 1 : nil }
        switch scalar.properties.generalCategory {
        case .format, .lineSeparator, .paragraphSeparator: return nil
        default: break
        }
        let width = wcwidth(wchar_t(truncatingIfNeeded: scalar.value))
        return width < 0 ? nil : Int(width)
    }

    /// Columns of a text that is shown as it is; what cannot be printed counts for nothing.
    public static func of(_ text: String) -> Int {
        UTF8Locale.with { text.unicodeScalars.reduce(0) { $0 + (of($1) ?? 0) } }
    }

    /// Whether all of a text can be seen: it has no controls, no line ends, and nothing that takes no room but accents.
    public static func isPrintable(_ text: String) -> Bool {
        UTF8Locale.with {
            text.unicodeScalars.allSatisfy { $0.isASCII || !$0.properties.isDefaultIgnorableCodePoint }
                && text.unicodeScalars.allSatisfy { of($0) != nil }
        }
    }
}

/// The locale in which libedit and the C library see wide characters, whatever the environment says.
///
/// It is set for one thread at a time: setlocale(3) would change the whole process under its other threads.
enum UTF8Locale {
    // A locale_t is a pointer to what nobody changes once it is made, and this one is never freed.
    private nonisolated(unsafe) static let locale: locale_t? = {
        for name in ["C.UTF-8", "C.utf8", "en_US.UTF-8"] {
            if let locale = newlocale(LC_CTYPE_MASK, name, nil) { return locale }
        }
        return nil
    }()

    static func with<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        guard let locale else { return try body() }
        let previous = uselocale(locale)
        defer { _ = uselocale(previous) }
        return try body()
    }
}
