import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct BenchTests {
    /// The figures that `--json` prints.
    struct Figures: Decodable {
        struct Latency: Decodable {
            var p50, p90, p99, p999, max, mean: Double?
            var count: Int
        }

        struct Receipts: Decodable {
            var asked, arrived: Int
        }

        var sent, received, duplicated, outOfOrder: Int
        var lost: Int?
        var sentPerSecond, receivedPerSecond, durationSeconds: Double
        var latencyMicros, connectMicros, lateMicros: Latency
        var receipts: Receipts
        var errors: [String: Int]
        var interrupted, isExact: Bool
        var clocks: [[String: JSONNumberOrText]]

        init(_ result: ProgramResult) throws {
            self = try JSONDecoder().decode(Figures.self, from: Data(result.stdout))
        }
    }

    enum JSONNumberOrText: Decodable, Equatable {
        case number(Double), text(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self = try (try? container.decode(Double.self)).map { .number($0) } ?? .text(container.decode(String.self))
        }
    }

    private func bench(_ arguments: String...) -> Program {
        var program = Program.stomptap("bench")
        program.arguments += arguments + ["--json", "-"]
        return program
    }

    private func figures(
        _ program: Program, status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Figures {
        let result = try await program.run()
        #expect(result.status == .exited(status), "\(result)", sourceLocation: sourceLocation)
        return try Figures(result)
    }

    /// Waits until the log has latencies of a few seconds.
    private func logged(_ log: String, by running: RunningProgram) async throws {
        try await running.wait(otherwise: "has logged nothing") {
            let text = try? String(contentsOfFile: log, encoding: .utf8)
            return text?.contains(",HISTFAAA") == true ? () : nil
        }
    }

    @Test func allThatIsSentComesOnce() async throws {
        try await ServedBroker.run { broker in
            for url in broker.urls {
                let figures = try await figures(
                    bench(url, "--messages", "5000", "--publishers", "2", "--subscribers", "3", "--connections", "2"))
                #expect(figures.sent == 5000)
                #expect(figures.received == 25_000)
                #expect(figures.lost == 0)
                #expect(figures.duplicated == 0)
                #expect(figures.outOfOrder == 0)
                // The latencies of the subscribers; connections are only counted.
                #expect(figures.latencyMicros.count == 15_000)
                #expect(figures.connectMicros.count == 7)
                #expect(figures.errors.isEmpty)
                #expect(figures.isExact)
            }
        }
    }

    @Test func aQueueGivesEachMessageToOne() async throws {
        try await ServedBroker.run { broker in
            let figures = try await figures(
                bench(broker.tcp, "/queue/bench", "--messages", "3000", "--subscribers", "3", "--destinations", "2"))
            #expect(figures.sent == 3000)
            #expect(figures.received == 3000)
            #expect(figures.lost == 0)
        }
    }

    @Test func aRateIsKept() async throws {
        let figures = try await figures(bench("demo", "--rate", "500/s", "--duration", "2s", "--warmup", "500ms"))
        #expect(figures.sent == 1000)
        #expect(figures.lost == 0)
        #expect(figures.sentPerSecond < 510)
        #expect(figures.durationSeconds > 1.9)
    }

    @Test(arguments: ["body", "header"]) func receiptsAreCounted(stamp: String) async throws {
        let figures = try await figures(bench("demo", "--messages", "3000", "--receipts", "--stamp", stamp))
        #expect(figures.receipts.asked == 3000)
        #expect(figures.receipts.arrived == 3000)
        #expect(figures.received == 3000)
    }

    @Test(arguments: [[], ["--receipts"]]) func atARateEachMessageTellsHowLateItLeft(receipts: [String]) async throws {
        var program = bench("demo", "--messages", "300", "--rate", "3k/s")
        program.arguments += receipts
        let figures = try await figures(program)
        #expect(figures.lateMicros.count == 300)
    }

    @Test func aBodyOfOnesOwnStaysAsItIs() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "body.json")
            try Data(#"{"id": 42}"#.utf8).write(to: file)
            try await ServedBroker.run { broker in
                let subscribe = Program.stomptap("subscribe", broker.tcp, "/topic/bench", "-n", "20", "-F", "%b %{a}")
                try await subscribe.startSubscribed { subscriber in
                    let figures = try await figures(
                        bench(broker.tcp, "--messages", "20", "--body-file", file.path, "-H", "a: b"))
                    #expect(figures.received == 20)
                    #expect(figures.lost == 0)
                    let result = try await subscriber.result()
                    #expect(Set(result.lines) == [#"{"id": 42} b"#])
                }
            }
        }
    }

    @Test func aLimitThatIsPassedIsStatusOne() async throws {
        let result = try await bench("demo", "--messages", "10", "--fail-if", "p99>1us", "--fail-if", "lost>0").run()
        #expect(result.status == .exited(1))
        #expect(result.errors.contains("(--fail-if 'p99>1us')"))
        #expect(!result.errors.contains("lost"))
        #expect(try Figures(result).received == 10)
    }

    @Test func ctrlCPrintsTheResultsSoFar() async throws {
        for (signal, status) in [(SIGINT, Int32(130)), (SIGTERM, 143)] {
            try await withTemporaryFolder { folder in
                let log = folder.appending(path: "log.hdr").path
                try await ServedBroker.run(["-v"]) { broker in
                    try await bench(broker.tcp, "--rate", "1000/s", "--hdr", log).start { running in
                        try await broker.program.waitFor("subscribed", in: .stderr)
                        try await logged(log, by: running)
                        running.send(signal: signal)
                        let result = try await running.result()
                        #expect(result.status == .exited(status))
                        let figures = try Figures(result)
                        #expect(figures.interrupted)
                        #expect(figures.received > 100)
                        #expect(figures.lost == 0)
                        #expect(figures.errors.isEmpty)
                        try await broker.program.waitFor(": disconnected", count: 2, in: .stderr)
                    }
                }
            }
        }
    }

    /// The server is killed in the middle: the report has what was measured and what is missing.
    @Test func aServerThatDiesIsReportedWithWhatIsMissing() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending(path: "log.hdr").path
            try await ServedBroker.run { broker in
                try await bench(broker.tcp, "--rate", "2000/s", "--duration", "60s", "--hdr", log).start { running in
                    try await logged(log, by: running)
                    broker.program.send(signal: SIGKILL)
                    let result = try await running.result()
                    #expect(result.status == .exited(69), "\(result)")
                    let figures = try Figures(result)
                    #expect(figures.sent > 0)
                    #expect(figures.received > 0)
                    #expect(figures.lost == figures.sent - figures.received)
                    #expect((figures.errors["connectionLost"] ?? 0) >= 1)
                    #expect(result.errors.contains("stomptap: TCP: "))
                    #expect(result.errors.contains("\(figures.received) received"))
                }
            }
        }
    }

    @Test func twoProcessesShareTheWork() async throws {
        try await ServedBroker.run(["-v"]) { broker in
            let subscribe = bench(broker.tcp, "--subscribe-only", "--publishers", "2", "--subscribers", "2")
            try await subscribe.startSubscribed { subscriber in
                let publish = bench(
                    broker.tcp, "--publish-only", "--publishers", "2", "--rate", "1000/s", "--messages", "1500")
                let sent = try await figures(publish)
                #expect(sent.sent == 1500)
                #expect(sent.lost == nil)
                let result = try await subscriber.result()
                #expect(result.status == .exited(0), "\(result)")
                let figures = try Figures(result)
                #expect(figures.sent == 1500)
                #expect(figures.received == 3000)
                #expect(figures.lost == 0)
                #expect(figures.isExact)
                #expect(figures.clocks.count == 1)
                // Both processes use the same clock, so the offset is within the uncertainty.
                guard case .number(let offset)? = figures.clocks.first?["offsetMicros"],
                    case .number(let uncertainty)? = figures.clocks.first?["uncertaintyMicros"]
                else {
                    Issue.record("no clocks in \(result)")
                    return
                }
                #expect(abs(offset) <= uncertainty + 1)
                // Two subscribers, two publishers, and a session of each process that compares the clocks.
                for connection in 1...6 {
                    try await broker.program.waitFor("connection \(connection): disconnected", in: .stderr)
                }
            }
        }
    }

    /// A merged log has the same percentiles, and two logs have twice as many messages.
    @Test func logsAddUp() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending(path: "log.hdr").path
            let one = try await figures(bench("demo", "--rate", "1000/s", "--duration", "1500ms", "--hdr", log))
            let two = try await figures(bench("--merge", log, log))
            #expect(two.sent == 2 * one.sent)
            #expect(two.received == 2 * one.received)
            #expect(two.latencyMicros.count == 3000)
            let pairs = [
                (one.latencyMicros.p50, two.latencyMicros.p50), (one.latencyMicros.p99, two.latencyMicros.p99),
                (one.latencyMicros.p999, two.latencyMicros.p999),
            ]
            for (left, right) in pairs {
                let (left, right) = (try #require(left), try #require(right))
                #expect(abs(left - right) <= left / 500)
            }
        }
    }

    /// The expected number of deliveries, messages times subscribers, exceeds Int and is clamped.
    @Test func moreMessagesThanCanBeCountedAreWaitedFor() async throws {
        try await ServedBroker.run { broker in
            let subscribe = bench(
                broker.tcp, "--subscribe-only", "--subscribers", "2", "--messages", "\(Int.max)", "--drain", "10ms")
            try await subscribe.startSubscribed { subscriber in
                _ = try await figures(bench(broker.tcp, "--publish-only", "--messages", "10"))
                let result = try await subscriber.result()
                #expect(result.status == .exited(0), "\(result)")
                #expect(try Figures(result).received == 20)
            }
        }
    }

    /// A server that accepts the subscriber and rejects the publishers.
    @Test func howManyConnectionsAreOpenIsCountedByKind() async throws {
        let steps: @Sendable (Int) -> [ScriptedServer.Step] = { connection in
            connection == 0
                ? [.awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .stall]
                : [.awaitText("\0"), .sendText("ERROR\nmessage:full\n\n\0"), .stall]
        }
        try await ScriptedServer.run(script: steps) { server in
            let result = try await Program.stomptap(
                "bench", "stomp://127.0.0.1:\(server.port)", "--publishers", "2", "--receipt-timeout", "100ms"
            ).run()
            #expect(result.status == .exited(77), "\(result)")
            #expect(result.errors.contains("(opened 0 of 2 connections)"), "\(result)")
        }
    }

    @Test func moreConnectionsThanTheSystemAllowsAreRefusedWithTheReason() async throws {
        let result = try await Program(
            "/bin/sh",
            [
                "-c", "ulimit -n 100; exec \"$0\" bench demo --connections 200",
                Program.stomptap().path,
            ]
        ).run()
        #expect(result.status == .exited(69), "\(result)")
        #expect(result.errors.contains("404 connections need 468 open files"))
        #expect(result.errors.contains("the limit is 100"))
        #expect(result.output == "")
    }

    /// Spring's broker forwards only destinations with its prefixes, and sends no error for others.
    @Test func whereNothingComesBackNothingWasMeasured() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            let result = try await bench(broker.sockJS, "/foo/a", "--messages", "5", "--drain", "200ms").run()
            #expect(result.status == .exited(75), "\(result)")
            #expect(
                result.errors.contains("stomptap: STOMP: received none of 5 messages on /foo/a; "), "\(result)")
        }
    }

    @Test func theDescriptorLimitIsRaisedAsFarAsItMay() async throws {
        let result = try await Program(
            "/bin/sh",
            [
                "-c", "ulimit -Sn 100; exec \"$0\" bench demo --connections 200 --messages 5",
                Program.stomptap().path,
            ]
        ).run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output.contains("200 more connections"))
    }

    @Test(arguments: [
        [], ["demo", "--size", "20"], ["demo", "--messages", "0"], ["demo", "--duration", "0s"],
        ["demo", "--messages", "5", "--duration", "5s"],
        ["demo", "--fail-if", "p98>1ms"], ["demo", "--rate", "fast"], ["demo", "--publish-only", "--subscribe-only"],
        ["demo", "--subscribers", "0"], ["demo", "--merge", "x"],
        ["demo", "--subscribers", "9223372036854775807", "--connections", "1"],
    ])
    func wrongUsageIsReportedAsSuch(arguments: [String]) async throws {
        var program = Program.stomptap("bench")
        program.arguments += arguments
        #expect(try await program.run().status == .exited(64))
    }
}
