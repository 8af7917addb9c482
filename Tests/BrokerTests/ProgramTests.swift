import Foundation
import STOMPClient
import STOMPCore
import TestSupport
import Testing

/// The program with real servers, as a user runs it.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct ProgramTests {
    private struct Printed: Decodable {
        var headers: [String: String]
        var body: String
        var bodyEncoding: String
    }

    /// Returns the program `stomptap COMMAND URL` with these arguments.
    private func stomptap(
        _ command: String, _ way: Way, _ arguments: String..., input: Program.Input = .nothing
    ) async throws -> Program {
        // On a busy machine the answer to DISCONNECT may take long.
        var program = Program.stomptap(
            command, try await way.url(), "--virtual-host", "/", "--receipt-timeout", "60s", input: input)
        program.arguments += arguments
        return program
    }

    private func succeed(
        _ program: Program, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ProgramResult {
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)", sourceLocation: sourceLocation)
        #expect(result.errors == "", sourceLocation: sourceLocation)
        return result
    }

    @Test(arguments: Way.allCases)
    func aThousandLinesComeThroughAsTheyWere(_ way: Way) async throws {
        let topic = way.destination("topic")
        let lines = Program.Input.text(awkwardLines.joined(separator: "\n") + "\n")
        let subscribe = try await stomptap("subscribe", way, topic, "-n", "1000", "-o", "json")
        try await subscribe.startSubscribed { subscriber in
            _ = try await succeed(stomptap("publish", way, topic, "-l", input: lines))
            let result = try await subscriber.result()
            #expect(result.status == .exited(0), "\(result)")
            let messages = try result.lines.map { try JSONDecoder().decode(Printed.self, from: Data($0.utf8)) }
            #expect(messages.map(\.body) == awkwardLines)
            #expect(messages.allSatisfy { $0.headers["destination"] == topic && $0.bodyEncoding == "utf-8" })
        }
    }

    @Test(arguments: Way.allCases, ["body", "raw"])
    func aBinaryOfFiveMegabytesComesThroughAsItWas(_ way: Way, form: String) async throws {
        let bytes = try randomBytes(5 << 20)
        let topic = way.destination("topic")
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "binary")
            try Data(bytes).write(to: file)
            let subscribe = try await stomptap("subscribe", way, topic, "-n", "1", "-o", form)
            try await subscribe.startSubscribed { subscriber in
                _ = try await succeed(stomptap("publish", way, topic, "-f", file.path))
                let result = try await subscriber.result()
                #expect(result.status == .exited(0))
                if form == "body" {
                    #expect(result.stdout == bytes + [0x0A])
                } else {
                    #expect(result.stdout.starts(with: "MESSAGE\n".utf8))
                    #expect(result.stdout.suffix(bytes.count + 3).elementsEqual([0x0A, 0x0A] + bytes + [0]))
                }
            }
        }
    }

    /// In every version and mode, printed messages are consumed, and the rest goes to the next subscriber.
    @Test(arguments: Session.all, AckMode.allCases)
    func acknowledgesWhatItPrinted(_ session: Session, _ ack: AckMode) async throws {
        let queue = session.way.destination("queue")
        let version = session.version.rawValue
        _ = try await succeed(
            stomptap("publish", session.way, queue, "-l", "--stomp-version", version, input: .text("1\n2\n3\n")))
        let subscribe = try await stomptap(
            "subscribe", session.way, queue, "--ack", ack.rawValue, "--stomp-version", version, "-o", "body", "-n")
        // With `auto` a server removes every message that it has sent, printed or not.
        let parts = ack == .auto ? ["1\n2\n3\n"] : ["1\n2\n", "3\n"]
        for part in parts {
            var program = subscribe
            program.arguments.append("\(part.count / 2)")
            #expect(try await succeed(program).output == part)
        }
        _ = try await succeed(stomptap("publish", session.way, queue, "end"))
        var last = subscribe
        last.arguments.append("1")
        #expect(try await succeed(last).output == "end\n")
    }

    @Test(arguments: Way.allCases)
    func aTransactionAndReceiptsForEach(_ way: Way) async throws {
        let queue = way.destination("queue")
        _ = try await succeed(
            stomptap("publish", way, queue, "-l", "--transaction", "--receipt", "require", input: .text("1\n2\n")))
        _ = try await succeed(stomptap("publish", way, queue, "--receipt", "require", "--count", "50", "x"))
        let result = try await succeed(stomptap("subscribe", way, queue, "-n", "52", "-o", "body"))
        #expect(result.output == "1\n2\n" + String(repeating: "x\n", count: 50))
    }

    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func aCIJobPasses(_ way: Way) async throws {
        let result = try await Program.ciJob(try await way.url(), options: "--virtual-host", "/").run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.lines.last == "passed", "\(result)")
    }

    /// With a profile, as in the README.
    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func theREADMEsScriptPasses(_ way: Way) async throws {
        try await withTemporaryFolder { folder in
            let profiles = folder.appending(path: "stomptap")
            try FileManager.default.createDirectory(at: profiles, withIntermediateDirectories: true)
            let profile = try await JSONEncoder().encode(["url": way.url(), "virtual-host": "/"])
            try profile.write(to: profiles.appending(path: "broker.json"))
            var script = try Program.smokeScript("broker")
            script.environment["XDG_CONFIG_HOME"] = folder.path
            let result = try await script.run()
            #expect(result.status == .exited(0), "\(result)")
        }
    }

    /// RabbitMQ creates a temporary queue and its subscription for a message whose reply-to names one.
    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func aReplyComesByATemporaryQueue(_ way: Way) async throws {
        let queue = way.destination("queue")
        try await stomptap("subscribe", way, queue, "-n", "1", "-o", "json").startSubscribed { responder in
            try await stomptap(
                "request", way, queue, "ping", "--reply", "/temp-queue/answers", "-o", "body", "-W", "20s"
            )
            .start { asking in
                let asked = try await JSONDecoder().decode(Printed.self, from: Data(responder.result().stdout))
                let reply = try #require(asked.headers["reply-to"])
                _ = try await succeed(stomptap("publish", way, reply, "pong"))
                let result = try await asking.result()
                #expect(result.status == .exited(0) && result.output == "pong\n", "\(result)")
            }
        }
    }

    @Test(arguments: Way.allCases)
    func ctrlCDisconnects(_ way: Way) async throws {
        let topic = way.destination("topic")
        try await stomptap("subscribe", way, topic).startSubscribed { subscriber in
            _ = try await succeed(stomptap("publish", way, topic, "hello"))
            try await subscriber.waitFor("hello")
            subscriber.send(signal: SIGINT)
            let result = try await subscriber.result()
            #expect(result.status == .exited(130))
            #expect(result.errors.contains("1 message, 5 B, in "), "\(result)")
        }
    }

    @Test(arguments: Way.allCases)
    func aWrongPasscodeIsRefused(_ way: Way) async throws {
        var program = try await stomptap("publish", way, way.destination("topic"), "x")
        program.arguments += ["--login", way.isRabbitMQ ? "guest" : "system", "--passcode", "wrong"]
        program.limit = .seconds(9)
        let result = try await program.run()
        #expect(result.status == .exited(77))
        #expect(result.errors.hasPrefix("stomptap: STOMP: CONNECT was refused: "), "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
        #expect(!result.errors.contains("wrong"))
    }

    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket])
    func aVirtualHostThatIsNoneGetsAHint(_ way: Way) async throws {
        var program = try await stomptap("subscribe", way, way.destination("topic"))
        program.arguments += ["--virtual-host", "localhost"]
        let result = try await program.run()
        #expect(result.status == .exited(77))
        #expect(result.errors.contains("'localhost' access denied"), "\(result)")
        #expect(result.errors.contains("--virtual-host /"), "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
    }

    @Test(arguments: [Way.rabbitMQ, .rabbitMQWebSocket], ["publish", "subscribe"])
    func anUnknownDestinationIsAnError(_ way: Way, command: String) async throws {
        var program = try await stomptap(command, way, "/nowhere/at/all")
        if command == "publish" { program.arguments.append("x") }
        let result = try await program.run()
        #expect(result.status == .exited(1))
        #expect(result.errors.contains("Unknown destination"), "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
    }
}
