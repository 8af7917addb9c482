import STOMPTransport
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
