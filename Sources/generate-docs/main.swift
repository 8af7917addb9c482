import FoundationEssentials
import StomptapCommands

// Writes the man pages and completions to subfolders of a folder: generate-docs FOLDER
let folder = CommandLine.arguments.dropFirst().first ?? "."

/// Replaces all files of one kind in a folder, which also removes those of deleted commands.
func replace(_ name: String, with files: [(name: String, text: String)]) throws {
    let path = "\(folder)/\(name)"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for file in files { try Data(file.text.utf8).write(to: URL(filePath: "\(path)/\(file.name)")) }
}

let program = CommandHelp.program
let commands = program.subcommands ?? []
let (version, date) = (Stomptap.version, Stomptap.versionDate)
try replace(
    "man",
    with: [
        ("stomptap.1", ProgramPage.text(of: program, commands: commands, version: version, date: date))
    ]
        + commands.map { command in
            (
                "stomptap-\(command.commandName).1",
                CommandPage.text(of: command, among: commands.map(\.commandName), version: version, date: date)
            )
        })
try replace(
    "completions",
    with: [
        ("stomptap.bash", Stomptap.shellScript(for: .bash)), ("_stomptap", Stomptap.shellScript(for: .zsh)),
        ("stomptap.fish", Stomptap.shellScript(for: .fish)),
    ])

// Update the table of all options in the README, between two marker comments.
let readme = "\(folder)/README.md"
if let text = try? String(contentsOf: URL(filePath: readme), encoding: .utf8),
    let start = text.firstRange(of: "<!-- options -->\n"), let end = text.firstRange(of: "<!-- end of options -->")
{
    let table = OptionTable.text(of: commands)
    let changed = text[..<start.upperBound] + table + text[end.lowerBound...]
    try Data(changed.utf8).write(to: URL(filePath: readme))
}
