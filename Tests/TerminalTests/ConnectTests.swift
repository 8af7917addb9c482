import Foundation
import TestSupport
import Testing

/// `stomptap connect` as a user sees it: the line being typed, and output that arrives meanwhile.
@Suite(.spawning) struct ConnectTests {
    @Test func aMessageInMidLineTearsNothing() async throws {
        try await ServedBroker.run { broker in
            try await ConnectSession.run(broker.tcp, "-o body") { session in
                try await session.enter("sub /topic/방", answer: "subscribed to /topic/방 as sub-0", then: "1 sub")
                let prompt = session.prompt("1 sub")
                try await session.terminal.type("send /topic/방 안녕하세요")
                try await session.terminal.press("Left", "Left", "Left", "BSpace")
                let column = prompt.count + 18
                try await session.terminal.wait(for: "\(prompt) send /topic/방 안하세요", column: column)
                try await broker.publish("/topic/방", "메시지 하나")
                try await broker.publish("/topic/방", "둘")
                try await session.terminal.wait(
                    for: "메시지 하나", "둘", "\(prompt) send /topic/방 안하세요", column: column)
                try await session.terminal.type("녕")
                try await session.terminal.press("Enter")
                try await session.terminal.wait(forAll: ["안녕하세요", "sent 15 B to /topic/방"], above: prompt)
            }
        }
    }

    @Test func aWrappedLineSurvivesMessagesAndResizing() async throws {
        try await ServedBroker.run { broker in
            try await ConnectSession.run(broker.tcp, "-o body", columns: 40, rows: 14) { session in
                let terminal = session.terminal
                try await session.enter("sub /topic/a", answer: "subscribed to /topic/a as sub-0", then: "1 sub")
                let line = "\(session.prompt("1 sub")) send /topic/b 한글이 길게 이어지는 문장입니다"
                try await terminal.type(String(line.dropFirst(session.prompt("1 sub").count + 1)))
                try await terminal.press("Left", "Left")
                func wait(above: String, columns: Int) async throws {
                    let (rows, cursor) = Self.rows(of: line, columns: columns, cursorFromEnd: 2)
                    try await terminal.wait(for: [above] + rows, column: cursor)
                }
                try await wait(above: "subscribed to /topic/a as sub-0", columns: 40)
                try await broker.publish("/topic/a", "첫 메시지")
                try await wait(above: "첫 메시지", columns: 40)
                for (number, columns) in [25, 70, 33].enumerated() {
                    try await terminal.resize(columns: columns, rows: 14)
                    try await broker.publish("/topic/a", "message \(number)")
                    try await wait(above: "message \(number)", columns: columns)
                }
                let everything = try await terminal.everything().joined()
                #expect(everything.components(separatedBy: "send /topic/b").count == 2)
            }
        }
    }

    /// Returns how a terminal with this width wraps a line of ASCII and Hangul, and the cursor's column in its row.
    private static func rows(of line: String, columns: Int, cursorFromEnd: Int) -> ([String], cursor: Int) {
        var rows = [""]
        var width = 0, cursor = 0
        for (index, character) in line.enumerated() {
            let size = character.isASCII ? 1 : 2
            if width + size > columns {
                rows.append("")
                width = 0
            }
            if index == line.count - cursorFromEnd { cursor = width }
            rows[rows.count - 1].append(character)
            width += size
        }
        return (rows.map { $0.last == " " ? String($0.dropLast()) : $0 }, cursor)
    }

    /// The trace leaves out a body that is printed anyway.
    @Test func aMessageIsShownOnceUnderATrace() async throws {
        try await ServedBroker.run { broker in
            try await ConnectSession.run(broker.tcp, "-v") { session in
                try await session.terminal.enter("sub /topic/a")
                try await session.terminal.wait(
                    forAll: ["subscribed to /topic/a as sub-0"], above: session.prompt("1 sub"))
                try await broker.publish("/topic/a", "seen-once")
                try await session.terminal.wait(forAll: ["seen-once"], above: session.prompt("1 sub"))
                let everything = try await session.terminal.everything().joined(separator: "\n")
                #expect(everything.components(separatedBy: "seen-once").count == 2, "\(everything)")
                #expect(everything.contains("content-length: 9"), "\(everything)")
            }
        }
    }

    @Test func whatIsReceivedDrivesNoTerminal() async throws {
        try await ServedBroker.run { broker in
            try await ConnectSession.run(broker.tcp, "-o body") { session in
                try await session.enter("sub /topic/a", answer: "subscribed to /topic/a as sub-0", then: "1 sub")
                try await session.terminal.type("typed")
                try await broker.publish("/topic/a", "x\u{1b}[2J\u{1b}]0;title\u{07}\u{9b}1Jy")
                try await session.terminal.wait(
                    for: "x\\x1b[2J\\x1b]0;title\\x07\\u{9b}1Jy", "\(session.prompt("1 sub")) typed")
            }
        }
    }

    @Test func threeLinesOfJSONArePastedAsOneBody() async throws {
        try await ConnectSession.run("demo", "-o body") { session in
            let terminal = session.terminal
            try await session.enter("sub /topic/echo", answer: "subscribed to /topic/echo as sub-0", then: "1 sub")
            try await terminal.type("send /app/echo ")
            try await terminal.paste("{\n  \"이름\": \"a; \\\"b\\\"\"\n}\n")
            try await terminal.wait(
                for: "demo 1 sub> send /app/echo {", "  \"이름\": \"a; \\\"b\\\"\"", "}", column: 1)
            try await terminal.press("Enter")
            try await terminal.wait(
                forAll: ["{", "  \"이름\": \"a; \\\"b\\\"\"", "}", "sent 26 B to /app/echo"], above: "demo 1 sub>")
        }
    }

    @Test func aBodyIsTypedUpToItsWordAndComesBackWhole() async throws {
        try await ConnectSession.run("demo", "-o body") { session in
            let terminal = session.terminal
            try await session.enter("sub /topic/echo", answer: "subscribed to /topic/echo as sub-0", then: "1 sub")
            for line in ["send /app/echo <<END", "{\"가\":", " 1}"] { try await terminal.enter(line) }
            try await terminal.wait(for: "demo 1 sub> send /app/echo <<END", "{\"가\":", " 1}", column: 0)
            try await terminal.enter("END")
            try await terminal.wait(forAll: ["{\"가\":", " 1}", "sent 11 B to /app/echo"], above: "demo 1 sub>")
            try await terminal.press("Up")
            try await terminal.wait(for: "demo 1 sub> send /app/echo <<END", "{\"가\":", " 1}", "END", column: 3)
        }
    }

    @Test func anOpenBracketGoesOnInTheNextLine() async throws {
        try await ConnectSession.run("demo", "-o body") { session in
            let terminal = session.terminal
            try await session.enter("sub /topic/echo", answer: "subscribed to /topic/echo as sub-0", then: "1 sub")
            for line in ["send /app/echo {", "  \"가\": 1"] { try await terminal.enter(line) }
            try await terminal.wait(for: "demo 1 sub> send /app/echo {", "  \"가\": 1", column: 0)
            try await terminal.enter("}")
            try await terminal.wait(forAll: ["{", "  \"가\": 1", "}", "sent 14 B to /app/echo"], above: "demo 1 sub>")
        }
    }

    @Test func tabCompletesWhatIsKnown() async throws {
        try await ConnectSession.run(columns: 60) { session in
            let terminal = session.terminal
            try await terminal.type("su\t\t")
            try await terminal.wait(for: "sub   subs", "demo> sub", column: 9)
            try await terminal.press("C-u")
            try await session.enter("sub /topic/방송", answer: "subscribed to /topic/방송 as sub-0", then: "1 sub")
            try await session.enter(
                "sub --id room /topic/방문", answer: "subscribed to /topic/방문 as room", then: "2 subs")
            try await terminal.type("sen\t/t\t")
            try await terminal.wait(for: "/topic/방문  /topic/방송", "demo 2 subs> send /topic/방", column: 27)
            try await terminal.type("송\t안녕\t!")
            try await terminal.wait(for: "demo 2 subs> send /topic/방송 안녕!", column: 35)
            try await terminal.press("C-u")
            try await session.enter("send /app/echo x", answer: "sent 1 B to /app/echo", then: "2 subs")
            try await terminal.type("send /a\ty")
            try await terminal.wait(for: "demo 2 subs> send /app/echo y", column: 29)
            try await terminal.press("C-u")
            let file = session.home.path + "/body.json"
            try Data("{}".utf8).write(to: URL(filePath: file))
            try await terminal.type("send /app/echo @\(file.dropLast(4))\t!")
            try await eventually {
                try await terminal.rows().joined().hasSuffix("@\(file) !") ? () : nil
            } otherwise: {
                "no file"
            }
        }
    }
}
