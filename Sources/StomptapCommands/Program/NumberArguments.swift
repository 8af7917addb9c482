/// Bodies that are negative numbers: `publish ENDPOINT DESTINATION -1` means the body, as no option is a number but `-0`.
enum NumberArguments {
    /// The same arguments, with a trailing negative number behind `--`, where the parser takes it for what it is.
    static func protected(_ arguments: [String]) -> [String] {
        guard !arguments.contains("--"), let last = arguments.last, isNegativeNumber(last),
            // The value of an option stays with it.
            let before = arguments.dropLast().last, !before.hasPrefix("-")
        else { return arguments }
        return arguments.dropLast() + ["--", last]
    }

    private static func isNegativeNumber(_ text: String) -> Bool {
        text != "-0" && text.hasPrefix("-") && text.dropFirst().first?.isNumber == true && Double(text) != nil
    }
}
