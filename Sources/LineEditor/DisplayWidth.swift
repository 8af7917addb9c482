import CEditLine
import SystemC

/// The width of text on a terminal, in columns, from the C library's tables: Hangul and most emoji have two, a
/// combining mark zero.
public enum DisplayWidth {
    /// The width of one scalar; nil if it is not printable. Scalars that only format text, such as by changing its
    /// direction, count as not printable: they could disguise the text.
    ///
    /// Call it only within `UTF8Locale.with`.
    static func of(_ scalar: Unicode.Scalar) -> Int? {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7f ? 1 : nil }
        switch scalar.properties.generalCategory {
        case .format, .lineSeparator, .paragraphSeparator: return nil
        default: break
        }
        let width = wcwidth(wchar_t(truncatingIfNeeded: scalar.value))
        return width < 0 ? nil : Int(width)
    }

    /// The width of a text that is printed unescaped; characters that are not printable count as zero.
    public static func of(_ text: String) -> Int {
        UTF8Locale.with { text.unicodeScalars.reduce(0) { $0 + (of($1) ?? 0) } }
    }

    /// Whether all of a text is visible: it has no control characters, no line ends, and no invisible characters
    /// except combining marks.
    public static func isPrintable(_ text: String) -> Bool {
        UTF8Locale.with {
            text.unicodeScalars.allSatisfy { $0.isASCII || !$0.properties.isDefaultIgnorableCodePoint }
                && text.unicodeScalars.allSatisfy { of($0) != nil }
        }
    }
}

/// The locale in which libedit and the C library handle wide characters, independent of the environment.
///
/// It is set for the current thread only: setlocale(3) would change it for the other threads of the process too.
enum UTF8Locale {
    // A locale_t is a pointer to immutable data, and this one is never freed.
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
