import Foundation
import Synchronization
import TestSupport
import Testing

@Suite(.spawning) struct SubscribeTests {
    @Test func theDemoSendsTheTime() async throws {
        let result = try await Program.stomptap("subscribe", "demo", "/topic/clock", "-n", "2", "-o", "json").run()
        #expect(result.status == .exited(0), "\(result)")
        let ticks = try result.lines.map { try JSONDecoder().decode(Printed.self, from: Data($0.utf8)) }
        #expect(ticks.map(\.command) == ["MESSAGE", "MESSAGE"])
        #expect(ticks.allSatisfy { $0.headers["destination"] == "/topic/clock" && $0.body.contains("\"tick\"") })
    }

    private struct Printed: Decodable {
        var command: String
        var headers: [String: String]
        var body: String
        var bodyEncoding: String
        var bodySize: Int
    }

    /// Lines in, JSON out: in order, and byte for byte the same.
    @Test func aThousandLinesComeThroughAsTheyWere() async throws {
        try await ServedBroker.run { broker in
            for url in broker.urls {
                let subscribe = Program.stomptap("subscribe", url, "/topic/lines", "-n", "1000", "-o", "json")
                try await subscribe.startSubscribed { subscriber in
                    let lines = Program.Input.text(awkwardLines.joined(separator: "\n") + "\n")
                    let published = try await Program.stomptap("publish", url, "/topic/lines", "-l", input: lines).run()
                    #expect(published.status == .exited(0), "\(published)")
                    let result = try await subscriber.result()
                    #expect(result.status == .exited(0), "\(result)")
                    let bodies = try result.lines.map {
                        try JSONDecoder().decode(Printed.self, from: Data($0.utf8)).body
                    }
                    #expect(bodies == awkwardLines)
                }
            }
        }
    }

    @Test func aBinaryOfFiveMegabytesComesThroughAsItWas() async throws {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<(5 << 17)).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "binary")
            try Data(bytes).write(to: file)
            try await ServedBroker.run { broker in
                for url in broker.urls {
                    for form in ["body", "raw"] {
                        let subscribe = Program.stomptap("subscribe", url, "/topic/big", "-n", "1", "-o", form)
                        try await subscribe.startSubscribed { subscriber in
                            let published = try await Program.stomptap("publish", url, "/topic/big", "-f", file.path)
                                .run()
                            #expect(published.status == .exited(0), "\(published)")
                            let result = try await subscriber.result()
                            #expect(result.status == .exited(0))
                            if form == "body" {
                                #expect(result.stdout == bytes + [0x0A])
                            } else {
                                #expect(result.stdout.starts(with: "MESSAGE\n".utf8))
                                #expect(result.stdout.suffix(bytes.count + 1).elementsEqual(bytes + [0]))
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func ctrlCDisconnectsAndPrintsASummary() async throws {
        for (signal, status) in [(SIGINT, Int32(130)), (SIGTERM, 143)] {
            try await ServedBroker.run(["-v"]) { broker in
                try await Program.stomptap("subscribe", broker.tcp, "/topic/a").startSubscribed { subscriber in
                    _ = try await Program.stomptap("publish", broker.tcp, "/topic/a", "hello").run()
                    try await subscriber.waitFor("hello")
                    subscriber.send(signal: signal)
                    let result = try await subscriber.result()
                    #expect(result.status == .exited(status))
                    #expect(result.errors.contains("1 message, 5 B, in "), "\(result)")
                    let seen = try await broker.program.waitFor("connection 1: closed", in: .stderr)
                    #expect(seen.contains("connection 1: unsubscribed sub-0"))
                    #expect(seen.contains("connection 1: disconnected"))
                }
            }
        }
    }

    @Test func ctrlCEndsAConnectingProgram() async throws {
        try await ScriptedServer.run(.stall) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            try await Program.stomptap("subscribe", url, "/a", "--connect-timeout", "50s").start { program in
                _ = try await program.wait(otherwise: "has not connected") { server.received.isEmpty ? nil : true }
                program.send(signal: SIGINT)
                #expect(try await program.result().status == .exited(130))
            }
        }
    }

    @Test func aSecondCtrlCEndsAtOnce() async throws {
        // A server that never answers DISCONNECT.
        let connected = "CONNECTED\nversion:1.2\nserver:x\nsession:y\n\n\0"
        try await ScriptedServer.run(.awaitText("\0"), .sendText(connected), .stall) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            try await Program.stomptap("subscribe", url, "/a", "--receipt-timeout", "50s").start { program in
                _ = try await program.wait(otherwise: "has not subscribed") {
                    server.received.first.map { String(decoding: $0, as: UTF8.self).contains("SUBSCRIBE") } == true
                        ? true : nil
                }
                program.send(signal: SIGINT)
                _ = try await program.wait(otherwise: "has not disconnected") {
                    String(decoding: server.received[0], as: UTF8.self).contains("DISCONNECT") ? true : nil
                }
                program.send(signal: SIGINT)
                #expect(try await program.result().status == .exited(130))
            }
        }
    }

    @Test func aReaderThatGoesAwayIsNoFailure() async throws {
        var program = Program.stomptap("subscribe", "demo", "/topic/clock", "-o", "body")
        program.output = .firstLine
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.errors == "")
        #expect(result.stdout.starts(with: "{".utf8))
    }

    @Test func timeAndCountEndATail() async throws {
        try await ServedBroker.run { broker in
            let time = try await Program.stomptap("subscribe", broker.tcp, "/topic/a", "-W", "3s").run()
            #expect(time.status == .exited(0), "\(time)")
            let both = try await Program.stomptap("subscribe", broker.tcp, "/topic/a", "-W3s", "-n1").run()
            #expect(both.status == .exited(75))
            #expect(both.errors.contains("timed out: received 0 of 1 messages"))
            let idle = try await Program.stomptap("subscribe", broker.tcp, "/topic/a", "--idle-timeout", "3s").run()
            #expect(idle.status == .exited(0), "\(idle)")
            #expect(idle.errors.contains("no messages received on /topic/a"), "\(idle)")
        }
    }

    /// With `--ack auto` a server sends each message of a queue to one subscriber and then deletes it.
    @Test func messagesLostFromAQueueAreReported() async throws {
        for (destination, options, isTold) in [
            ("/queue/a", ["-n", "1"], true), ("/queue/b", ["--expect", "1"], true), ("/topic/a", ["-n", "1"], false),
            ("/queue/c", ["-n", "3"], false),
        ] {
            let (result, received) = try await MessageSource.tail(
                ["--ack", "auto"] + options, to: destination, frames: MessageSource.frames(["1", "2", "3"]))
            #expect(result.status == .exited(0), "\(result)")
            #expect(
                result.errors.hasPrefix("stomptap: warning: at least 2 messages received but not printed") == isTold,
                "\(result)")
            #expect(!received.contains("ACK\n") && !received.contains("\nack:"), "\(received)")
        }
    }

    @Test func severalDestinationsShareAConnection() async throws {
        try await ServedBroker.run { broker in
            let subscribe = Program.stomptap(
                "subscribe", broker.tcp, "/topic/a", "/topic/b", "-n", "2", "-F", "%d %s %b %{x-own}")
            try await subscribe.startSubscribed { subscriber in
                for name in ["b", "a"] {
                    let sent = try await Program.stomptap(
                        "publish", broker.webSocket, "/topic/\(name)", "-H", "x-own: 값", "-\(name)"
                    ).run()
                    // The body looks like an option, and is refused as one.
                    #expect(sent.status == .exited(64))
                    _ = try await Program.stomptap(
                        "publish", broker.webSocket, "/topic/\(name)", "-H", "x-own: 값", "--", "-\(name)"
                    ).run()
                }
                #expect(
                    try await subscriber.result().output == "/topic/b sub-1 -b 값\n/topic/a sub-0 -a 값\n")
            }
        }
    }

    /// Printed messages are acknowledged; all others stay for the next subscriber.
    @Test(arguments: ["client", "client-individual"])
    func acknowledgesWhatItPrinted(mode: String) async throws {
        try await ServedBroker.run { broker in
            // STOMP 1.0 has no client-individual.
            for version in ["1.0", "1.1", "1.2"] where version != "1.0" || mode == "client" {
                let queue = "/queue/\(version)"
                _ = try await Program.stomptap("publish", broker.tcp, queue, "-l", input: .text("1\n2\n3\n")).run()
                for expected in ["1\n2\n", "3\n"] {
                    let result = try await Program.stomptap(
                        "subscribe", broker.tcp, queue, "--ack", mode, "--stomp-version", version, "-o", "body", "-n",
                        "\(expected.count / 2)"
                    ).run()
                    #expect(result.status == .exited(0), "\(result)")
                    #expect(result.output == expected)
                }
            }
        }
    }

    @Test func showsFramesBothWaysAndMasksThePasscode() async throws {
        try await ServedBroker.run { broker in
            let program = Program.stomptap(
                "subscribe", broker.tcp, "/topic/a", "-v", "--login", "me", "--passcode", "s3cret")
            let result = try await program.startSubscribed { subscriber in
                subscriber.send(signal: SIGINT)
                return try await subscriber.result()
            }
            for part in ["> stomp CONNECT", "< stomp CONNECTED", "> stomp SUBSCRIBE", "login:me", "passcode:****"] {
                #expect(result.errors.contains(part), "\(part) is missing in \(result)")
            }
            #expect(!result.errors.contains("s3cret"))
            #expect(result.output == "")
        }
    }

    /// A server that is faster than the reader of stdout must not fill the memory.
    @Test func memoryStaysBoundedWithASlowPipe() async throws {
        let message =
            "MESSAGE\nsubscription:sub-0\ndestination:/a\nmessage-id:1\ncontent-length:16384\n\n"
            + String(repeating: "x", count: 16384) + "\0"
        let flood = Array(String(repeating: message, count: 64).utf8)
        let steps: [ScriptedServer.Step] =
            [.awaitText("\0"), .sendText("CONNECTED\nversion:1.2\nserver:x\nsession:y\n\n\0"), .awaitText("SUBSCRIBE")]
            + Array(repeating: .send(flood), count: 256) + [.stall]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            var program = Program.stomptap(
                "subscribe", "stomp://127.0.0.1:\(server.port)", "/a", "-n", "16384", "-o", "body")
            program.output = .held
            try await program.start { subscriber in
                // The program must stop reading once the pipe is full; afterwards all messages must still arrive.
                let before = try await standstill(beyond: 0) { subscriber.peakMemory ?? 0 }
                subscriber.readOutput()
                let memory = Memory()
                let watch = Task {
                    while !Task.isCancelled {
                        memory.peak = max(memory.peak, subscriber.peakMemory ?? 0)
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                let result = try await subscriber.result()
                watch.cancel()
                #expect(result.status == .exited(0))
                #expect(result.stdout.count == 16384 * 16385)
                #expect(max(memory.peak, before) < 64 << 20)
            }
        }
    }

    private final class Memory: Sendable {
        private let value = Mutex(0)
        var peak: Int {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
    }
}
