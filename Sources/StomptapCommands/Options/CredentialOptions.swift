import ArgumentParser
import StomptapOutput
import StomptapRuntime
import SystemC

/// The login and passcode of CONNECT.
struct CredentialOptions: ParsableArguments {
    @Option(help: ArgumentHelp("User name: the 'login' header of CONNECT.", valueName: "name"))
    var login: String?

    @Option(help: ArgumentHelp("Read the passcode from this environment variable.", valueName: "var"))
    var passcodeEnv: String?

    @Option(
        help: ArgumentHelp("Read the passcode from the first line of this file.", valueName: "file"),
        completion: .file())
    var passcodeFile: String?

    @Flag(help: "Ask for the passcode on the terminal.")
    var passcodePrompt = false

    @Option(
        help: ArgumentHelp(
            "The 'passcode' header of CONNECT. Insecure: all users of this machine can read it in the output of 'ps'; prefer the other options.",
            valueName: "passcode"))
    var passcode: String?

    func validate() throws {
        let sources = [passcodeEnv != nil, passcodeFile != nil, passcodePrompt, passcode != nil].filter { $0 }.count
        guard sources <= 1 else {
            throw ValidationError(
                "--passcode-env, --passcode-file, --passcode-prompt and --passcode cannot be combined")
        }
    }

    /// The passcode from the source that the options name; nil if they name none.
    func readPasscode() throws -> String? {
        if let passcode { return passcode }
        if let passcodeEnv {
            guard let value = getenv(passcodeEnv) else {
                throw Failure(
                    .usage, "--passcode-env: no such environment variable; expected its name, not the passcode")
            }
            return String(cString: value)
        }
        if let passcodeFile {
            // A value that is not a path may be the passcode itself.
            let content = try InputFile.read(
                passcodeFile, of: "--passcode-file", isNamed: passcodeFile.hasPrefix("/"), limit: 64 << 10)
            return String(decoding: content.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        }
        return passcodePrompt ? try askForPasscode() : nil
    }

    private func askForPasscode() throws -> String {
        // getpass falls back to stdin, which may contain the message.
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else {
            throw Failure(
                .usage, "--passcode-prompt: no terminal; use --passcode-env or --passcode-file")
        }
        close(terminal)
        guard let answer = getpass("Passcode: ") else {
            throw Failure(.usage, "--passcode-prompt: no passcode entered")
        }
        return String(cString: answer)
    }
}
