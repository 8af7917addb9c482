import StomptapOutput
import StomptapRuntime

/// A command of `connect`: its syntax, its help, and how a line becomes a command.
struct CommandEntry: Sendable {
    /// What a position in a line may contain.
    enum Place: Sendable, Equatable {
        case destination, subscription, message, header, ackMode, contentType, file, url, command, setting, settingValue
        /// Anything without completions.
        case other
    }

    struct Option: Sendable {
        /// The long name first.
        var names: [String]
        var place: Place
    }

    var name: String
    var aliases: [String] = []
    /// The syntax after the name.
    var synopsis = ""
    /// A few words for the list of all commands.
    var summary: String
    /// Sentences for `help NAME`.
    var details: String
    var examples: [String]
    var options: [Option] = []
    var operands: [Place] = []
    /// Whether the last operand is the rest of the line, taken literally. Options must then come before all
    /// operands.
    var hasRest = false
    /// Whether options may also follow that rest; the rest is then not taken literally.
    var hasTrailingOptions = false
    /// Whether that rest is a body, which may also be `@file` or `<<WORD`.
    var hasBody = false
    var make: @Sendable (inout LineArguments) throws(LineError) -> LineCommand

    func option(named name: String) -> Option? { options.first { $0.names.contains(name) } }
}

/// The arguments after the name of a command.
struct LineArguments: Sendable {
    /// The values of options, by the long name of the option, in order.
    private(set) var options: [String: [String]] = [:]
    private var operands: ArraySlice<String> = []
    /// The rest of the line; nil if the command has no rest operand or it is empty.
    private(set) var rest: String?
    /// The body, if the rest is one.
    var body = LineBody.text("")

    /// - Throws: ``LineError`` for an unknown option, an option without its value, or an unclosed quote.
    init(_ words: LineWords, of entry: CommandEntry) throws(LineError) {
        var words = words
        let wordsBeforeRest = entry.hasRest ? entry.operands.count - 1 : Int.max
        var taken: [String] = []
        var optionsAreOver = entry.hasRest && entry.options.isEmpty
        var mayFollow = entry.hasTrailingOptions
        while !words.isEmpty {
            // The rest contains no options.
            if taken.count >= wordsBeforeRest, taken.count > 0 { break }
            let next = words.nextWord
            if !optionsAreOver, next == "--" {
                _ = try words.nextArgument()
                optionsAreOver = true
                mayFollow = false
            } else if !optionsAreOver, next.first == "-", next.count > 1 {
                try readOption(&words, of: entry)
            } else if taken.count < wordsBeforeRest, let word = try words.nextArgument() {
                taken.append(word)
                if entry.hasRest { optionsAreOver = true }
            } else {
                break
            }
        }
        operands = taken[...]
        guard entry.hasRest, !words.isEmpty else { return }
        rest = taken.isEmpty ? String(words.rest.drop(while: \.isBlank)) : words.takeRest()
        if mayFollow { try readTrailingOption(entry) }
        if entry.hasBody, let rest { body = rest.hasPrefix("@") ? .file(String(rest.dropFirst())) : .text(rest) }
    }

    private mutating func readOption(_ words: inout LineWords, of entry: CommandEntry) throws(LineError) {
        guard let word = try words.nextArgument() else { return }
        var name = word
        var value: String?
        if word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
            name = String(word[..<equals])
            value = String(word[word.index(after: equals)...])
        } else if !word.hasPrefix("--"), word.count > 2 {
            name = String(word.prefix(2))
            value = String(word.dropFirst(2))
        }
        guard let option = entry.option(named: name), let long = option.names.first else {
            throw LineError(
                "unknown option \(SecretMask.hiding.masked(typed: name))" + Self.suggestion(for: name, entry))
        }
        if value == nil { value = try words.nextArgument() }
        guard let value else { throw LineError("missing value for \(name)") }
        options[long, default: []].append(value)
    }

    /// Removes `--timeout 1s` or `--timeout=1s` from the end of the rest, with the blanks before it.
    private mutating func readTrailingOption(_ entry: CommandEntry) throws(LineError) {
        guard let text = rest else { return }
        let words = text.split(whereSeparator: \.isBlank)
        let isName = { (word: Substring) in
            entry.options.contains { $0.names.contains { word == $0 || word.hasPrefix("\($0)=") } }
        }
        guard let word = words.dropFirst().suffix(2).first(where: isName) else { return }
        var end = LineWords(text[word.startIndex...])
        var taken = self
        try taken.readOption(&end, of: entry)
        guard end.isEmpty else { return }
        taken.rest = text[..<word.startIndex].split(whereSeparator: \.isBlank).last.map { String(text[..<$0.endIndex]) }
        self = taken
    }

    private static func suggestion(for name: String, _ entry: CommandEntry) -> String {
        let known = entry.options.flatMap(\.names)
        if let nearest = EditDistance.nearest(to: name, among: known.filter { $0.hasPrefix("--") }) {
            return "; did you mean \(nearest)?"
        }
        return known.isEmpty ? "; this command has no options" : "; options: \(known.joined(separator: ", "))"
    }

    /// The last value of an option.
    func option(_ name: String) -> String? { options[name]?.last }

    /// The next word; nil at the end.
    mutating func next() -> String? { operands.popFirst() }

    /// The next word.
    ///
    /// - Throws: ``LineError`` if there is none.
    mutating func next(_ what: String) throws(LineError) -> String {
        guard let word = next() else { throw LineError("missing \(what)") }
        return word
    }

    /// Rejects extra arguments.
    ///
    /// - Parameter entry: the command. If its words may be parts of an unquoted secret, the error does not quote
    ///   them.
    func finish(of entry: CommandEntry) throws(LineError) {
        guard let extra = operands.first else { return }
        guard !entry.operands.contains(.url), options["--header"] == nil else {
            throw LineError("too many arguments; quote a value that contains spaces")
        }
        throw LineError("unexpected argument \(SecretMask.hiding.masked(typed: extra).debugDescription)")
    }
}
