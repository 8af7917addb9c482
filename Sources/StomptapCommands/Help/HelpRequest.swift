/// A request for help on the command line. `-h` asks for one screen, `--help` and `help` ask for all.
///
/// The parser has only one help, and would also find the words where they are values, as in `-H -h`.
struct HelpRequest: Equatable {
    enum Extent { case short, whole }

    let extent: Extent
    /// The command by the names of it and its parents, without the program's; empty for the program.
    let path: [String]

    private init(_ extent: Extent, of path: [String]) {
        self.extent = extent
        self.path = path
    }

    /// - Parameter arguments: the command line without the program's name.
    init?(in arguments: [String]) {
        // The description of all commands takes time to make.
        guard Self.mayBeIn(arguments) else { return nil }
        self.init(in: arguments, of: .program)
    }

    /// Whether a word looks like a request; it may be a value.
    static func mayBeIn(_ arguments: [String]) -> Bool {
        guard let first = arguments.first else { return true }
        // Shells ask for completions with words that the user is still typing.
        guard !first.hasPrefix("---") else { return false }
        return first == "help" || arguments.contains { $0 == "--help" || isShort($0) }
    }

    /// Whether a word is `-h`, or letters after one dash that include it, such as `-vh`.
    private static func isShort(_ word: String) -> Bool {
        word.hasPrefix("-") && word.contains("h")
            && word.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    private init?(in arguments: [String], of program: CommandHelp) {
        // Without arguments the program has nothing to do.
        guard let first = arguments.first else {
            self.init(.short, of: [])
            return
        }
        var command = program
        var path: [String] = []
        var extent = first == "help" ? Extent.whole : nil
        var words = first == "help" ? arguments.dropFirst() : arguments[...]
        while let word = words.popFirst(), word != "--" {
            if word == "--help" {
                extent = .whole
            } else if word.hasPrefix("--") {
                command.dropValue(of: word, &words)
            } else if word.hasPrefix("-"), word.count > 1 {
                if command.hasShortHelp(in: word, &words) { extent = .short }
            } else if let subcommand = command.subcommand(word) {
                command = subcommand
                path.append(command.commandName)
            }
        }
        guard let extent else { return nil }
        self.init(extent, of: path)
    }
}

extension CommandHelp {
    /// Removes the option's value from the words after it if the value may look like an option. Others need not be
    /// removed: they do not look like a request.
    fileprivate func dropValue(of typed: String, _ words: inout ArraySlice<String>) {
        if let option = option(typed), option.takesAnyValue, words.first != "--" { words = words.dropFirst() }
    }

    /// Whether `-h` is one of the letters of a word. Letters after an option with a value are the value.
    fileprivate func hasShortHelp(in word: String, _ words: inout ArraySlice<String>) -> Bool {
        for (index, letter) in word.enumerated().dropFirst() {
            if letter == "h" { return true }
            guard let option = option("-\(letter)") else { return false }
            guard option.takesValue else { continue }
            if index == word.count - 1 { dropValue(of: "-\(letter)", &words) }
            return false
        }
        return false
    }
}
