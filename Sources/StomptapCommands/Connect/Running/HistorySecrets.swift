/// Which lines are not kept.
enum HistorySecrets {
    /// Whether a line holds a secret: a passcode in a URL, or a value behind a name that ``SecretMask`` hides, in a header,
    /// an option, a query or JSON.
    static func holds(_ line: String) -> Bool {
        let mask = SecretMask.hiding
        if mask.masked(line) != line { return true }
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
