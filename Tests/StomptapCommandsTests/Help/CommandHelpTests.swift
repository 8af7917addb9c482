import ArgumentParser
import LineEditor
import Testing

@testable import StomptapCommands

/// The help of each command.
struct CommandHelpTests {
    private static let commands = CommandHelp.program.subcommands ?? []

    private static func short(_ path: [String]) -> [String] { HelpText(path, of: .program).lines(.short) }

    @Test(arguments: [[]] + commands.map { [$0.commandName] })
    func theShortHelpIsOneScreen(path: [String]) {
        let lines = Self.short(path)
        #expect(lines.count <= 40)
        #expect(lines.allSatisfy { DisplayWidth.of($0) <= HelpText.standardWidth })
        #expect(lines.last?.hasSuffix("--help") == true)
    }

    /// An option whose first phrase is too long for one line gets a shorter one in front.
    @Test(arguments: commands.map(\.commandName))
    func theShortHelpHasALineForEachOwnOption(command: String) throws {
        let help = try #require(CommandHelp.program.subcommand(command))
        let own = Set(
            help.options.filter { !OptionHeading.isOfConnection($0.sectionTitle) && !$0.isOfEveryCommand }
                .map { $0.typedNames.joined(separator: ", ") })
        #expect(!own.isEmpty)
        let blocks = Self.short([command]).split(separator: "")
        let options = try #require(blocks.first { $0.first?.hasPrefix("  -") == true })
        let listed = options.map { line in
            String(line.dropFirst(2).prefix { $0 != "<" }.split(separator: "  ").first ?? "").trimmed
        }
        #expect(listed.count == own.count && Set(listed) == own, "\(options)")
    }

    /// In `tap` they start with the HTTP options and end with the colours.
    @Test func connectionOptionsAreTheSameForEachCommand() {
        func names(_ command: String) -> [String] {
            CommandHelp.program.subcommand(command)?.connectionOptions.map { $0.typedNames.last ?? "" } ?? []
        }
        let shared = names("connect")
        #expect(shared.count > 30 && shared.contains("--login") && shared.contains("--verbose"))
        for command in ["subscribe", "publish", "request", "raw", "bench", "check"] {
            #expect(names(command) == shared)
        }
        #expect(names("tap").first == "--http-header" && names("tap").last == "--color")
        #expect(names("serve").isEmpty && names("profiles").isEmpty)
    }

    @Test(arguments: commands.map(\.commandName))
    func connectionOptionsComeLast(command: String) throws {
        let help = try #require(CommandHelp.program.subcommand(command))
        let isConnection = help.optionGroups.map { OptionHeading.isOfConnection($0.title) }
        #expect(isConnection == isConnection.sorted { !$0 && $1 })
        #expect(help.optionGroups.first?.title == nil)
        #expect(help.optionGroups.flatMap(\.options).count == help.options.count)
        let titles = help.optionGroups.map { $0.title?.uppercased() ?? "OPTIONS" }
        let headings = HelpText([command], of: .program).lines(.whole).filter(titles.contains)
        #expect(headings == titles)
    }

    @Test(arguments: commands.map(\.commandName))
    func theExamplesCanBeParsed(name: String) throws {
        let command = try #require(CommandHelp.program.subcommand(name))
        #expect(command.examples.count >= 3)
        let examples = command.examples.map { $0.joined(separator: " ").replacing("\\ ", with: " ") }
        for example in examples {
            let words = TypedCommand.words(example)
            let start = try #require(words.firstIndex(of: "stomptap"), "\(example)")
            let arguments = words[(start + 1)...].prefix { !["|", "<"].contains($0) }.map(Self.unquoted)
            let named = try #require(CommandHelp.program.subcommand(arguments.first ?? ""), "\(example)").commandName
            let type = Stomptap.configuration.subcommands.first { $0.configuration.commandName == named }
            // Parsed as the program, each would take the parser's checks of all commands.
            #expect(throws: Never.self, "\(example)") {
                try type?.parseAsRoot(NumberArguments.protected(Array(arguments.dropFirst())))
            }
        }
        let lines = Self.short([command.commandName])
        let shown = lines.split(separator: "").first { $0.first == "Examples:" } ?? []
        #expect(
            CommandHelp.commands(in: shown.dropFirst().map { String($0.dropFirst(2)) })
                == Array(command.examples.prefix(3)))
    }

    /// A word as a shell passes it on; the examples have no quotes inside of quotes.
    private static func unquoted(_ word: String) -> String {
        guard let quote = word.first(where: { $0 == "'" || $0 == "\"" }) else { return word }
        return word.filter { $0 != quote }
    }

    @Test func valuesAndDefaultsAreAddedWhereThereIsRoom() throws {
        var option = try #require(CommandHelp.program.subcommand("publish")?.option("--receipt"))
        option.abstract = "Receipts: auto for some; none."
        (option.allValues, option.defaultValue) = (["auto", "none"], "auto")
        func brief(_ room: Int) -> String { option.brief(room: room) }
        #expect(brief(60) == "Receipts: auto for some; none (default: auto)")
        #expect(brief(28) == "Receipts: auto for some")
        #expect(brief(10) == "Receipts")
        #expect(brief(22) == "Receipts: auto, none")
        #expect(option.meaning == "Receipts: auto for some; none. (values: auto, none; default: auto)")
        (option.abstract, option.defaultValue) = ("Wait for replies (default: 5s; more).", nil)
        #expect(brief(34) == "Wait for replies: auto, none")
        option.allValues = nil
        #expect(brief(34) == "Wait for replies (default: 5s)")
    }
}

extension String {
    fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}
