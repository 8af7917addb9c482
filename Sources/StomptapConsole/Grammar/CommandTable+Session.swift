import NIOCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

extension CommandTable {
    static let session = [
        CommandEntry(
            name: "status", summary: "show the server and the state of the connection",
            details: """
                Prints the server, STOMP version, session, heart-beats, transport and TLS, the time since
                the server last sent something, the open transaction, and the number of messages received.
                """,
            examples: ["status"]
        ) { _ throws(LineError) in .status },
        CommandEntry(
            name: "reconnect", summary: "connect again at once",
            details: """
                Sends DISCONNECT if a session is open, and opens a new one with the same subscriptions.
                If the connection was lost, retries now instead of after the delay.
                """,
            examples: ["reconnect"]
        ) { _ throws(LineError) in .reconnect },
        CommandEntry(
            name: "disconnect", summary: "disconnect and stay at the prompt",
            details: """
                Sends DISCONNECT and waits for its receipt. 'reconnect' opens a session with the same
                subscriptions; 'connect URL' connects to another server.
                """,
            examples: ["disconnect"]
        ) { _ throws(LineError) in .disconnect },
        CommandEntry(
            name: "connect", synopsis: "URL", summary: "connect to another server",
            details: """
                Sends DISCONNECT and opens a session with this server, without the subscriptions. If the host,
                port or scheme differs, the options of the command line (login, headers, certificates, -k) are
                dropped too, except --ca, --proxy, timeouts and output options. Put a login in the URL.
                """,
            examples: ["connect ws://localhost:15674/ws", "connect stomp://guest:guest@localhost/%2F"], operands: [.url]
        ) { arguments throws(LineError) in .connect(try arguments.next("URL")) },
        CommandEntry(
            name: "ping", synopsis: "[TEXT]", summary: "send a WebSocket ping",
            details: """
                Sends a ping with this text (at most 125 bytes) and prints the time until its pong.
                STOMP over TCP has no ping; heart-beats show that the server is alive.
                """,
            examples: ["ping"], operands: [.other], hasRest: true
        ) { arguments throws(LineError) in
            let text = arguments.rest ?? ""
            guard text.utf8.count <= 125 else { throw LineError("ping text too long; at most 125 bytes") }
            return .ping(text)
        },
        CommandEntry(
            name: "close", synopsis: "[CODE [REASON]]",
            summary: "close the WebSocket without DISCONNECT",
            details: """
                Sends a close frame with this code (default: 1000; allowed: 1000 to 1003, 1007 to 1014 and
                3000 to 4999) and reason. To end the STOMP session properly, use 'disconnect'.
                """,
            examples: ["close", "close 4001 testing"], operands: [.other, .other], hasRest: true
        ) { arguments throws(LineError) in
            let text = arguments.next() ?? "1000"
            guard let code = Int(text), WebSocketClose.mayBeSent(code) else {
                throw LineError(
                    "invalid close code \(text.debugDescription); use 1000 to 1003, 1007 to 1014 or 3000 to 4999"
                )
            }
            let reason = arguments.rest ?? ""
            guard reason.utf8.count <= 123 else { throw LineError("close reason too long; at most 123 bytes") }
            return .close(code: code, reason: reason)
        },
        CommandEntry(
            name: "help", aliases: ["?"], synopsis: "[COMMAND]", summary: "list the commands, or describe one",
            details: "Prints the syntax of a command, what it does, and examples.", examples: ["help send"],
            operands: [.command]
        ) { arguments throws(LineError) in
            let name = arguments.next()
            if let name, CommandTable.entry(name) == nil {
                let nearest = EditDistance.nearest(to: name.lowercased(), among: CommandTable.names)
                throw LineError(
                    "unknown command \(name.debugDescription)" + (nearest.map { "; did you mean \($0)?" } ?? ""))
            }
            return .help(name)
        },
        CommandEntry(
            name: "quit", aliases: ["exit"], summary: "disconnect and quit",
            details: """
                Sends DISCONNECT, waits for its receipt, and quits; Ctrl-D does the same. If a transaction is
                open, asks once before quitting.
                """,
            examples: ["quit"]
        ) { _ throws(LineError) in .quit },
    ]
}

extension CommandTable {
    static let looking = [
        CommandEntry(
            name: "show", synopsis: "last [COUNT] | N | N-M", summary: "show received messages",
            details: """
                Shows the last message, the last COUNT messages, or those with these numbers, even if they
                were only counted. The last 10000 messages are kept, up to 64 MiB.
                """,
            examples: ["show last", "show last 5", "show 17", "show 17-20"], operands: [.message, .other]
        ) { arguments throws(LineError) in
            let text = arguments.next() ?? "last"
            guard text == "last" else { return .show(.numbers(try range(text))) }
            return .show(
                .last(
                    try arguments.next().map { count throws(LineError) in
                        try LineArguments.number(count, "count")
                    } ?? 1))
        },
        CommandEntry(
            name: "grep", synopsis: "REGEX", summary: "find messages by body",
            details: """
                Prints a line for each kept message whose body matches: its number (for 'show'), its
                destination, and the start of its body. REGEX is a Swift regular expression, with nearly the
                same syntax as in Perl; start it with (?i) to ignore case.
                """,
            examples: ["grep error", #"grep "id": 4\d+"#, "grep (?i)timeout"], operands: [.other], hasRest: true
        ) { arguments throws(LineError) in .grep(try arguments.pattern()) },
        CommandEntry(
            name: "save", synopsis: "FILE", summary: "write the received messages to a file",
            details: """
                Writes all kept messages as '-o json' prints them, one JSON object per line. An existing file
                is replaced.
                """,
            examples: ["save orders.jsonl"], operands: [.file]
        ) { arguments throws(LineError) in .save(try arguments.next("file name")) },
        CommandEntry(
            name: "set",
            synopsis: "[output FORM | format STRING | charset NAME | timestamps FORM | verbose 0-3 | color WHEN]",
            summary: "change the output settings",
            details: """
                output      pretty, json, body, raw or none
                format      a template, as for -F
                charset     for bodies that are not UTF-8, as for --charset; none: the charset of each message's
                            content-type
                timestamps  local, utc, relative, delta or none
                verbose     0; 1 STOMP frames in both directions; 2 also handshakes, control frames, heart-beats;
                            3 also hex dumps, from the next connection on
                color       auto, always or never
                Without arguments, prints the current settings.
                """,
            examples: ["set output json", "set format '%d %b'", "set verbose 1", "set"],
            operands: [.setting, .settingValue], hasRest: true
        ) { arguments throws(LineError) in
            guard let name = arguments.next() else { return .set(nil) }
            return .set(try LineSetting(name, value: arguments.rest))
        },
        CommandEntry(
            name: "pause", summary: "stop printing messages until 'resume'",
            details: "Messages are still received and counted; 'show' and 'grep' find them.", examples: ["pause"]
        ) { _ throws(LineError) in .pause },
        CommandEntry(
            name: "resume", summary: "print messages again",
            details: "Ends 'pause' and prints how many messages were received in the meantime.",
            examples: ["resume"]
        ) { _ throws(LineError) in .resume },
    ]

    private static func range(_ text: String) throws(LineError) -> ClosedRange<Int> {
        let numbers = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        var bounds: [Int] = []
        for number in numbers {
            let digits = number.hasPrefix("#") ? number.dropFirst() : number
            bounds.append(try LineArguments.number(String(digits), "message", hint: "use 'last' or a number from 1"))
        }
        let lower = bounds.first ?? 1
        return lower...max(lower, bounds.last ?? lower)
    }
}

extension LineSetting {
    static let names = ["output", "format", "charset", "timestamps", "verbose", "color"]

    /// The allowed values of a setting; empty if any value is allowed.
    static func values(of name: String) -> [String] {
        switch name {
        case "output": OutputName.allCases.map(\.rawValue)
        case "timestamps": TimestampStyle.allCases.map(\.rawValue)
        case "verbose": ["0", "1", "2", "3"]
        case "color": ColorChoice.allCases.map(\.rawValue)
        default: []
        }
    }

    init(_ name: String, value: String?) throws(LineError) {
        guard Self.names.contains(name) else {
            let nearest = EditDistance.nearest(to: name, among: Self.names)
            throw LineError(
                "unknown setting \(name.debugDescription)"
                    + (nearest.map { "; did you mean \($0)?" } ?? "; settings: \(Self.names.joined(separator: ", "))"),
                isHelpful: true)
        }
        let value = value.map(Self.unquoted) ?? ""
        if name == "format" {
            guard !value.isEmpty else { throw LineError("missing template, such as '%d %b'", isHelpful: true) }
            do throws(FormatTemplateError) {
                _ = try FormatTemplate(value)
            } catch {
                throw LineError("\(error)", isHelpful: true)
            }
            self = .format(value)
        } else if name == "charset" {
            guard value == "none" || CharsetDecoder.knows(value) else {
                throw LineError(
                    "unknown charset \(value.debugDescription); 'iconv -l' lists the charsets of this machine",
                    isHelpful: true)
            }
            self = .charset(value == "none" ? nil : value)
        } else if let setting = Self.fixed(name, value) {
            self = setting
        } else {
            let values = Self.values(of: name)
            throw LineError(
                (value.isEmpty ? "missing value" : "invalid value \(value.debugDescription)") + " for \(name); use "
                    + "\(values.dropLast().joined(separator: ", ")) or \(values.last ?? "")", isHelpful: true)
        }
    }

    /// The word without quotes if the value is a single word; otherwise the value unchanged.
    private static func unquoted(_ value: String) -> String {
        var words = LineWords(value)
        guard let word = try? words.nextArgument(), words.isEmpty else { return value }
        return word
    }

    private static func fixed(_ name: String, _ value: String) -> LineSetting? {
        switch name {
        case "output": OutputName(rawValue: value).map { .output($0) }
        case "timestamps": TimestampStyle(rawValue: value).map { .timestamps($0) }
        case "verbose": Int(value).flatMap { (0...3).contains($0) ? .verbose($0) : nil }
        default: ColorChoice(rawValue: value).map { .color($0) }
        }
    }
}

extension CommandTable {
    /// The default timeout of `wait` and `expect`.
    static let timeout = TimeAmount.seconds(5)

    static let scripts = [
        CommandEntry(
            name: "wait", synopsis: "[N] [--timeout DURATION]", summary: "wait for messages",
            details: """
                Waits for N messages (default: 1) that no earlier 'wait' or 'expect' has counted. If too few
                are received within --timeout (default: 5s), fails with status 75, or 69 if the session was lost.
                """,
            examples: ["wait", "wait 10 --timeout 30s"], options: [.timeout], operands: [.other]
        ) { arguments throws(LineError) in
            let count = arguments.next()
            return .wait(
                count: try count.map { text throws(LineError) in try LineArguments.number(text, "count") } ?? 1,
                timeout: try arguments.timeout(otherwise: timeout))
        },
        CommandEntry(
            name: "expect", synopsis: "REGEX [--timeout DURATION]", summary: "wait for a message whose body matches",
            details: """
                Checks the messages that no earlier 'wait' or 'expect' has counted, and those received within
                --timeout (default: 5s), up to the first whose body matches. If none matches, fails with
                status 1, with 75 if no message was received, or with 69 if the session was lost. REGEX is
                written as for 'grep'; after --, it may contain anything.
                """,
            examples: [#"expect "status": "ok""#, "expect done --timeout 30s"], options: [.timeout], operands: [.other],
            hasRest: true, hasTrailingOptions: true
        ) { arguments throws(LineError) in
            .expect(try arguments.pattern(), timeout: try arguments.timeout(otherwise: timeout))
        },
        CommandEntry(
            name: "sleep", synopsis: "DURATION", summary: "wait for this duration",
            details: "Messages received in the meantime are printed.", examples: ["sleep 500ms"], operands: [.other]
        ) { arguments throws(LineError) in .sleep(try LineArguments.duration(arguments.next("duration"))) },
    ]
}
