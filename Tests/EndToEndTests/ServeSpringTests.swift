import Foundation
import TestSupport
import Testing

/// `serve --emulate spring`, for developers without a running Spring application.
@Suite(.spawning) struct ServeSpringTests {
    private static let profiles = ["spring", "spring-5", "spring-4"]
    private static let price = #"/app/price=/user/queue/price {"id": {{body .id}}, "price": 9.5}"#

    /// The README's example.
    @Test(arguments: profiles, ["websocket", "xhr-streaming", "eventsource", "xhr-polling", "plain"])
    func aRequestIsAnsweredOnAQueueOfTheUsers(profile: String, transport: String) async throws {
        try await ServedBroker.run(["--emulate", profile, "--reply", Self.price]) { broker in
            let url =
                transport == "plain"
                ? broker.sockJS.replacing("http://", with: "ws://") + "/websocket" : broker.sockJS
            var request = Program.stomptap(
                "request", url, "/app/price", #"{"id": 42}"#, "--reply", "/user/queue/price", "-F", "%b %{content-type}"
            )
            if transport != "plain" { request.arguments += ["--sockjs-transport", transport] }
            let result = try await request.run()
            #expect(result.status == .exited(0), "\(result)")
            let type = profile == "spring-4" ? "application/json;charset=UTF-8" : "application/json"
            #expect(result.output == "{\"id\": 42, \"price\": 9.5} \(type)\n")
        }
    }

    @Test func repliesWorkInEveryProfile() async throws {
        for profile in ["standard", "rabbitmq"] {
            try await ServedBroker.run([
                "--emulate", profile, "--reply", "/app/hi=/topic/hi hello {{header own}} {{count}}",
            ]) { broker in
                let result = try await Program.stomptap(
                    "request", broker.tcp, "/app/hi", "x", "--reply", "/topic/hi", "-H", "own: you", "-o", "body",
                    "--virtual-host", "/"
                ).run()
                #expect(result.status == .exited(0), "\(profile) \(result)")
                #expect(result.output == "hello you 1\n")
            }
        }
    }

    @Test func droppedFramesAreReportedWithTheReason() async throws {
        try await ServedBroker.run(["--emulate", "spring", "-v", "--reply", Self.price]) { broker in
            for (destination, body, reason) in [
                ("/nowhere", "x", "not a destination of the broker or of a handler; add a prefix with --prefix"),
                ("/topic/empty", "x", "no subscriber to /topic/empty"),
                ("/app/price", #"{"no": 1}"#, "the handler failed: no value at .id in the body"),
                ("/app/price", "text", "the handler expects JSON, but content-type is text/plain"),
            ] {
                let sent = try await Program.stomptap("publish", broker.sockJS, destination, body).run()
                #expect(sent.status == .exited(0), "\(sent)")
                try await broker.program.waitFor("dropped SEND \(destination): \(reason)\n", in: .stderr)
            }
            let errors = try await broker.program.waitFor(": disconnected", in: .stderr)
            #expect(!errors.contains("< SEND"), "\(errors)")
        }
        try await ServedBroker.run(["-vv"]) { broker in
            let sent = try await Program.stomptap("publish", broker.tcp, "/topic/a", "hello", "--passcode", "pw").run()
            #expect(sent.status == .exited(0), "\(sent)")
            let errors = try await broker.program.waitFor(": disconnected", in: .stderr)
            #expect(errors.contains("stomptap: connection 1: < SEND /topic/a  "), "\(errors)")
            #expect(errors.contains("\n  destination:/topic/a\n"), "\(errors)")
            #expect(!errors.contains("passcode:pw"), "\(errors)")
        }
    }

    @Test func withoutALoginTheFirstLineSaysWhatItIsFor() async throws {
        try await ServedBroker.run { broker in
            let errors = try await broker.program.waitFor("\n", in: .stderr)
            #expect(errors.hasPrefix("stomptap: for tests only; keeps nothing on disk"), "\(errors)")
        }
        try await ServedBroker.run(["--login", "a:b"]) { broker in
            let errors = try await broker.program.waitFor("\n", in: .stderr)
            #expect(!errors.contains("for tests only"), "\(errors)")
        }
    }

    @Test func framesFailAsConfigured() async throws {
        try await ServedBroker.run([
            "--emulate", "spring", "--fail", "send:^destination:/topic/admin$=Access denied: not you", "--fail",
            #"send:a\x3db=No"#, "--fail", "connect:^login:eve$=JWT expired at 12:00",
        ]) { broker in
            for (arguments, status, text) in [
                (["/topic/admin", "x"], 1, "Access denied: not you"), (["/topic/a", "a=b"], 1, "No"),
                (["/topic/a", "x", "--login", "eve", "--passcode", "x"], 77, "JWT expired at 12:00"),
                (["/topic/a", "x"], 0, ""),
            ] as [([String], Int32, String)] {
                var publish = Program.stomptap("publish", broker.sockJS)
                publish.arguments += arguments
                let result = try await publish.run()
                #expect(result.status == .exited(status), "\(result)")
                #expect(text.isEmpty || result.errors.contains(text), "\(result)")
            }
        }
    }

    @Test(arguments: [(200, 76), (302, 77), (401, 77), (403, 77)] as [(Int, Int32)])
    func handshakesAreRefused(_ refusal: Int, _ status: Int32) async throws {
        try await ServedBroker.run(["--emulate", "spring", "--refuse-handshake", "\(refusal)"]) { broker in
            let url = broker.sockJS.replacing("http://", with: "ws://") + "/websocket"
            let result = try await Program.stomptap("publish", url, "/topic/a", "x").run()
            #expect(result.errors.contains("\(refusal)"), "\(result)")
            #expect(result.status == .exited(refusal == 302 ? 76 : status), "\(result)")
        }
    }

    @Test func anIdleConnectionIsClosed() async throws {
        try await ServedBroker.run(["--idle-timeout", "300ms", "-v"]) { broker in
            let result = try await Program.stomptap(
                "subscribe", broker.webSocket, "/topic/a", "--reconnect", "never", "--heart-beat", "0,0"
            ).run()
            #expect(result.status == .exited(69), "\(result)")
            try await broker.program.waitFor(": idle for 300ms", in: .stderr)
        }
    }

    @Test(arguments: [
        (["--emulate", "mars"], "use standard, spring, spring-5, spring-4 or rabbitmq"),
        (["--container", "jetty"], "--container needs --emulate spring"),
        (["--reorder", "5%"], "--reorder needs --emulate spring"),
        (["--lose-early-sends", "5"], "--lose-early-sends needs --emulate spring"),
        (["--emulate", "spring", "--reorder", "200%"], "from 0% to 100%"),
        (["--refuse-handshake", "500"], "200, 302, 401 or 403"),
        (["--fail", "x=y"], "expected connect, subscribe or send"),
        (["--reply", "/a=/b"], "'FROM=TO BODY'"),
    ])
    func wrongUsageIsReported(_ arguments: [String], _ text: String) async throws {
        var serve = Program.stomptap("serve", "--ws", "127.0.0.1:0")
        serve.arguments += arguments
        let result = try await serve.run()
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.errors.contains(text), "\(result)")
    }

    @Test func aWrongTemplateIs65() async throws {
        let result = try await Program.stomptap("serve", "--ws", "127.0.0.1:0", "--reply", "/a=/b {{nope}}").run()
        #expect(result.status == .exited(65), "\(result)")
        #expect(result.errors.contains("unknown field {{nope}}"), "\(result)")
    }
}
