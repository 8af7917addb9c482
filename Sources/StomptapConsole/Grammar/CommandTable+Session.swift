import NIOCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

extension CommandTable {
    static let session = [
        CommandEntry(
            name: "status", summary: "tell what it is connected to, and how the connection fares",
            details: """
                Server, STOMP version, session, heart-beats, transport and TLS; how long it has stood,
                when the server was last heard, what came, and the open transaction.
                """,
            examples: ["status"]
        ) { _ throws(LineError) in .status },
        CommandEntry(
            name: "reconnect", summary: "connect anew, at once",
            details: """
                Says DISCONNECT where a session is open, and opens another, with the same subscriptions.
                Where a lost connection is being waited for, it is tried now.
                """,
            examples: ["reconnect"]
        ) { _ throws(LineError) in .reconnect },
        CommandEntry(
            name: "disconnect", summary: "say goodbye, and stay here",
            details: """
                Says DISCONNECT and waits for its receipt. 'reconnect' comes back with the same
                subscriptions, 'connect URL' goes elsewhere.
                """,
            examples: ["disconnect"]
        ) { _ throws(LineError) in .disconnect },
        CommandEntry(
            name: "connect", synopsis: "URL", summary: "leave, and connect to another server",
            details: """
                Says DISCONNECT and opens a session there. Subscriptions stay behind. Where host, port or
                scheme is another one, so do the options that this program was started with (login, headers,
                certificates, -k), but for --ca, --proxy, time-outs and output; a login goes in the URL.
                """,
            examples: ["connect ws://localhost:15674/ws", "connect stomp://guest:guest@localhost/%2F"], operands: [.url]
        ) { arguments throws(LineError) in .connect(try arguments.next("a URL")) },
        CommandEntry(
            name: "ping", synopsis: "[TEXT]", summary: "send a WebSocket ping",
            details: """
                Sends a ping with this payload, of 125 octets at most, and tells when its pong has come.
                STOMP over TCP has none; there a heart-beat is what tells of life.
                """,
            examples: ["ping"], operands: [.other], takesRest: true
        ) { arguments throws(LineError) in
            let text = arguments.rest ?? ""
            guard text.utf8.count <= 125 else { throw LineError("a ping carries at most 125 octets") }
            return .ping(text)
        },
        CommandEntry(
            name: "close", synopsis: "[CODE [REASON]]",
            summary: "close the WebSocket with this code, without a goodbye",
            details: """
                Sends a close frame: 1000 unless another code is given, which may be 1000 to 1003, 1007 to
                1014 and 3000 to 4999. To leave in STOMP's way, use 'disconnect'.
                """,
            examples: ["close", "close 4001 testing"], operands: [.other, .other], takesRest: true
        ) { arguments throws(LineError) in
            let text = arguments.next() ?? "1000"
            guard let code = Int(text), WebSocketClose.mayBeSent(code) else {
                throw LineError(
                    "a close code is one of 1000 to 1003, 1007 to 1014 and 3000 to 4999, and not \(text.debugDescription)"
                )
            }
            let reason = arguments.rest ?? ""
            guard reason.utf8.count <= 123 else { throw LineError("a close reason has at most 123 octets") }
            return .close(code: code, reason: reason)
        },
        CommandEntry(
            name: "help", aliases: ["?"], synopsis: "[COMMAND]", summary: "this list, or how a command is used",
            details: "Tells how a command is written, what it does, and gives examples.", examples: ["help send"],
            operands: [.command]
        ) { arguments throws(LineError) in
            let name = arguments.next()
            if let name, CommandTable.entry(name) == nil {
                let nearest = EditDistance.nearest(to: name.lowercased(), among: CommandTable.names)
                throw LineError(
                    "there is no command \(name.debugDescription)" + (nearest.map { "; did you mean \($0)?" } ?? ""))
            }
            return .help(name)
        },
        CommandEntry(
            name: "quit", aliases: ["exit"], summary: "say goodbye and end",
            details: """
                Says DISCONNECT, waits for its receipt, and ends; so does Ctrl-D. An open transaction is
                asked about once.
                """,
            examples: ["quit"]
        ) { _ throws(LineError) in .quit },
    ]
}

extension CommandTable {
    static let looking = [
        CommandEntry(
            name: "show", synopsis: "last [COUNT] | N | N-M", summary: "show messages that have come",
            details: """
                Shows the last message, the last COUNT, or those with these numbers, also such as were
                only counted. The last 10000 are kept, as far as they take no more than 64 MiB.
                """,
            examples: ["show last", "show last 5", "show 17", "show 17-20"], operands: [.message, .other]
        ) { arguments throws(LineError) in
            let text = arguments.next() ?? "last"
            guard text == "last" else { return .show(.numbers(try range(text))) }
            return .show(
                .last(
                    try arguments.next().map { count throws(LineError) in
                        try LineArguments.number(count, "how many")
                    } ?? 1))
        },
        CommandEntry(
            name: "grep", synopsis: "REGEX", summary: "find messages by their bodies",
            details: """
                A line for each of the kept messages whose body matches: its number, for 'show', its
                destination, and the beginning of its body. The regular expression is Swift's, which is
                Perl's but for rare things; (?i) before it takes letters in any case.
                """,
            examples: ["grep error", #"grep "id": 4\d+"#, "grep (?i)timeout"], operands: [.other], takesRest: true
        ) { arguments throws(LineError) in .grep(try arguments.pattern()) },
        CommandEntry(
            name: "save", synopsis: "FILE", summary: "write the messages that have come to a file",
            details: """
                Writes all kept messages, a JSON object a line, as '-o json' prints them. A file of that
                name is replaced.
                """,
            examples: ["save orders.jsonl"], operands: [.file]
        ) { arguments throws(LineError) in .save(try arguments.next("a file name")) },
        CommandEntry(
            name: "set",
            synopsis: "[output FORM | format STRING | charset NAME | timestamps FORM | verbose 0-3 | color WHEN]",
            summary: "set how it prints",
            details: """
                output      pretty, json, body, raw or none
                format      a template, as -F has it
                charset     of bodies that are not UTF-8, as --charset has it; none is what each says
                timestamps  local, utc, relative, delta or none
                verbose     0; 1 STOMP frames both ways; 2 also handshakes, control frames, heart-beats;
                            3 also hex, on the connections that are opened from then on
                color       auto, always or never
                Alone it tells what is set.
                """,
            examples: ["set output json", "set format '%d %b'", "set verbose 1", "set"],
            operands: [.setting, .settingValue], takesRest: true
        ) { arguments throws(LineError) in
            guard let name = arguments.next() else { return .set(nil) }
            return .set(try LineSetting(name, value: arguments.rest))
        },
        CommandEntry(
            name: "pause", summary: "print no messages until 'resume'",
            details: "Messages are taken and counted as before; 'show' and 'grep' find them.", examples: ["pause"]
        ) { _ throws(LineError) in .pause },
        CommandEntry(
            name: "resume", summary: "print messages again",
            details: "Ends 'pause', and tells how many came meanwhile.",
            examples: ["resume"]
        ) { _ throws(LineError) in .resume },
    ]

    private static func range(_ text: String) throws(LineError) -> ClosedRange<Int> {
        let numbers = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        var bounds: [Int] = []
        for number in numbers {
            let digits = number.hasPrefix("#") ? number.dropFirst() : number
            bounds.append(try LineArguments.number(String(digits), "a message, unless it is 'last',"))
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
                "there is no setting \(name.debugDescription)"
                    + (nearest.map { "; did you mean \($0)?" } ?? "; they are \(Self.names.joined(separator: ", "))"),
                isHelpful: true)
        }
        let value = value.map(Self.unquoted) ?? ""
        if name == "format" {
            guard !value.isEmpty else { throw LineError("format wants a template, such as '%d %b'", isHelpful: true) }
            do throws(FormatTemplateError) {
                _ = try FormatTemplate(value)
            } catch {
                throw LineError("\(error)", isHelpful: true)
            }
            self = .format(value)
        } else if name == "charset" {
            guard value == "none" || CharsetDecoder.knows(value) else {
                throw LineError(
                    "iconv on this machine has no charset \(value.debugDescription); 'iconv -l' lists them",
                    isHelpful: true)
            }
            self = .charset(value == "none" ? nil : value)
        } else if let setting = Self.fixed(name, value) {
            self = setting
        } else {
            let values = Self.values(of: name)
            throw LineError(
                "\(name) is \(values.dropLast().joined(separator: ", ")) or \(values.last ?? "")"
                    + (value.isEmpty ? "" : ", and not \(value.debugDescription)"), isHelpful: true)
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
                Waits until N messages have come, 1 unless told otherwise, that no 'wait' or 'expect'
                before it has counted. With too few in time (5s) it fails: with status 75, or 69
                where the session was lost by then.
                """,
            examples: ["wait", "wait 10 --timeout 30s"], options: [.timeout], operands: [.other]
        ) { arguments throws(LineError) in
            let count = arguments.next()
            return .wait(
                count: try count.map { text throws(LineError) in try LineArguments.number(text, "how many") } ?? 1,
                timeout: try arguments.timeout(otherwise: timeout))
        },
        CommandEntry(
            name: "expect", synopsis: "REGEX [--timeout DURATION]", summary: "wait for a message whose body matches",
            details: """
                Looks through the messages that no 'wait' or 'expect' before it has counted, and those
                that come in time (5s), up to the first whose body matches. If none did it fails: with
                status 1 where there were messages, 75 where there was none at all, and 69 where the
                session was lost by then. The regular expression is written as for 'grep'; behind --
                it may hold anything.
                """,
            examples: [#"expect "status": "ok""#, "expect done --timeout 30s"], options: [.timeout], operands: [.other],
            takesRest: true, takesOptionsBehind: true
        ) { arguments throws(LineError) in
            .expect(try arguments.pattern(), timeout: try arguments.timeout(otherwise: timeout))
        },
        CommandEntry(
            name: "sleep", synopsis: "DURATION", summary: "do nothing for a while",
            details: "Messages that come meanwhile are printed.", examples: ["sleep 500ms"], operands: [.other]
        ) { arguments throws(LineError) in .sleep(try LineArguments.duration(arguments.next("a duration"))) },
    ]
}
