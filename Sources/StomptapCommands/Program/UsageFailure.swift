/// The one-line error for a command line that cannot be parsed, in the format of all other failures.
///
/// The parser's errors have no public type, so their text is matched.
struct UsageFailure {
    let line: String

    /// - Parameters:
    ///   - message: the message of the parser or of our own validation, without secrets.
    ///   - arguments: the command line without the program's name.
    init(_ message: String, in arguments: [String]) {
        let command = arguments.first.flatMap { first in
            Stomptap.configuration.subcommands.contains {
                $0.configuration.commandName == first || $0.configuration.aliases.contains(first)
            } ? first : nil
        }
        let text = Self.reworded(message.split(whereSeparator: \.isNewline).joined(separator: " "))
        let help = command.map { "stomptap \($0) -h" } ?? "stomptap -h"
        line = "\(command.map { "\($0): " } ?? "")\(text)" + (text.contains("see ") ? "" : "; see '\(help)'")
    }

    private static func reworded(_ message: String) -> String {
        var message = message
        if message.hasSuffix(".") { message.removeLast() }
        if let missing = message.firstMatch(of: /^Missing expected argument '(.+)'$/) {
            // Such as `<destination> ...` or `--reply <destination>`.
            let typed = missing.1.split(separator: " ").first ?? missing.1
            let name = typed.filter { $0 != "<" && $0 != ">" }
            return "missing \(name)"
        }
        if let missing = message.firstMatch(of: /^Missing value for '(.+)'$/) {
            return "missing value for \(missing.1)"
        }
        if let invalid = message.firstMatch(of: /^The value '(.*)' is invalid for '([^']+?)(?: <[^']*)?'(.*)$/) {
            let choices = invalid.3.replacing(/^\. Please provide one of (.*)$/) { choices in
                "; use \(choices.1.replacing("'", with: ""))"
            }
            return "invalid value '\(invalid.1)' for \(invalid.2)\(choices)"
        }
        // A name keeps its capitals.
        guard let first = message.first, message.dropFirst().first?.isLowercase == true else { return message }
        return first.lowercased() + message.dropFirst()
    }
}
