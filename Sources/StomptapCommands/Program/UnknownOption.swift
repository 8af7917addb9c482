import StomptapRuntime

/// An option that the command does not have, with a suggestion. Known options of other tools have their own
/// answers.
struct UnknownOption {
    /// The error line that the program prints.
    let line: String

    /// The first unknown option of the command line; nil if there is none.
    init?(in arguments: [String]) {
        guard let command = arguments.first, let options = OptionIndex.all.commands[Self.name(ofCommand: command)]
        else { return nil }
        var index = 1
        while index < arguments.count, arguments[index] != "--" {
            let argument = arguments[index]
            index += 1
            guard let name = Self.name(of: argument) else { continue }
            let option = options.first { $0.names.contains(name) || $0.letters.contains(name) }
            guard let option else {
                if ["help", "version", "h"].contains(name) { continue }
                self.init(command, name, options)
                return
            }
            // The value is a separate argument.
            if option.takesValue, !argument.contains("=") { index += 1 }
        }
        return nil
    }

    private init(_ command: String, _ name: String, _ options: [OptionIndex.Option]) {
        // Without its value, which may be a secret.
        let shown = name.count == 1 ? "-\(name)" : "--\(name)"
        let owners = OptionIndex.all.commands.filter { $0.value.contains { $0.names.contains(name) } }.keys.sorted()
        let what =
            owners.isEmpty ? "unknown option \(shown)" : "\(shown) is an option of \(owners.joined(separator: ", "))"
        let advice = Self.advice(name, for: command, options).map { "\($0); " } ?? ""
        line = "\(command): \(what); \(advice)see 'stomptap \(command) -h'"
    }

    private static func advice(_ name: String, for command: String, _ options: [OptionIndex.Option]) -> String? {
        let foreign = otherTools.filter { $0.applies(to: Self.name(ofCommand: command), options) }
        if let answer = foreign.first(where: { $0.names.contains(name) }) { return answer.advice }
        guard name.count > 2 else { return nil }
        if let nearest = EditDistance.nearest(to: name, among: options.flatMap(\.names)) {
            return "did you mean --\(nearest)?"
        }
        let nearest = EditDistance.nearest(to: name, among: foreign.flatMap(\.names))
        return foreign.first { $0.names.contains { $0 == nearest } }?.advice
    }

    /// The name of a command that may be given by an alias, such as `sub`.
    private static func name(ofCommand word: String) -> String {
        let command = Stomptap.configuration.subcommands.first { $0.configuration.aliases.contains(word) }
        return command?.configuration.commandName ?? word
    }

    /// The name of the option in an argument: a long name, or a single letter.
    private static func name(of argument: String) -> String? {
        if argument.hasPrefix("--") {
            let name = argument.dropFirst(2).prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
            return name.first?.isLetter == true ? String(name) : nil
        }
        guard argument.count == 2, argument.hasPrefix("-"), let letter = argument.last, letter.isLetter else {
            return nil
        }
        return String(letter)
    }

    /// The equivalents of options of curl, psql, mosquitto_pub and STOMP clients.
    private struct Foreign {
        let names: [String]
        let advice: String
        /// The option that the advice suggests.
        var option: String?
        /// The commands that have the argument that the advice suggests.
        var commands: Set<String>?

        func applies(to command: String, _ options: [OptionIndex.Option]) -> Bool {
            if let option { return options.contains { $0.names.contains(option) } }
            return commands?.contains(command) ?? true
        }
    }

    private static let otherTools: [Foreign] = [
        Foreign(
            names: ["host", "port", "url", "server", "hostname"],
            advice: "the server is the first argument, such as stomp://HOST:PORT or ws://HOST:PORT/PATH",
            commands: ["connect", "subscribe", "publish", "request", "raw", "bench", "check", "tap"]),
        Foreign(names: ["user", "username", "u"], advice: "use --login", option: "login"),
        Foreign(
            names: ["password", "pass", "P"], advice: "use --passcode-env, --passcode-file or --passcode-prompt",
            option: "passcode-env"),
        Foreign(names: ["vhost"], advice: "use --virtual-host", option: "virtual-host"),
        Foreign(
            names: ["topic", "queue", "destination", "dest"],
            advice: "the destination is an argument, after the endpoint",
            commands: ["subscribe", "publish", "request"]),
        Foreign(
            names: ["body", "message", "data"], advice: "the body is an argument, after the destination",
            commands: ["publish", "request"]),
        Foreign(
            names: ["token"],
            advice: "use -C 'Authorization: Bearer ...' for CONNECT, or --http-header for HTTP requests",
            option: "http-header"),
    ]
}
