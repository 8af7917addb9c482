import StomptapOutput

/// The man page of the program, for what all commands share.
enum ProgramPage {
    static func text(of program: CommandHelp, commands: [CommandHelp], version: String, date: String) -> String {
        var page = Roff(name: "stomptap", date: date, source: "stomptap \(version)")
        page.section("NAME")
        page.words("stomptap - see and send STOMP frames, over TCP and WebSocket, from a terminal")
        page.section("SYNOPSIS")
        page.entry(["stomptap"], value: "COMMAND ENDPOINT [ARGUMENTS] [OPTIONS]", "See the page of each command.")
        page.section("DESCRIPTION")
        for (title, lines) in program.sections {
            if !title.isEmpty { page.subsection(title) }
            page.prose(lines)
        }
        page.section("COMMANDS")
        for command in commands {
            page.entry(["stomptap-\(command.commandName)(1)"], command.abstract ?? "")
        }
        page.section("EXIT STATUS")
        for status in ExitStatus.allCases { page.entry(["\(status.rawValue)"], status.details) }
        page.paragraph(
            "Every failure but wrong usage is one line on stderr that names the layer, the cause and, where one is known, "
                + "the remedy.")
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
        ("NO_COLOR", "no colours, unless --color always is given"),
        ("HTTPS_PROXY", "the proxy for stomps://, wss:// and https://; HTTP_PROXY for ws:// and http://"),
        ("ALL_PROXY", "the proxy where no other is named"),
        ("NO_PROXY", "hosts that no proxy is used for, with commas between"),
        ("SSL_CERT_FILE", "the certificates that are trusted, in place of the system's; SSL_CERT_DIR likewise"),
        ("SSLKEYLOGFILE", "where TLS secrets are written to, for Wireshark"),
        ("XDG_CONFIG_HOME", "where profiles are: the folder stomptap in it (default: ~/.config)"),
        (
            "XDG_STATE_HOME",
            "where history and used destinations are: the folder stomptap in it (default: ~/.local/state)"
        ),
        ("TZ", "the time zone of --timestamps local"),
    ]

    private static let files = [
        ("~/.config/stomptap/NAME.json", "a profile; see stomptap-profiles(1)"),
        ("~/.local/state/stomptap/destinations", "destinations that were typed before, for completion"),
        (
            "~/.local/state/stomptap/history",
            "lines typed at the prompt of connect, without those that hold a secret"
        ),
    ]

    private static let examples = [
        ("Tail the clock of a broker inside the command:", ["stomptap subscribe demo /topic/clock"]),
        (
            "Tail what a browser's SockJS client is given:",
            ["stomptap subscribe http://localhost:8080/ws /topic/room.1"]
        ),
        ("Publish each line of a log:", ["tail -f app.log | stomptap publish stomp://localhost /topic/log -l"]),
        ("See whether an endpoint is well, in CI:", ["stomptap check wss://example.org/ws --destination /topic/check"]),
    ]
}
