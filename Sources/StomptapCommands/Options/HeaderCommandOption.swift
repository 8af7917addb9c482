import ArgumentParser
import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// The options for commands that print the values of headers: for tokens that expire while the program runs.
enum HeaderCommandOption {
    static let connect = "--connect-header-command"
    static let http = "--http-header-command"

    /// Checks that no other option sets the same header: it would be unclear which value is meant.
    ///
    /// - Parameter others: the options that set such headers, each with the header's name.
    static func check(
        _ commands: [HeaderCommand], _ option: String, against others: [(option: String, name: String)]
    ) throws {
        var seen: Set<String> = []
        for command in commands {
            let name = command.name.lowercased()
            if let other = others.first(where: { $0.name.lowercased() == name }) {
                throw ValidationError(
                    "\(other.option) and \(option) both set \(command.name); remove one of them")
            }
            guard seen.insert(name).inserted else {
                throw ValidationError("\(option) sets \(command.name) twice; remove one of them")
            }
        }
    }
}

extension ConnectionOptions {
    /// Makes the headers of an attempt; nil if no command was given. From now on their values are masked.
    var attemptHeaders: AttemptHeaders.Provider? {
        guard !connectHeaderCommand.isEmpty || !http.httpHeaderCommand.isEmpty else { return nil }
        for command in connectHeaderCommand { KnownSecrets.add(name: command.name) }
        return { [connectHeaderCommand, makeHTTP = http.headerProvider] timeLeft in
            let deadline = NIODeadline.now() + TimeAmount(timeLeft)
            var headers = AttemptHeaders()
            for command in connectHeaderCommand {
                headers.connect.append(
                    command.name, try await command.value(of: HeaderCommandOption.connect, until: deadline))
            }
            if let makeHTTP { headers.http = try await makeHTTP(deadline) }
            return headers
        }
    }

    func validate() throws {
        let credentials: [(option: String, name: String, isGiven: Bool)] = [
            ("--login", "login", credentials.login != nil), ("--passcode", "passcode", credentials.passcode != nil),
            ("--passcode-env", "passcode", credentials.passcodeEnv != nil),
            ("--passcode-file", "passcode", credentials.passcodeFile != nil),
            ("--passcode-prompt", "passcode", credentials.passcodePrompt),
            ("--virtual-host", "host", virtualHost != nil),
        ]
        try HeaderCommandOption.check(
            connectHeaderCommand, HeaderCommandOption.connect,
            against: connectHeader.map { ("-C", $0.header.name) }
                + credentials.filter(\.isGiven).map { ($0.option, $0.name) })
        try http.check()
    }
}
