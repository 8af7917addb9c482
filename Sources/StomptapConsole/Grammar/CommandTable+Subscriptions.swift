import STOMPCore

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
