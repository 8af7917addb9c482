import ArgumentParser
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Commands that print the values of headers: for tokens that are valid for less time than the program runs.
struct HeaderCommandOptions: ParsableArguments {
    static let connectOption = "--connect-header-command"
    static let httpOption = "--http-header-command"

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Header on CONNECT whose value is the first line that COMMAND prints. 'sh' runs it within --connect-timeout before each attempt to connect, and once more after a refusal; repeatable.",
            valueName: "name: command"), transform: HeaderCommand.init)
    var connectHeaderCommand: [HeaderCommand] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The same for a header on the HTTP requests of WebSocket and SockJS; repeatable.",
            valueName: "name: command"), transform: HeaderCommand.init)
    var httpHeaderCommand: [HeaderCommand] = []

    /// Makes the headers of an attempt; nil where no command was given. From now on their values are hidden.
    var provider: AttemptHeaders.Provider? {
        guard !connectHeaderCommand.isEmpty || !httpHeaderCommand.isEmpty else { return nil }
        for command in connectHeaderCommand + httpHeaderCommand { KnownSecrets.add(name: command.name) }
        return { [connectHeaderCommand, httpHeaderCommand] deadline in
            var headers = AttemptHeaders()
            for command in connectHeaderCommand {
                headers.connect.append(
                    command.name, try await command.value(of: Self.connectOption, until: deadline))
            }
            for command in httpHeaderCommand {
                headers.http.append(
                    (command.name, try await command.value(of: Self.httpOption, until: deadline)))
            }
            return headers
        }
    }

    /// Sees that nothing else gives the same header: which of the two is meant, nobody knows.
    ///
    /// - Parameters:
    ///   - connect: the options that give a header of CONNECT, with its name.
    ///   - http: the same for HTTP.
    func check(connect: [(option: String, name: String)], http: [(option: String, name: String)]) throws {
        try Self.check(connectHeaderCommand, Self.connectOption, against: connect)
        try Self.check(httpHeaderCommand, Self.httpOption, against: http)
        for command in httpHeaderCommand where (try? HTTPSite.check([(command.name, "")])) == nil {
            throw ValidationError("\(Self.httpOption): \(command.name.debugDescription) is not the name of a header")
        }
    }

    private static func check(
        _ commands: [HeaderCommand], _ option: String, against others: [(option: String, name: String)]
    ) throws {
        var seen: Set<String> = []
        for command in commands {
            let name = command.name.lowercased()
            if let other = others.first(where: { $0.name.lowercased() == name }) {
                throw ValidationError(
                    "\(other.option) and \(option) both give \(command.name); leave one of them out")
            }
            guard seen.insert(name).inserted else {
                throw ValidationError("\(option) gives \(command.name) twice; leave one of them out")
            }
        }
    }
}

extension ConnectionOptions {
    func validate() throws {
        let credentials: [(option: String, name: String, isGiven: Bool)] = [
            ("--login", "login", credentials.login != nil), ("--passcode", "passcode", credentials.passcode != nil),
            ("--passcode-env", "passcode", credentials.passcodeEnv != nil),
            ("--passcode-file", "passcode", credentials.passcodeFile != nil),
            ("--passcode-prompt", "passcode", credentials.passcodePrompt),
            ("--virtual-host", "host", virtualHost != nil),
        ]
        let requests: [(option: String, name: String, isGiven: Bool)] = [
            ("--origin", "Origin", http.origin != nil), ("--cookie", "Cookie", http.cookie != nil),
        ]
        try headerCommands.check(
            connect: connectHeader.map { ("-C", $0.header.name) }
                + credentials.filter(\.isGiven).map { ($0.option, $0.name) },
            http: http.httpHeader.map { ("--http-header", $0.header.name) }
                + requests.filter(\.isGiven).map { ($0.option, $0.name) })
    }
}
