import NIOCore
import STOMPCore
import StomptapRuntime

/// All commands of `connect`. The parser, the help, completion and suggestions go by it, and by nothing else.
enum CommandTable {
    /// In the order of the help, a group of kin after the other.
    static let groups: [(title: String, entries: [CommandEntry])] = [
        ("subscriptions", subscriptions), ("messages", messages), ("what came", looking), ("the session", session),
        ("scripts", scripts),
    ]

    static let entries = groups.flatMap(\.entries)

    /// Names without aliases.
    static let names = entries.map(\.name)

    private static let byName: [String: CommandEntry] = Dictionary(
        entries.flatMap { entry in ([entry.name] + entry.aliases).map { ($0, entry) } }
    ) { first, _ in first }

    /// The command of this name or alias, in any case of letters.
    static func entry(_ name: String) -> CommandEntry? { byName[name.lowercased()] }
}

extension CommandEntry.Option {
    static let header = CommandEntry.Option(names: ["--header", "-H"], place: .header)
    static let contentType = CommandEntry.Option(names: ["--content-type", "-t"], place: .contentType)
    static let timeout = CommandEntry.Option(names: ["--timeout", "-W"], place: .other)
}

extension LineArguments {
    func headers() throws(LineError) -> HeaderList {
        var headers: HeaderList = [:]
        for text in options["--header"] ?? [] {
            guard let argument = try? HeaderArgument(text) else {
                throw LineError("a header is written 'name: value', in quotes")
            }
            guard !HeaderArgument.isSecretWithoutValue(text) else {
                throw LineError("the header \(argument.header.name) has no value; write it in quotes: -H 'name: value'")
            }
            headers.append(argument.header.name, argument.header.value)
        }
        return headers
    }

    /// Where a message goes: the destination and the options of SEND.
    mutating func outgoing() throws(LineError) -> LineCommand.Outgoing {
        LineCommand.Outgoing(
            destination: try next("a destination"), headers: try headers(), contentType: option("--content-type"))
    }

    func timeout(otherwise standard: TimeAmount) throws(LineError) -> TimeAmount {
        guard let text = option("--timeout") else { return standard }
        return try LineArguments.duration(text)
    }

    static func duration(_ text: String) throws(LineError) -> TimeAmount {
        guard let duration = try? DurationArgument(text) else {
            throw LineError(
                "a duration is a number and a unit, such as 250ms, 5s or 2m, and not \(text.debugDescription)")
        }
        return duration.amount
    }

    static func number(_ text: String, _ what: String) throws(LineError) -> Int {
        guard let number = Int(text), number >= 1 else {
            throw LineError("\(what) is a number from 1 on, and not \(text.debugDescription)")
        }
        return number
    }

    func pattern() throws(LineError) -> BodyPattern {
        guard let rest, !rest.isEmpty else { throw LineError("it wants a regular expression") }
        do {
            return try BodyPattern(rest)
        } catch {
            throw LineError("\(error)")
        }
    }
}
