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
    /// The body; a file has a name.
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
