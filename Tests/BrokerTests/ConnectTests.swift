import Foundation
import TestSupport
import Testing

/// Scripts of `connect` with real servers.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct ConnectTests {
    private func connect(_ way: Way, _ scripts: String...) async throws -> ProgramResult {
        var program = Program.stomptap(
            "connect", try await way.url(), "--virtual-host", "/", "-o", "body", "--receipt-timeout", "30s")
        for script in scripts { program.arguments += ["-e", script] }
        return try await program.run()
    }

    @Test(arguments: Way.allCases)
    func aWholeSession(_ way: Way) async throws {
        let topic = way.destination("topic"), queue = way.destination("queue")
        let json = #"{"a": "1; 2 \"q\"", "b": "안녕", "c": '}'}"#
        let result = try await connect(
            way, "sub \(topic) --id mine; send -H 'type: CHAT' \(topic) \(json); wait 1 --timeout 20s",
            "sub \(queue) --ack client-individual; send \(queue) first; wait --timeout 20s; ack last",
            "begin; send \(topic) kept; send \(queue) kept too; commit; wait 2 --timeout 20s; ack last",
            "begin; send \(topic) forgotten; abort; send \(topic) last; expect --timeout 20s ^last$",
            "unsub mine; unsub \(queue); subs; disconnect")
        try #require(result.status == .exited(0) && result.lines.count > 4, "\(result)")
        #expect(result.errors == "", "\(result)")
        #expect(result.lines.prefix(2) == [json, "first"], "\(result)")
        #expect(Set(result.lines[2..<4]) == ["kept", "kept too"], "\(result)")
        #expect(result.lines[4...] == ["last", "no subscriptions; use 'sub DESTINATION'"], "\(result)")
    }

    /// Acknowledged messages are gone; all others are delivered again.
    @Test(arguments: Way.allCases)
    func acknowledgementsCount(_ way: Way) async throws {
        let queue = way.destination("queue")
        let first = try await connect(
            way, "send \(queue) 1; send \(queue) 2; sub \(queue) --ack client-individual; wait 2 --timeout 20s; ack #1")
        #expect(first.status == .exited(0), "\(first)")
        let second = try await connect(way, "send \(queue) end; sub \(queue); expect --timeout 20s end")
        #expect(second.status == .exited(0), "\(second)")
        #expect(Set(second.lines) == ["2", "end"], "\(second)")
    }

    /// Alarms and a chat on one connection; a client announces that it enters the room, and unsubscribes when it
    /// leaves.
    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func alarmsAndAChatShareAConnection(_ way: Way) async throws {
        let alarms = way.destination("queue"), room = way.destination("topic")
        let chat = #"{"roomId": 7, "text": "안녕; \"모두\""}"#
        let result = try await connect(
            way, "sub \(alarms) --id alarm-42 -H 'type: ALARM' -H 'userId: 42'",
            "sub \(room) --id room-7 -H 'type: CHAT' -H 'userId: 42' -H 'roomId: 7'",
            #"send -H 'type: CHAT' \#(room) {"enter": 42}; expect --timeout 20s enter"#,
            "send \(room) \(chat); expect --timeout 20s roomId; send \(alarms) ring; expect --timeout 20s ring",
            "unsub room-7 -H 'type: CHAT' -H 'roomId: 7'; send \(room) unheard; send \(alarms) still; expect --timeout 20s still"
        )
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.lines == [#"{"enter": 42}"#, chat, "ring", "still"], "\(result)")
    }

    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func anErrorOfTheServerIsTheStatus(_ way: Way) async throws {
        for script in ["sub /nowhere/at/all", "send /nowhere/at/all x"] {
            let result = try await connect(way, script, "sleep 30s")
            #expect(result.status == .exited(1), "\(result)")
            #expect(result.errors.contains("Unknown destination"), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
        }
    }
}
