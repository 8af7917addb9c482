import Foundation
import TestSupport
import Testing

/// A server that goes down and comes back.
@Suite(.spawning) struct ReconnectTests {
    /// Five restarts: the tail prints every message published while it was connected, and reports each interval
    /// during which the server was down.
    @Test func aTailOutlivesFiveRestartsOfItsServer() async throws {
        let port = try Loopback.freePorts(1)[0]
        let url = "stomp://127.0.0.1:\(port)"
        let tail = Program.stomptap(
            "subscribe", url, "/topic/a", "-o", "body", "--reconnect", "forever", "--reconnect-delay", "50ms",
            "--reconnect-max-delay", "200ms", "-H", "x-own: 1", "--id", "mine")
        try await tail.start { tail in
            var expected = ""
            for round in 1...6 {
                try await Program.stomptap("serve", "--tcp", "127.0.0.1:\(port)", "-v").start { server in
                    try await server.waitFor("subscribed to /topic/a as mine", in: .stderr)
                    let lines = (1...20).map { "\(round).\($0)\n" }.joined()
                    let sent = try await Program.stomptap("publish", url, "/topic/a", "-l", input: .text(lines)).run()
                    #expect(sent.status == .exited(0), "\(sent)")
                    expected += lines
                    try await tail.waitFor("\(round).20\n")
                }
            }
            tail.send(signal: SIGINT)
            let result = try await tail.result()
            #expect(result.status == .exited(130))
            #expect(result.output == expected)
            let away = /reconnected; offline from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d \([\d.]+ m?s\)\n/
            #expect(result.errors.matches(of: away).count == 5, "\(result)")
            #expect(result.errors.contains("retrying in "))
        }
    }

    @Test func aRefusalIsNotTriedAgain() async throws {
        try await ServedBroker.run(["--login", "me:right"]) { broker in
            let result = try await Program.stomptap(
                "subscribe", broker.tcp, "/topic/a", "--reconnect", "forever", "--login", "me", "--passcode", "wrong"
            ).run()
            #expect(result.status == .exited(77), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func theNextServerIsTried() async throws {
        let dead = try Loopback.freePorts(1)[0]
        try await ServedBroker.run { broker in
            let result = try await Program.stomptap("publish", "stomp://127.0.0.1:\(dead),\(broker.tcp)", "/a", "hi")
                .run()
            #expect(result.status == .exited(0), "\(result)")
        }
    }

    /// A stopped (SIGSTOP) server is detected after three intervals without a heart-beat.
    @Test func aFrozenServerIsNoticed() async throws {
        try await ServedBroker.run(["--heart-beat", "800,800"]) { broker in
            for url in broker.urls {
                let subscribe = Program.stomptap(
                    "subscribe", url, "/topic/a", "--heart-beat", "800,800", "--reconnect", "never")
                try await subscribe.startSubscribed { subscriber in
                    broker.program.send(signal: SIGSTOP)
                    defer { broker.program.send(signal: SIGCONT) }
                    let result = try await subscriber.result()
                    #expect(result.status == .exited(69), "\(result)")
                    let line =
                        /stomptap: STOMP: nothing received from the server for [\d.]+ m?s, expected a heart-beat every 800 ms\n/
                    #expect(result.errors.wholeMatch(of: line) != nil, "\(result)")
                }
            }
        }
    }
}
