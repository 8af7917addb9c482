import NIOCore

extension CommandTable {
    /// How long `wait` and `expect` wait where nobody says.
    static let patience = TimeAmount.seconds(5)

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
                timeout: try arguments.timeout(otherwise: patience))
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
            .expect(try arguments.pattern(), timeout: try arguments.timeout(otherwise: patience))
        },
        CommandEntry(
            name: "sleep", synopsis: "DURATION", summary: "do nothing for a while",
            details: "Messages that come meanwhile are printed.", examples: ["sleep 500ms"], operands: [.other]
        ) { arguments throws(LineError) in .sleep(try LineArguments.duration(arguments.next("a duration"))) },
    ]
}
