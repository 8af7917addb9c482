import TestSupport
import Testing

/// The headers of SUBSCRIBE for a queue, and which messages are acknowledged.
@Suite(.spawning) struct QueueTests {
    private func tail(
        _ arguments: String..., to destination: String = "/queue/a", bodies: [String] = ["1", "2", "3"],
        headers: String? = nil, connected: String = "version:1.2\nserver:RabbitMQ/3.10.8\n", end: String = ""
    ) async throws -> (result: ProgramResult, received: String) {
        let frames = bodies.enumerated().map { number, body in
            let own = headers ?? "message-id:\(number)\nack:\(number)\n"
            return
                "MESSAGE\nsubscription:sub-0\ndestination:\(destination)\n\(own)content-length:\(body.utf8.count)\n\n\(body)\0"
        }
        let script = [
            ScriptedServer.Step.awaitText("\0"), .sendText("CONNECTED\n\(connected)\n\0"), .awaitText("SUBSCRIBE\n"),
            .awaitText("\0"), .sendText("RECEIPT\nreceipt-id:receipt-1\n\n\0" + frames.joined()),
            .awaitText("DISCONNECT"), .awaitText("\0"), .sendText(end),
        ]
        return try await ScriptedServer.run(script: { _ in script }) { server in
            var program = Program.stomptap("subscribe", "stomp://127.0.0.1:\(server.port)", destination, "-o", "body")
            program.arguments += arguments
            let result = try await program.run()
            return (result, String(decoding: try await server.receivedWhole()[0], as: UTF8.self))
        }
    }

    /// The answer to DISCONNECT.
    private static let farewell = "RECEIPT\nreceipt-id:receipt-2\n\n\0"

    private func subscribed(_ received: String) -> [Substring] {
        let frame = received.split(separator: "\0").first { $0.contains("SUBSCRIBE\n") } ?? ""
        return frame.split(separator: "\n").dropFirst().filter { !$0.hasPrefix("receipt") }
    }

    @Test func whatIsPrintedIsAcknowledged() async throws {
        let (result, received) = try await tail("-n", "2", end: Self.farewell)
        #expect(result.status == .exited(0) && result.output == "1\n2\n", "\(result)")
        #expect(result.errors == "")
        #expect(
            subscribed(received) == ["id:sub-0", "destination:/queue/a", "ack:client-individual", "prefetch-count:2"])
        #expect(MessageSource.answers(in: received) == ["ACK 0", "ACK 1"])
    }

    @Test func aSearchAcknowledgesWhatItFinds() async throws {
        let (grep, received) = try await tail("--grep", "3", "-n", "1", end: Self.farewell)
        #expect(grep.status == .exited(0) && grep.output == "3\n", "\(grep)")
        #expect(subscribed(received) == ["id:sub-0", "destination:/queue/a", "ack:client-individual"])
        #expect(MessageSource.answers(in: received) == ["ACK 2"])
        let (expect, more) = try await tail("--expect", "2", end: Self.farewell)
        #expect(expect.status == .exited(0) && expect.output == "1\n2\n", "\(expect)")
        #expect(MessageSource.answers(in: more) == ["ACK 1"])
    }

    @Test func aPeekAcknowledgesNothing() async throws {
        let (result, received) = try await tail("--peek", "-n", "3", end: Self.farewell)
        #expect(result.status == .exited(0) && result.output == "1\n2\n3\n", "\(result)")
        #expect(MessageSource.answers(in: received) == [])
    }

    @Test func aPeekAtActiveMQEndsWithItsQueue() async throws {
        let end = "MESSAGE\nsubscription:sub-0\ndestination:/queue/a\nmessage-id:9\nack:9\nbrowser:end\n\n\0"
        let script: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\nserver:ActiveMQ/5.17.2\n\n\0"),
            .awaitText("SUBSCRIBE\n"), .awaitText("\0"),
            .sendText(String(decoding: MessageSource.frames(["1", "2"]).joined(), as: UTF8.self) + end),
            .awaitText("DISCONNECT"), .awaitText("\0"),
        ]
        try await ScriptedServer.run(script: { _ in script }) { server in
            let result = try await Program.stomptap(
                "subscribe", "stomp://127.0.0.1:\(server.port)", "/queue/a", "-o", "body", "--peek"
            ).run()
            #expect(result.status == .exited(0) && result.output == "1\n2\n", "\(result)")
            let received = String(decoding: try await server.receivedWhole()[0], as: UTF8.self)
            #expect(subscribed(received).contains("browser:true"), "\(received)")
        }
    }

    /// As with Spring's simple broker, where a queue works as a topic.
    @Test func withoutAnAckHeaderItGoesOn() async throws {
        let (result, received) = try await tail("-n", "3", headers: "message-id:1\n", connected: "version:1.2\n")
        #expect(result.status == .exited(0) && result.output == "1\n2\n3\n", "\(result)")
        #expect(result.errors == "")
        #expect(MessageSource.answers(in: received) == [])
        for mode in ["client", "client-individual"] {
            let (result, _) = try await tail("-n", "3", "--ack", mode, headers: "message-id:1\n")
            #expect(result.status == .exited(76), "\(result)")
            #expect(
                result.errors
                    == "stomptap: STOMP: MESSAGE has no 'ack' header, so it cannot be acknowledged; use --ack auto\n")
        }
    }

    @Test func aMissingReceiptOfDISCONNECTIsNamed() async throws {
        let (result, _) = try await tail("-n", "3")
        #expect(result.status == .exited(0), "\(result)")
        #expect(
            result.errors
                == "stomptap: warning: STOMP: no receipt for DISCONNECT; up to 3 messages that were acknowledged may be delivered again\n"
        )
        let (topic, _) = try await tail("-n", "3", "--ack", "client", to: "/topic/a")
        #expect(topic.status == .exited(0) && topic.errors == "", "\(topic)")
    }

    /// In STOMP 1.0 an ACK covers all earlier messages too.
    @Test func atStomp10ASearchAcknowledgesNothing() async throws {
        let headers = "message-id:1\n"
        let (all, received) = try await tail("-n", "3", headers: headers, connected: "session:1\n")
        #expect(all.status == .exited(0), "\(all)")
        #expect(subscribed(received).contains("ack:client"), "\(received)")
        #expect(received.components(separatedBy: "ACK\n").count == 2, "\(received)")
        let (search, more) = try await tail("--grep", "2", "-n", "1", headers: headers, connected: "session:1\n")
        #expect(search.status == .exited(0) && search.output == "2\n", "\(search)")
        #expect(
            search.errors.contains("--grep and --expect acknowledge nothing; all messages stay in /queue/a"),
            "\(search)")
        #expect(!more.contains("ACK\n"), "\(more)")
    }

    /// Unacknowledged messages are counted, but their contents are not kept.
    @Test func aSearchEndsWhereItHoldsTooMuch() async throws {
        let (result, received) = try await tail(
            "--grep", "needle", bodies: Array(repeating: "hay", count: 100_001), end: Self.farewell)
        #expect(result.status == .exited(75), "\(result)")
        #expect(
            result.errors
                == "stomptap: STOMP: reached the limit of 100000 unacknowledged messages, which stay in the queue; try --selector\n"
        )
        #expect(MessageSource.answers(in: received) == [])
    }

    @Test func theNumberIsPrintedWhenTheReaderGoesAway() async throws {
        try await ServedBroker.run { broker in
            let lines = Program.Input.text((1...3000).map { "\($0)\n" }.joined())
            _ = try await Program.stomptap("publish", broker.tcp, "/queue/a", "-l", input: lines).run()
            var program = Program.stomptap("subscribe", broker.tcp, "/queue/a", "-o", "body")
            program.output = .firstLine
            let result = try await program.run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors.contains("acknowledged; all others stay in the queue"), "\(result)")
        }
    }

    @Test func whereThereAreNoQueuesNothingIsSaidOfThem() async throws {
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            var program = Program.stomptap("subscribe", broker.webSocket, "/queue/a", "-o", "body")
            program.output = .firstLine
            let result = try await program.startSubscribed { running in
                let sent = try await Program.stomptap("publish", broker.webSocket, "/queue/a", "--count", "3", "x")
                    .run()
                #expect(sent.status == .exited(0), "\(sent)")
                return try await running.result()
            }
            #expect(result.status == .exited(0) && result.errors == "", "\(result)")
        }
    }

    /// An `ack` header has the effect of `--ack`, and is sent once.
    @Test func anAckHeaderIsTheMode() async throws {
        try await ServedBroker.run { broker in
            let result = try await Program.stomptap(
                "connect", broker.tcp, "-v", "-e", "sub /queue/a -H 'ack: client'; subs"
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors.components(separatedBy: "ack:client\n").count == 2, "\(result)")
            #expect(result.output.contains("client  0 messages"), "\(result)")
        }
    }

    /// A message that arrives immediately, before the receipt for its subscription, is acknowledged too.
    @Test func whatComesAtOnceIsAcknowledged() async throws {
        try await ServedBroker.run { broker in
            let lines = (1...100).map { "send /queue/\($0) x; sub /queue/\($0) --id a\($0); wait 1; unsub a\($0)" }
            let first = try await Program.stomptap(
                "connect", broker.tcp, "-o", "body", "-e", lines.joined(separator: "; ")
            ).run()
            #expect(first.status == .exited(0) && first.lines.count == 100, "\(first)")
            let queues = (1...100).map { "/queue/\($0)" }
            var rest = Program.stomptap("subscribe", broker.tcp, "-o", "body", "--idle-timeout", "3s")
            rest.arguments += queues
            #expect(try await rest.run().output == "")
        }
    }

    @Test(arguments: [
        (["--peek", "--ack", "auto"], "--peek"), (["--peek", "--nack-match", "x"], "--peek"),
        (["--prefetch", "0"], "--prefetch"), (["--prefetch", "5", "--ack", "auto"], "--prefetch"),
        (["--nack-match", "x", "--ack", "auto"], "--nack-match"),
    ])
    func whatContradictsItselfIsWrongUsage(_ options: [String], name: String) async throws {
        var program = Program.stomptap("subscribe", "stomp://127.0.0.1:1", "/queue/a")
        program.arguments += options
        let result = try await program.run()
        #expect(result.status == .exited(64) && result.errors.contains(name), "\(result)")
    }
}
