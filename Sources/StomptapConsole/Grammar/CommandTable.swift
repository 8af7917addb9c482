import NIOCore
import STOMPCore
import StomptapRuntime

/// All commands of `connect`. The parser, help, completion and suggestions all use this table.
enum CommandTable {
    /// The commands in the order of the help, in groups.
    static let groups: [(title: String, entries: [CommandEntry])] = [
        ("subscriptions", subscriptions), ("messages", messages), ("what came", looking), ("the session", session),
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
                throw LineError("a header is written 'name: value', in quotes")
            }
            guard !HeaderArgument.isSecretWithoutValue(text) else {
                throw LineError("the header \(argument.header.name) has no value; write it in quotes: -H 'name: value'")
            }
            headers.append(argument.header.name, argument.header.value)
        }
        return headers
    }

    /// Where a message goes: the destination and the options of SEND.
    mutating func outgoing() throws(LineError) -> LineCommand.Outgoing {
        LineCommand.Outgoing(
            destination: try next("a destination"), headers: try headers(),
            contentType: option("--content-type"))
    }

    func timeout(otherwise standard: TimeAmount) throws(LineError) -> TimeAmount {
        guard let text = option("--timeout") else { return standard }
        return try LineArguments.duration(text)
    }

    static func duration(_ text: String) throws(LineError) -> TimeAmount {
        guard let duration = try? DurationArgument(text) else {
            throw LineError(
                "a duration is a number and a unit, such as 250ms, 5s or 2m, and not \(text.debugDescription)")
        }
        return duration.amount
    }

    static func number(_ text: String, _ what: String) throws(LineError) -> Int {
        guard let number = Int(text), number >= 1 else {
            throw LineError("\(what) is a number from 1 on, and not \(text.debugDescription)")
        }
        return number
    }

    func pattern() throws(LineError) -> BodyPattern {
        guard let rest, !rest.isEmpty else { throw LineError("it wants a regular expression") }
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
            summary: "listen to a destination",
            details: """
                Sends SUBSCRIBE and waits until the subscription stands: for its receipt or, where the
                server answers none, for --settle. It comes back after a reconnect, with its id and
                headers. An --id is made up where none is given.
                Without --ack, messages of a queue (/queue/ and the like) are acknowledged after they
                were printed or counted by 'wait' or 'expect'; all others stay in the queue. With --ack
                client or client-individual, nothing is acknowledged until you type 'ack' or 'nack'.
                --ack auto lets the server count all that it has sent as acknowledged.
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
                    throw LineError("the modes of --ack are auto, client and client-individual, and not \(name)")
                }
            }
            return .subscribe(
                destination: try arguments.next("a destination"), id: arguments.option("--id"), ack: ack,
                headers: try arguments.headers())
        },
        CommandEntry(
            name: "unsub", aliases: ["unsubscribe"], synopsis: "ID|DESTINATION [-H 'NAME: VALUE']...",
            summary: "end a subscription",
            details: """
                Sends UNSUBSCRIBE for the subscription of this id, or for those to this destination.
                """,
            examples: ["unsub sub-0", "unsub /topic/orders", "unsub room-1 -H 'type: LEAVE'"],
            options: [.header], operands: [.subscription]
        ) { arguments throws(LineError) in
            .unsubscribe(
                try arguments.next("the id or the destination of a subscription"), headers: try arguments.headers())
        },
        CommandEntry(
            name: "subs", summary: "list the subscriptions, and what came on each",
            details: """
                A line for each subscription: its id, destination and ack mode, how many messages came on
                it, their octets, and how long ago the last one came.
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
                The options come first. The body is the rest of the line, word for word: quotes stay.
                Where it ends in an open { or [, or in a comma inside one, it goes on in the next lines
                until that is closed. <<EOF takes the lines that follow, whatever they are, up to a line
                EOF; @FILE takes a file as it is. -t is the content-type, guessed without it: JSON, text
                or octet-stream; -t '' sends none.
                Where the server answers receipts, the message's is waited for. While a transaction is
                open, the message is part of it.
                """,
            examples: [
                #"send /app/chat {"room": 1, "text": "안녕; \"hi\""}"#,
                "send -H 'type: CHAT' -t text/plain /app/chat hello",
                "send /topic/photo @photo.png", "send /app/chat <<EOF",
            ],
            options: [.header, .contentType], operands: [.destination, .file], takesRest: true, takesBody: true
        ) { arguments throws(LineError) in
            let outgoing = try arguments.outgoing()
            return .send(outgoing, try arguments.checkedBody())
        },
        CommandEntry(
            name: "edit", synopsis: "[-H 'NAME: VALUE']... [-t TYPE] DESTINATION",
            summary: "write a message in your text editor, and send it",
            details: """
                Opens $VISUAL, or $EDITOR, or vi; what is saved there is sent. An empty file sends
                nothing. It begins with what was written there the last time.
                """,
            examples: ["edit /app/chat"], options: [.header, .contentType], operands: [.destination]
        ) { arguments throws(LineError) in .edit(try arguments.outgoing()) },
        acknowledgement("ack", isPositive: true, summary: "tell the server that a message was taken"),
        acknowledgement("nack", isPositive: false, summary: "tell the server that a message was not taken"),
        CommandEntry(
            name: "begin", synopsis: "[ID]", summary: "open a transaction",
            details: """
                What is sent and acknowledged from here on happens at 'commit', or at 'abort' not at all.
                One transaction is open at a time. It ends with its connection.
                """,
            examples: ["begin", "begin order-17"], operands: [.other]
        ) { arguments throws(LineError) in .begin(arguments.next()) },
        CommandEntry(
            name: "commit", summary: "make the open transaction happen",
            details: "Sends COMMIT and waits for its receipt, where the server answers receipts.",
            examples: ["commit"]
        ) { _ throws(LineError) in .commit },
        CommandEntry(
            name: "abort", summary: "forget the open transaction",
            details: "Sends ABORT: nothing that was sent in the transaction happens.", examples: ["abort"]
        ) { _ throws(LineError) in .abort },
        CommandEntry(
            name: "raw", synopsis: "<<WORD | @FILE | TEXT", summary: "send a frame exactly as it is written",
            details: """
                The lines up to the WORD go out as they are, with a NUL behind them: wrong on purpose if
                you like. The empty line ends the headers; the body's last line has no line end. Nothing
                is escaped, added or checked. 'set verbose 1' shows what the server makes of it.
                """,
            examples: ["raw <<EOF", "raw @frame.txt"], operands: [.file], takesRest: true, takesBody: true
        ) { arguments throws(LineError) in
            guard arguments.rest != nil else { throw LineError("it wants a frame") }
            return .raw(try arguments.checkedBody())
        },
    ]

    private static func acknowledgement(_ name: String, isPositive: Bool, summary: String) -> CommandEntry {
        let detail =
            isPositive
            ? "With --ack client, those before it on its subscription are acknowledged too."
            : "Most servers then give it to another receiver, or to a dead letter queue."
        return CommandEntry(
            name: name, synopsis: "last|N|ID", summary: summary,
            details: """
                Sends \(name.uppercased()) for the last message that waits for one, for the message with this
                number (17 or #17), or for that with this message-id or ack header, of a subscription
                that has --ack client or client-individual. \(detail)
                """,
            examples: ["\(name) last", "\(name) #17"], operands: [.message]
        ) { arguments throws(LineError) in
            .acknowledge(
                try MessageReference(arguments.next("'last', a number, or an id")), isPositive: isPositive)
        }
    }
}

extension LineArguments {
    /// The body, checked to have a file name if it is a file.
    func checkedBody() throws(LineError) -> LineBody {
        if case .file("") = body { throw LineError("no file name stands behind @") }
        return body
    }
}

extension MessageReference {
    init(_ text: String) throws(LineError) {
        if text == "last" {
            self = .last
        } else if text.hasPrefix("#") {
            self = .number(try LineArguments.number(String(text.dropFirst()), "the number of a message"))
        } else {
            self = .id(text)
        }
    }
}
