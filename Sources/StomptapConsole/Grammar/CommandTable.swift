import NIOCore
import STOMPCore
import StomptapRuntime

/// All commands of `connect`. The parser, help, completion and suggestions all use this table.
enum CommandTable {
    /// The commands in the order of the help, in groups.
    static let groups: [(title: String, entries: [CommandEntry])] = [
        ("subscriptions", subscriptions), ("messages", messages), ("received messages", looking), ("session", session),
        ("scripts", scripts),
    ]

    static let entries = groups.flatMap(\.entries)

    /// Names without aliases.
    static let names = entries.map(\.name)

    private static let byName: [String: CommandEntry] = Dictionary(
        entries.flatMap { entry in ([entry.name] + entry.aliases).map { ($0, entry) } }
    ) { first, _ in first }

    /// The command with this name or alias; case is ignored.
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
                throw LineError("invalid header; write it in quotes: -H 'name: value'")
            }
            guard !HeaderArgument.isSecretWithoutValue(text) else {
                throw LineError(
                    "missing value of the header \(argument.header.name); write it in quotes: -H 'name: value'")
            }
            headers.append(argument.header.name, argument.header.value)
        }
        return headers
    }

    /// Where a message goes: the destination and the options of SEND.
    mutating func outgoing() throws(LineError) -> LineCommand.Outgoing {
        LineCommand.Outgoing(
            destination: try next("destination"), headers: try headers(),
            contentType: option("--content-type"))
    }

    func timeout(otherwise standard: TimeAmount) throws(LineError) -> TimeAmount {
        guard let text = option("--timeout") else { return standard }
        return try LineArguments.duration(text)
    }

    static func duration(_ text: String) throws(LineError) -> TimeAmount {
        guard let duration = try? DurationArgument(text) else {
            throw LineError(
                "invalid duration \(text.debugDescription); a duration is a number and a unit, such as 250ms, 5s or 2m")
        }
        return duration.amount
    }

    static func number(_ text: String, _ what: String, hint: String = "use a number from 1") throws(LineError) -> Int {
        guard let number = Int(text), number >= 1 else {
            throw LineError("invalid \(what) \(text.debugDescription); \(hint)")
        }
        return number
    }

    func pattern() throws(LineError) -> BodyPattern {
        guard let rest, !rest.isEmpty else { throw LineError("missing regular expression") }
        do {
            return try BodyPattern(rest)
        } catch {
            throw LineError("\(error)")
        }
    }
}

extension CommandTable {
    static let subscriptions = [
        CommandEntry(
            name: "sub", aliases: ["subscribe"],
            synopsis: "DESTINATION [--id ID] [--ack MODE] [-H 'NAME: VALUE']...",
            summary: "subscribe to a destination",
            details: """
                Sends SUBSCRIBE and waits until the subscription is active: for its receipt or, if the server
                sends no receipts, for --settle. After a reconnect it is renewed with the same id and headers.
                Without --id, an id is generated.
                Without --ack, messages of a queue (/queue/ and the like) are acknowledged after they are
                printed, or counted by 'wait' or 'expect'; all others stay in the queue. With --ack client or
                client-individual, nothing is acknowledged until you type 'ack' or 'nack'. With --ack auto, the
                server considers every message that it sends as acknowledged.
                """,
            examples: [
                "sub /topic/orders", "sub /queue/jobs --ack client-individual",
                "sub /topic/room.1 --id room-1 -H 'type: CHAT' -H 'userId: 42'",
            ],
            options: [
                CommandEntry.Option(names: ["--id"], place: .other),
                CommandEntry.Option(names: ["--ack"], place: .ackMode), .header,
            ],
            operands: [.destination]
        ) { arguments throws(LineError) in
            var ack: AckMode?
            if let name = arguments.option("--ack") {
                ack = AckMode(rawValue: name)
                guard ack != nil else {
                    throw LineError("invalid --ack \(name); use auto, client or client-individual")
                }
            }
            return .subscribe(
                destination: try arguments.next("destination"), id: arguments.option("--id"), ack: ack,
                headers: try arguments.headers())
        },
        CommandEntry(
            name: "unsub", aliases: ["unsubscribe"], synopsis: "ID|DESTINATION [-H 'NAME: VALUE']...",
            summary: "end a subscription",
            details: """
                Sends UNSUBSCRIBE for the subscription with this id, or for all with this destination.
                """,
            examples: ["unsub sub-0", "unsub /topic/orders", "unsub room-1 -H 'type: LEAVE'"],
            options: [.header], operands: [.subscription]
        ) { arguments throws(LineError) in
            .unsubscribe(
                try arguments.next("subscription id or destination"), headers: try arguments.headers())
        },
        CommandEntry(
            name: "subs", summary: "list the subscriptions and their message counts",
            details: """
                Prints a line for each subscription: its id, destination and ack mode, the number and size of
                the messages received, and the time since the last one.
                """,
            examples: ["subs"]
        ) { _ throws(LineError) in .listSubscriptions },
    ]
}

extension CommandTable {
    static let messages = [
        CommandEntry(
            name: "send", aliases: ["publish", "pub"],
            synopsis: "[-H 'NAME: VALUE']... [-t TYPE] DESTINATION [BODY | <<WORD | @FILE]",
            summary: "send a message",
            details: """
                Options come first. The body is the rest of the line exactly as typed, quotes included. If it
                ends in an open { or [, or in a comma inside one, it continues on the next lines until the
                bracket is closed. <<EOF sends all following lines up to a line EOF; @FILE sends the content
                of a file. -t sets the content-type; without it, it is guessed (JSON, text or octet-stream);
                -t '' sends none.
                Waits for the receipt if the server sends receipts. While a transaction is open, the message
                is part of it.
                """,
            examples: [
                #"send /app/chat {"room": 1, "text": "안녕; \"hi\""}"#,
                "send -H 'type: CHAT' -t text/plain /app/chat hello",
                "send /topic/photo @photo.png", "send /app/chat <<EOF",
            ],
            options: [.header, .contentType], operands: [.destination, .file], hasRest: true, hasBody: true
        ) { arguments throws(LineError) in
            let outgoing = try arguments.outgoing()
            return .send(outgoing, try arguments.checkedBody())
        },
        CommandEntry(
            name: "edit", synopsis: "[-H 'NAME: VALUE']... [-t TYPE] DESTINATION",
            summary: "write a message in a text editor and send it",
            details: """
                Opens $VISUAL, $EDITOR or vi, and sends the text that you save. An empty file sends nothing.
                If sending fails, the next 'edit' starts with the same text.
                """,
            examples: ["edit /app/chat"], options: [.header, .contentType], operands: [.destination]
        ) { arguments throws(LineError) in .edit(try arguments.outgoing()) },
        acknowledgement("ack", isPositive: true, summary: "acknowledge a message"),
        acknowledgement("nack", isPositive: false, summary: "reject a message"),
        CommandEntry(
            name: "begin", synopsis: "[ID]", summary: "start a transaction",
            details: """
                Everything sent and acknowledged from now on takes effect at 'commit'; 'abort' discards it.
                Only one transaction can be open at a time. It is lost with its connection.
                """,
            examples: ["begin", "begin order-17"], operands: [.other]
        ) { arguments throws(LineError) in .begin(arguments.next()) },
        CommandEntry(
            name: "commit", summary: "commit the open transaction",
            details: "Sends COMMIT, and waits for its receipt if the server sends receipts.",
            examples: ["commit"]
        ) { _ throws(LineError) in .commit },
        CommandEntry(
            name: "abort", summary: "abort the open transaction",
            details: "Sends ABORT: the server discards the transaction.", examples: ["abort"]
        ) { _ throws(LineError) in .abort },
        CommandEntry(
            name: "raw", synopsis: "<<WORD | @FILE | TEXT", summary: "send a frame exactly as typed",
            details: """
                Sends the lines up to WORD unchanged, followed by a NUL, even if they are not a valid frame.
                An empty line ends the headers; the last line of the body gets no line end. Nothing is escaped,
                added or checked. 'set verbose 1' shows the server's answer.
                """,
            examples: ["raw <<EOF", "raw @frame.txt"], operands: [.file], hasRest: true, hasBody: true
        ) { arguments throws(LineError) in
            guard arguments.rest != nil else { throw LineError("missing frame") }
            return .raw(try arguments.checkedBody())
        },
    ]

    private static func acknowledgement(_ name: String, isPositive: Bool, summary: String) -> CommandEntry {
        let detail =
            isPositive
            ? "With --ack client, earlier messages of the subscription are acknowledged too."
            : "Most servers then deliver it to another consumer, or move it to a dead letter queue."
        return CommandEntry(
            name: name, synopsis: "last|N|ID", summary: summary,
            details: """
                Sends \(name.uppercased()) for the last unacknowledged message, for the message with this number
                (17 or #17), or for the one with this message-id or ack header. Its subscription must have
                --ack client or client-individual. \(detail)
                """,
            examples: ["\(name) last", "\(name) #17"], operands: [.message]
        ) { arguments throws(LineError) in
            .acknowledge(
                try MessageReference(arguments.next("message")), isPositive: isPositive)
        }
    }
}

extension LineArguments {
    /// The body, checked to have a file name if it is a file.
    func checkedBody() throws(LineError) -> LineBody {
        if case .file("") = body { throw LineError("missing file name after @") }
        return body
    }
}

extension MessageReference {
    init(_ text: String) throws(LineError) {
        if text == "last" {
            self = .last
        } else if text.hasPrefix("#") {
            self = .number(try LineArguments.number(String(text.dropFirst()), "message number"))
        } else {
            self = .id(text)
        }
    }
}
