import ArgumentParser
import StomptapOutput
import StomptapRuntime

/// A profile whose options are all known.
struct Profile: Sendable {
    private let file: ProfileFile
    /// The values of each option, in the order of the options' names.
    let settings: [(option: String, values: [String])]

    var name: String { file.name }
    var path: String { file.path }
    var url: String { file.url }

    /// Reads the profile of that name.
    ///
    /// - Parameter isStray: whether the name may be a piece of a secret that was typed without quotes.
    /// - Throws: ``Failure`` with 78 that says what to change, and in which file.
    init(named name: String, isStray: Bool = false) throws {
        file = try ProfileFile(named: name, isStray: isStray)
        settings = try file.options.sorted { $0.key < $1.key }.map { key, value in
            (key, try Self.values(of: key, value, in: name))
        }
    }

    private static func values(of key: String, _ value: ProfileFile.Value, in profile: String) throws -> [String] {
        let shown = SecretMask.hiding.masked(typed: key).debugDescription
        // Commands without profiles have options of the same name with another meaning, such as --login of serve.
        let found =
            Self.commands.lazy.compactMap { OptionIndex.all.option(key, of: $0.0) }.first
            ?? OptionIndex.all.commands.values.lazy.joined().first { $0.names.contains(key) }
        guard let option = found else {
            let hint = EditDistance.nearest(to: key, among: OptionIndex.all.names.union(["url"]))
            throw Failure(
                .badConfiguration,
                "profile \(profile): unknown option \(shown)"
                    + (hint.map { "; did you mean \($0.debugDescription)?" } ?? ""))
        }
        func wrong(_ expected: String) -> Failure {
            Failure(.badConfiguration, "profile \(profile): \(shown): expected \(expected)")
        }
        switch value {
        case .flag(let isOn):
            guard !option.takesValue else { throw wrong("a string or a number") }
            return isOn ? [""] : []
        case .number(let number) where !option.takesValue && option.isRepeating:
            guard let count = Int(number), (0...9).contains(count) else { throw wrong("a number from 0 to 9") }
            return Array(repeating: "", count: count)
        case .text, .number, .list:
            guard option.takesValue else { throw wrong("true or false") }
            guard option.isRepeating || value.texts.count == 1 else { throw wrong("one value") }
            return value.texts
        }
    }

    // MARK: Use

    /// Groups of options of which only one can be given: one on the command line replaces the profile's.
    private static let rivals = [
        ["passcode", "passcode-env", "passcode-file", "passcode-prompt"], ["output", "format", "o", "F"],
    ]

    /// The commands that accept a profile, with the other arguments that they require.
    private static let commands = [
        ("subscribe", ["/a"]), ("connect", []), ("publish", ["/a"]), ("request", ["/a", "--reply=/a"]), ("raw", []),
        ("check", []), ("bench", []), ("tap", ["--listen=127.0.0.1:0"]),
    ]

    /// Checks that the name can be used, and that each option is valid for a command, together with the others.
    ///
    /// - Throws: ``Failure`` with 78.
    func verify() throws(Failure) {
        guard ProfileFile.isName(name) else {
            let reason = name == "demo" ? "demo is the built-in broker" : "a name cannot contain : / or a comma"
            throw Failure(.badConfiguration, "profile \(name): \(path) is never used, because \(reason); rename it")
        }
        var unseen = Set(settings.map(\.option))
        var failure: Failure?
        for (command, further) in Self.commands {
            let own = unseen.filter { OptionIndex.all.option($0, of: command) != nil }
            guard !own.isEmpty else { continue }
            do throws(Failure) {
                _ = try parsed([command, name] + further, of: command)
                unseen.subtract(own)
            } catch {
                failure = failure ?? error
            }
        }
        if !unseen.isEmpty, let failure { throw failure }
    }

    /// The command that results from a command line with this profile's options added.
    ///
    /// - Throws: ``Failure`` with 78.
    func parsed(_ arguments: [String], of command: String) throws(Failure) -> any ParsableCommand {
        let applied = applied(to: arguments, of: command)
        do {
            return try Stomptap.parseAsRoot(NumberArguments.protected(applied))
        } catch {
            // The command line was valid without the profile.
            throw Failure(
                .badConfiguration,
                "profile \(name): \(CommandLineSecrets(applied).masked(Stomptap.message(for: error)))")
        }
    }

    /// The command line with this profile's options added; options on the line override them.
    ///
    /// - Parameters:
    ///   - arguments: the command line without the program's name; the first argument is the command.
    ///   - command: the command's name; options that it does not have are left out.
    func applied(to arguments: [String], of command: String) -> [String] {
        let given = Set(
            arguments.lazy.filter { $0.hasPrefix("-") }.map { argument in
                argument.hasPrefix("--")
                    ? String(argument.dropFirst(2).prefix { $0 != "=" }) : String(argument.dropFirst().prefix(1))
            })
        let overridden = Set(Self.rivals.filter { !given.isDisjoint(with: $0) }.joined())
        let own = settings.flatMap { option, values -> [String] in
            guard !overridden.contains(option), let known = OptionIndex.all.option(option, of: command) else {
                return []
            }
            return values.map { known.takesValue ? "--\(option)=\($0)" : "--\(option)" }
        }
        return Array(arguments.prefix(1)) + own + arguments.dropFirst()
    }

    /// A warning about the file for the user; nil if there is none.
    var warning: String? {
        switch file.readableSecret {
        case nil: return nil
        case "passcode"?:
            return
                "profile \(name): \(path) contains a passcode that others can read; chmod 600 it, or use \"passcode-env\""
        case let option?:
            return "profile \(name): \(path) contains a secret in \"\(option)\" that others can read; chmod 600 it"
        }
    }
}
