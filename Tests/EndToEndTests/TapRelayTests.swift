import Foundation
import TestSupport
import Testing

/// Traffic through `tap`: many connections, TLS and proxies, and peers that are killed, freeze or flood.
@Suite(.spawning) struct TapRelayTests {
    /// Runs a tap of a server while `body` runs; passes the URL for apps to `body`.
    private func withTap<Value>(
        _ endpoint: String, _ options: [String] = [], isolation: isolated (any Actor)? = #isolation,
        _ body: (_ tap: RunningProgram, _ url: String) async throws -> Value
    ) async throws -> Value {
        try await RunningTap.run(to: endpoint, ["-o", "none"] + options) { try await body($0.program, $0.url) }
    }

    @Test(arguments: [0, 1]) func nothingIsLostAmongAHundredConnections(way: Int) async throws {
        try await ServedBroker.run { broker in
            try await withTap(broker.urls[way]) { tap, url in
                var bench = Program.stomptap("bench", url, "--messages", "1000", "--subscribers", "99", "--json", "-")
                // On a busy machine there may be a gap longer than the default drain time.
                bench.arguments += ["--publishers", "1", "--fail-if", "lost>0", "--drain", "200s"]
                let result = try await bench.run()
                #expect(result.status == .exited(0), "\(result)")
                let figures = try BenchTests.Figures(result)
                #expect(figures.sent == 1000)
                #expect(figures.received == 99_000)
                #expect(figures.lost == 0)
                #expect(figures.duplicated == 0)
                #expect(figures.outOfOrder == 0)
            }
        }
    }

    @Test func tlsIsPossibleOnBothSides() async throws {
        try await TLSCommandTests().withCertificates { folder in
            let certificate = ["--tls-cert", folder.path + "/server.pem", "--tls-key", folder.path + "/server.key"]
            let ca = folder.path + "/ca.pem"
            try await ServedBroker.run(certificate) { broker in
                for server in [broker.tcp, broker.webSocket, broker.webSocket.replacing("wss:", with: "https:")] {
                    try await withTap(server, certificate + ["--ca", ca]) { tap, url in
                        #expect(url.prefix { $0 != ":" } == server.prefix { $0 != ":" })
                        let result = try await Program.stomptap(
                            "request", url, "/app/echo", "비밀", "--reply", "/topic/echo", "-o", "body", "--ca", ca
                        ).run()
                        #expect(result.output == "비밀\n", "\(result)")
                    }
                }
            }
        }
    }

    @Test func theServerIsReachedThroughAProxy() async throws {
        let proxy = try await ScriptedProxy(.http())
        try await ServedBroker.run { broker in
            for server in broker.urls {
                let before = proxy.requests.count
                try await withTap(server, ["--proxy", proxy.http]) { tap, url in
                    let result = try await Program.stomptap("publish", url, "/topic/a", "hi").run()
                    #expect(result.status == .exited(0), "\(result)")
                }
                #expect(proxy.requests.count == before + 1)
            }
        }
        await proxy.stop()
    }

    @Test(arguments: [0, 1, 2]) func aServerThatIsKilledIsSeenAndTheTapLivesOn(way: Int) async throws {
        try await ServedBroker.run { broker in
            try await withTap((broker.urls + [broker.sockJS])[way]) { tap, url in
                let subscribe = Program.stomptap("subscribe", url, "/topic/a", "--reconnect", "never")
                try await subscribe.startSubscribed { subscriber in
                    broker.program.send(signal: SIGKILL)
                    let lost = try await subscriber.result()
                    #expect(lost.status == .exited(69), "\(lost)")
                }
                try await tap.waitFor("* end: ", in: .stderr)
                let result = try await Program.stomptap("publish", url, "/topic/a", "hi").run()
                // Over HTTP the tap answers instead of the server.
                #expect(result.status == .exited(way == 0 ? 69 : 76), "\(result)")
                #expect(way == 0 || result.errors.contains("502"), "\(result)")
                try await tap.waitFor("connection refused by 127.0.0.1", in: .stderr)
            }
        }
    }

    @Test func anAppThatIsKilledIsGoneForTheServerToo() async throws {
        try await ServedBroker.run(["-v"]) { broker in
            try await withTap(broker.tcp) { tap, url in
                try await Program.stomptap("subscribe", url, "/topic/a").startSubscribed { subscriber in
                    subscriber.send(signal: SIGKILL)
                    try await broker.program.waitFor(": closed", in: .stderr)
                    try await tap.waitFor("* end: the app", in: .stderr)
                    _ = try await subscriber.result()
                }
            }
        }
    }

    /// The server stops reading, and the app sends as much as it can.
    @Test func aFrozenServerDoesNotFillTheTap() async throws {
        try await ServedBroker.run { broker in
            try await RunningTap.run(to: broker.tcp, ["--command", "CONNECTED"]) { tap in
                // More than a fast machine sends before the server is frozen.
                let flood = Program.stomptap(
                    "bench", tap.url, "--publish-only", "--size", "64KiB", "--messages", "100000", "--receipt-timeout",
                    "3s", "--json", "-")
                let before = try #require(tap.program.peakMemory)
                try await flood.start { flood in
                    try await tap.program.waitFor("CONNECTED")
                    broker.program.send(signal: SIGSTOP)
                    let result = try await flood.result()
                    #expect(result.status == .exited(75), "\(result)")
                    broker.program.send(signal: SIGCONT)
                }
                let peak = try #require(tap.program.peakMemory)
                #expect((before + 1..<64 << 20).contains(peak))
            }
        }
    }

    /// The app stops reading, and the server sends as much as it can.
    @Test func aFrozenAppDoesNotFillTheTap() async throws {
        let frame = MessageSource.frame(Array(repeating: UInt8(ascii: "x"), count: 1 << 20), id: 1)
        let greeting: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .awaitText("SUBSCRIBE\n"),
        ]
        let script = greeting + Array(repeating: .send(frame), count: 200)
        try await ScriptedServer.run(script: { _ in script }) { server in
            try await withTap("stomp://127.0.0.1:\(server.port)") { tap, url in
                var subscribe = Program.stomptap("subscribe", url, "/topic/a", "-o", "body")
                subscribe.output = .held
                let before = try #require(tap.peakMemory)
                // The amount of data that the tap has received stops growing.
                try await subscribe.start { _ in
                    let taken = try await standstill(beyond: before) { try #require(tap.peakMemory) }
                    #expect(taken < 64 << 20)
                }
            }
        }
    }
}
