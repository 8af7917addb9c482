import STOMPTransport
import StomptapOutput

/// Decides which lines are not saved in the history.
enum HistorySecrets {
    /// Whether a line contains a secret: a login in a URL; a value after a name that ``SecretMask`` hides, in a
    /// header, an option, a query or JSON, also if it is mistyped; or credentials and tokens under any name. A body
    /// that was typed with its line is included.
    static func holds(_ line: String) -> Bool {
        if line.split(whereSeparator: \.isNewline).contains(where: isSecret) { return true }
        // For example `stomp://user%3Apasscode%40host`.
        guard line.contains("%"), let decoded = PercentEncoding.decode(line.utf8, malformed: .stays) else {
            return false
        }
        let text = String(decoding: decoded, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).contains(where: isSecret)
    }

    private static func isSecret(_ line: Substring) -> Bool {
        let mask = SecretMask.hiding
        let text = String(line)
        // As the user may have meant it, and as it would be sent.
        if mask.masked(text) != text || mask.masked(summary: text) != text { return true }
        let words = line.split(whereSeparator: \.isBlank)
        if words.first?.lowercased() == "connect" {
            let rest = words.dropFirst().joined(separator: " ")
            if mask.masked(typed: rest) != rest { return true }
        }
        return words.contains { hasLogin($0) } || hasUnwrittenHeader(words) || hasSecretName(line)
            || hasCredentials(words)
    }

    /// Whether a word is a URL with text before its `@`.
    private static func hasLogin(_ word: Substring) -> Bool {
        guard let scheme = word.firstRange(of: "://") else { return false }
        return word[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }.contains("@")
    }

    /// Whether there is a header without its colon: `-H Authorization x`, `-HX-Auth-Token`.
    private static func hasUnwrittenHeader(_ words: [Substring]) -> Bool {
        guard let option = words.firstIndex(where: { $0.hasPrefix("-H") || $0.hasPrefix("--header") }) else {
            return false
        }
        return words[option...].contains { SecretMask.hiding.hides(String($0)) }
    }

    /// Whether the name of a secret comes before a colon or an equals sign, with or without quotes.
    private static func hasSecretName(_ line: Substring) -> Bool {
        var name = ""
        var isAfterName = false
        for character in line {
            switch character {
            case ":", "=":
                if SecretMask.hiding.hides(name) { return true }
                name = ""
            case "\"", "'", "\\":
                // The quote after a name in JSON.
                isAfterName = true
            case " ", "\t": isAfterName = true
            default:
                if isAfterName { name = "" }
                isAfterName = false
                name.append(character)
            }
        }
        return false
    }

    /// Whether an authentication scheme is followed by a value.
    private static func hasCredentials(_ words: [Substring]) -> Bool {
        for (scheme, value) in zip(words, words.dropFirst()) {
            let name = scheme.lowercased().drop { !$0.isLetter }
            guard name.hasSuffix("bearer") || name.hasSuffix("basic") else { continue }
            // `Basic usage` in a text is not a credential.
            if value.count > 7, value.contains(where: { $0.isNumber || $0.isUppercase || $0 == "=" }) { return true }
        }
        return false
    }
}
