import StomptapOutput

/// Which lines are not kept.
enum HistorySecrets {
    /// Whether a line holds a secret: a passcode in a URL, or a value behind a name that ``SecretMask`` hides, in a header,
    /// an option, a query or JSON, or what was meant as one of them.
    static func holds(_ line: String) -> Bool {
        let mask = SecretMask.hiding
        if mask.masked(line) != line { return true }
        let words = line.split(whereSeparator: \.isBlank)
        if words.first?.lowercased() == "connect" {
            let rest = words.dropFirst().map(String.init).joined(separator: " ")
            if mask.masked(typed: rest) != rest { return true }
        }
        // A header that lacks its colon.
        if let option = words.firstIndex(where: { $0.hasPrefix("-H") || $0.hasPrefix("--header") }),
            words[option...].contains(where: { mask.hides(String($0)) })
        {
            return true
        }
        var name = ""
        var isBehindName = false
        for character in line {
            switch character {
            case ":", "=":
                if mask.hides(name) { return true }
                name = ""
            case "\"", "'":
                // The quote of a name in JSON.
                isBehindName = true
            case " ", "\t": isBehindName = true
            default:
                if isBehindName { name = "" }
                isBehindName = false
                name.append(character)
            }
        }
        return false
    }
}
