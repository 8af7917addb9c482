import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct RequestTests {
    @Test func theReplyIsPrinted() async throws {
        let body = "안녕; \"quoted\" $(echo) \\n"
        let result = try await Program.stomptap(
            "request", "demo", "/app/echo", body, "--reply", "/topic/echo", "-o", "body"
        ).run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == body + "\n")
    }

    @Test func theBodyComesFromAFileOrStdin() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "body.json")
            try Data(#"{"id":42}"#.utf8).write(to: file)
            let arguments = ["request", "demo", "/app/echo", "--reply", "/topic/echo", "-F", "%{content-type} %b"]
            var request = Program.stomptap("request")
            request.arguments = arguments + ["-f", file.path]
            let fromFile = try await request.run()
            #expect(fromFile.output == "application/json {\"id\":42}\n", "\(fromFile)")
            request = Program.stomptap("request", input: .text("from stdin"))
            request.arguments = arguments
            let fromStdin = try await request.run()
            #expect(fromStdin.output == "text/plain from stdin\n", "\(fromStdin)")
        }
    }

    @Test func headersGoWhereTheyAreAskedFor() async throws {
        let script = [
            ScriptedServer.Step.awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"),
            .awaitText("SUBSCRIBE\n"), .awaitText("\nx-reply:1\n"), .awaitText("SEND\n"),
            .awaitText("\nx-send:2\n"), .awaitText("\0"),
            .sendText("MESSAGE\nsubscription:sub-0\nmessage-id:1\ndestination:/topic/pong\n\npong\0"), .stall,
        ]
        try await ScriptedServer.run(script: { _ in script }) { server in
            let result = try await Program.stomptap(
                "request", "stomp://127.0.0.1:\(server.port)", "/app/ping", "ping", "--reply", "/topic/pong", "-o",
                "body", "-H", "x-send: 2", "--reply-header", "x-reply: 1"
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.output == "pong\n")
        }
    }

    /// The timeout for replies starts when the message is sent, no matter how long the subscription's receipt took.
    @Test func theTimeBeginsWithTheMessage() async throws {
        let script = [
            ScriptedServer.Step.awaitText("\0"), .sendText("CONNECTED\nversion:1.2\nserver:x\nsession:y\n\n\0"),
            .awaitText("SEND\n"), .awaitText("\0"),
            .sendText("MESSAGE\nsubscription:sub-0\nmessage-id:1\ndestination:/topic/pong\n\npong\0"),
        ]
        try await ScriptedServer.run(script: { _ in script }) { server in
            let result = try await Program.stomptap(
                "request", "stomp://127.0.0.1:\(server.port)", "/app/ping", "ping", "--reply", "/topic/pong", "-o",
                "body", "-W", "3s", "--receipt-timeout", "5s"
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.output == "pong\n")
        }
    }

    @Test func noReplyInTimeIs75() async throws {
        let result = try await Program.stomptap(
            "request", "demo", "/app/none", "hi", "--reply", "/topic/none", "-W", "3s"
        ).run()
        #expect(result.status == .exited(75))
        #expect(result.errors.contains("no reply on /topic/none within 3 s"), "\(result)")
    }

    @Test func repliesThatDoNotMatchAre1() async throws {
        let result = try await Program.stomptap(
            "request", "demo", "/app/echo", "hi", "--reply", "/topic/echo", "--expect", "^ho$", "-W", "4s"
        ).run()
        #expect(result.status == .exited(1), "\(result)")
        #expect(result.errors.contains(#"no match for "^ho$" in 1 reply on /topic/echo within 4 s"#))
        #expect(result.output == "")
    }

    @Test func severalRepliesAreWaitedFor() async throws {
        let result = try await Program.stomptap(
            "request", "demo", "/app/echo", "hi", "--reply", "/topic/clock", "-n", "2", "-o", "body"
        ).run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.lines.count == 2)
    }

    @Test func anErrorOfTheServerIs1() async throws {
        let script = [
            ScriptedServer.Step.awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .awaitText("SEND\n"),
            .awaitText("\0"), .sendText("ERROR\nmessage:no such handler\n\n\0"),
        ]
        try await ScriptedServer.run(script: { _ in script }) { server in
            let result = try await Program.stomptap(
                "request", "stomp://127.0.0.1:\(server.port)", "/app/x", "hi", "--reply", "/topic/x"
            ).run()
            #expect(result.status == .exited(1), "\(result)")
            #expect(result.errors.contains("no such handler"))
        }
    }
}
