import StomptapCommands
import StomptapOutput

/// The man page of the program, for what all commands share.
enum ProgramPage {
    static func text(of program: CommandHelp, commands: [CommandHelp], version: String, date: String) -> String {
        var page = Roff(name: "stomptap", date: date, source: "stomptap \(version)")
        page.section("NAME")
        page.words("stomptap - send, receive and debug STOMP frames over TCP and WebSocket")
        page.section("SYNOPSIS")
        page.entry(["stomptap"], value: "COMMAND ENDPOINT [ARGUMENTS] [OPTIONS]", "See the page of each command.")
        page.section("DESCRIPTION")
        for (title, blocks) in program.sections {
            if !title.isEmpty { page.subsection(title) }
            page.prose(blocks)
        }
        page.section("COMMANDS")
        for command in commands {
            page.entry(["stomptap-\(command.commandName)(1)"], command.abstract ?? "")
        }
        page.section("EXIT STATUS")
        for status in ExitStatus.allCases { page.entry(["\(status.rawValue)"], status.details) }
        page.paragraph(
            "Every failure is one line on stderr that names the layer, the cause and, if known, what to do.")
        page.section("ENVIRONMENT")
        for (name, meaning) in environment { page.entry([name], meaning) }
        page.section("FILES")
        for (name, meaning) in files { page.entry([name], meaning) }
        page.section("EXAMPLES")
        for (title, lines) in examples {
            page.paragraph(title)
            page.example(lines)
        }
        page.section("SEE ALSO")
        page.words(commands.map { "stomptap-\($0.commandName)(1)" }.joined(separator: ", "))
        return page.text
    }

    private static let environment = [
        ("NO_COLOR", "turns colours off, unless --color always is given"),
        ("HTTPS_PROXY", "the proxy for stomps://, wss:// and https://; HTTP_PROXY for ws:// and http://"),
        ("ALL_PROXY", "the proxy if no other variable names one"),
        ("NO_PROXY", "hosts to connect to without a proxy, separated by commas"),
        ("SSL_CERT_FILE", "trusted certificates, used instead of the system's; also SSL_CERT_DIR"),
        ("SSLKEYLOGFILE", "file to which TLS secrets are written, for Wireshark"),
        ("XDG_CONFIG_HOME", "profiles are in its folder stomptap (default: ~/.config)"),
        (
            "XDG_STATE_HOME",
            "history and used destinations are in its folder stomptap (default: ~/.local/state)"
        ),
        ("TZ", "the time zone of --timestamps local"),
    ]

    private static let files = [
        ("~/.config/stomptap/NAME.json", "a profile; see stomptap-profiles(1)"),
        ("~/.local/state/stomptap/destinations", "destinations used before, for completion"),
        (
            "~/.local/state/stomptap/history",
            "lines typed at the prompt of connect, without lines that contain secrets"
        ),
    ]

    private static let examples = [
        ("Print the clock messages of the embedded broker:", ["stomptap subscribe demo /topic/clock"]),
        (
            "Print the messages that a browser's SockJS client receives:",
            ["stomptap subscribe http://localhost:8080/ws /topic/room.1"]
        ),
        ("Publish each line of a log:", ["tail -f app.log | stomptap publish stomp://localhost /topic/log -l"]),
        ("Check an endpoint in CI:", ["stomptap check wss://example.org/ws --destination /topic/check"]),
    ]
}
