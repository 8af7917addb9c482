import Foundation
import TestSupport
import Testing

/// The keys of every JSON form, their order, and the values that programs may compare. Users' programs rely on them.
///
/// With `STOMPTAP_RECORD=1` in the environment, the files in `Golden` are rewritten.
@Suite(.spawning) struct JSONContractTests {
    private static let connected = ScriptedServer.Step.sendText("CONNECTED\nversion:1.2\n\n\0")

    private func stomptap(
        _ arguments: [String], input: Program.Input = .nothing, status: Int32 = 0
    ) async throws -> ProgramResult {
        var program = Program.stomptap(input: input)
        program.arguments = arguments
        let result = try await program.run()
        #expect(result.status == .exited(status), "\(result)")
        return result
    }

    // MARK: Messages

    @Test func messagesOfSubscribeAndItsRecord() async throws {
        let headers =
            "destination:/topic/a\nx:1\nx:2\\n\\c\\\\\n한글:값 \\c\ncontent-type:text/x-own\nx-token:abc\n"
        let bodies = [
            Array("안녕 \"quoted\" \\ line\nand \u{1B}[31m".utf8), [], [0, 0xFF, 0xFE], Array("{\"a\": 1}".utf8),
        ]
        try await withTemporaryFolder { folder in
            let record = folder.appending(path: "record.jsonl").path
            let (result, _) = try await MessageSource.tail(
                ["-n", "4", "-o", "json", "--record", record],
                frames: bodies.enumerated().map { MessageSource.frame($1, id: $0, headers: headers) })
            #expect(result.status == .exited(0), "\(result)")
            try Golden.expect(Golden.lines(result.output), equal: "subscribe.jsonl")
            let written = try String(contentsOfFile: record, encoding: .utf8)
            try Golden.expect(Golden.lines(written), equal: "subscribe-record.jsonl")
        }
    }

    @Test func messagesOfRequest() async throws {
        let result = try await stomptap([
            "request", "demo", "/app/echo", "hi", "--reply", "/topic/echo", "-o", "json",
        ])
        try Golden.expect(Golden.lines(result.output), equal: "request.jsonl")
    }

    // MARK: raw

    /// Frames, and bytes that are not a frame.
    @Test func whatRawShowsOverTCP() async throws {
        let frame = MessageSource.frame([0, 0xFF], id: 1)
        let steps: [ScriptedServer.Step] = [
            .awaitText("\0"), Self.connected, .awaitText("x\0"), .send(frame),
            .sendText("\u{1}\u{2}\0"), .stall,
        ]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            let input = "CONNECT\naccept-version:1.2\nhost:/\npasscode:abc\n\n^@\nSEND\ndestination:/a\n\nx\n^@\n"
            let result = try await stomptap(
                ["raw", "stomp://127.0.0.1:\(server.port)", "-o", "json", "-n", "3"], input: .text(input), status: 76)
            // Sent and received data have no fixed order.
            try Golden.expect(Golden.lines(result.output).sorted(), equal: "raw-tcp.jsonl")
        }
    }

    @Test func whatRawShowsOfHeartBeats() async throws {
        try await ScriptedServer.run(.sendText("\n"), .stall) { server in
            let program = Program.stomptap(
                "raw", "stomp://127.0.0.1:\(server.port)", "-o", "json", "--wait", "1h", input: .open)
            try await program.start { running in
                try await running.waitFor("\n", count: 2)
                running.send(signal: SIGINT)
                let result = try await running.result()
                try Golden.expect(Golden.lines(result.output), equal: "raw-heart-beat.jsonl")
            }
        }
    }

    @Test func whatRawShowsOverWebSocket() async throws {
        let steps =
            ScriptedServer.webSocket + [
                // A masked frame with five bytes of payload.
                .awaitMore(11), .send([0x89, 2] + Array("hi".utf8)), .send([0x8A, 2] + Array("ho".utf8)),
                .send([0x81, 3] + Array("one".utf8)), .send([0x82, 2, 0, 0xFF]),
                .send([0x88, 5, 0x03, 0xE8] + Array("bye".utf8)), .stall,
            ]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            let result = try await stomptap(
                [
                    "raw", "ws://127.0.0.1:\(server.port)/", "--text", "-o", "json", "--wait", "1h", "--http-header",
                    ScriptedServer.webSocketKey,
                ], input: .text("hello\n"))
            try Golden.expect(Golden.lines(result.output).sorted(), equal: "raw-websocket.jsonl")
        }
    }

    @Test func whatRawShowsOverSockJS() async throws {
        try await ServedBroker.run { broker in
            let result = try await stomptap(
                ["raw", broker.sockJS, "-o", "json", "-n", "1"],
                input: .text("CONNECT\naccept-version:1.2\nhost:/\n\n^@\n"))
            try Golden.expect(Golden.lines(result.output).sorted(), equal: "raw-sockjs.jsonl")
        }
    }

    @Test func whatRawShowsOfServerSentEvents() async throws {
        let steps: [ScriptedServer.Step] = [
            .awaitText("\r\n\r\n"),
            .sendText("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"),
            .sendText("retry: 10\nid: 7\nevent: price\ndata: one\ndata: two\n\ndata: 안녕\n\n"), .stall,
        ]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            let result = try await stomptap([
                "raw", "--sse", "http://127.0.0.1:\(server.port)/", "-o", "json", "-n", "2",
            ])
            try Golden.expect(Golden.lines(result.output), equal: "raw-sse.jsonl")
        }
    }

    // MARK: tap

    @Test func whatATapShowsAndRecords() async throws {
        try await ServedBroker.run { broker in
            for (way, url) in [("tcp", broker.tcp), ("websocket", broker.webSocket), ("sockjs", broker.sockJS)] {
                try await withTemporaryFolder { folder in
                    let record = folder.appending(path: "record.jsonl").path
                    let result = try await RunningTap.run(to: url, ["-o", "json", "--record", record]) { tap in
                        _ = try await stomptap([
                            "publish", tap.url, "/topic/a", "안녕", "--login", "me", "--passcode", "abc", "-H", "x:1",
                            "--heart-beat", "0,0",
                        ])
                        try await tap.program.waitFor("* end: ", in: .stderr)
                        return try await tap.end()
                    }
                    let lines = Golden.lines(result.output).map(withoutSession)
                    try Golden.expect(lines, equal: "tap-\(way).jsonl")
                    let recorded = try String(contentsOfFile: record, encoding: .utf8)
                    #expect(Golden.lines(recorded).map(withoutSession) == lines)
                }
            }
        }
    }

    /// Traffic that is not STOMP passes a tap too.
    @Test func whatATapShowsOfOtherTraffic() async throws {
        let web =
            ScriptedServer.webSocket + [
                // A masked frame with five bytes of payload.
                .awaitMore(11), .send([0x81, 3] + Array("one".utf8)), .send([0x82, 2, 0, 0xFF]),
                .send([0x88, 2, 0x03, 0xE8]), .stall,
            ]
        try await ScriptedServer.run(script: { _ in web }) { server in
            let result = try await RunningTap.run(to: "ws://127.0.0.1:\(server.port)/", ["-o", "json"]) { tap in
                _ = try await stomptap(
                    ["raw", tap.url, "--text", "--wait", "1h", "--http-header", ScriptedServer.webSocketKey],
                    input: .text("hello\n"))
                try await tap.program.waitFor("* end: ", in: .stderr)
                return try await tap.end()
            }
            try Golden.expect(Golden.lines(result.output).sorted(), equal: "tap-messages.jsonl")
        }
        try await ScriptedServer.run(.awaitText("x"), .sendText("HTTP/1.1 400 Bad Request\r\n\r\n")) { server in
            let result = try await RunningTap.run(to: "stomp://127.0.0.1:\(server.port)", ["-o", "json"]) { tap in
                var program = Program.stomptap("raw", tap.url, "--wait", "1h", input: .text("\u{1}x"))
                program.arguments += ["-o", "none"]
                _ = try await program.run()
                try await tap.program.waitFor("* end: ", in: .stderr)
                return try await tap.end()
            }
            try Golden.expect(Golden.lines(result.output).sorted(), equal: "tap-octets.jsonl")
        }
    }

    /// The broker numbers its sessions.
    private func withoutSession(_ line: String) -> String {
        line.replacingOccurrences(of: #""session-\d+""#, with: #""SESSION""#, options: .regularExpression)
    }

    // MARK: check

    @Test func stepsOfCheck() async throws {
        var lines: [String] = []
        func check(_ url: String, _ arguments: String...) async throws {
            var program = Program.stomptap("check", url, "-o", "json", "--receipt-timeout", "30s")
            program.arguments += arguments
            lines += Golden.lines(try await program.run().output)
        }
        try await ServedBroker.run(["--heart-beat", "500,500"]) { broker in
            for url in broker.urls + [broker.sockJS] { try await check(url, "--destination", "/topic/check") }
            try await check(broker.webSocket + "/none")
            try await check(broker.tcp.replacing("stomp://", with: "ws://"))
            try await check(broker.tcp.replacing("stomp://", with: "stomps://"))
        }
        try await ServedBroker.run(["--emulate", "spring"]) { broker in
            try await check(broker.webSocket, "--destination", "/topic/check")
        }
        try await check("stomp://127.0.0.1:\(try Loopback.freePorts(1)[0])")
        try Golden.expect(lines, equal: "check.jsonl")
    }

    // MARK: bench

    @Test func figuresOfBench() async throws {
        for (name, arguments) in [
            ("bench", ["--messages", "20", "--size", "64"]),
            ("bench-rate", ["--messages", "20", "--rate", "1000", "--receipts"]),
        ] {
            let result = try await stomptap(["bench", "demo", "--json", "-"] + arguments)
            var text = Golden.normalized(result.output)
            for (pattern, cover) in [
                (#"\bbench-?[a-z0-9]{4,}\b"#, "RUN"), (#"(?<=: )-?\d+(\.\d+)?\b"#, "0"),
                // The number of these objects depends on the duration of the run.
                (#"(\{"startSeconds"[^}]*\})(,\1)*"#, "$1"),
            ] {
                text = text.replacingOccurrences(of: pattern, with: cover, options: .regularExpression)
            }
            try Golden.expect(text.split(separator: "\n").map(String.init), equal: "\(name).json")
        }
    }

    // MARK: Traces

    /// Compares the kinds of events and not their order; `TraceTests` checks the order.
    @Test(arguments: TraceTests.ways) func eventsOfATraceFile(way: String) async throws {
        try await ServedBroker.run { broker in
            try await expectTrace(way, of: broker, name: way, arguments: [])
        }
    }

    @Test(arguments: ["tcp", "websocket"]) func eventsOfATraceFileOverTLS(way: String) async throws {
        try await TLSCommandTests().withCertificates { folder in
            let certificate = ["--tls-cert", folder.path + "/server.pem", "--tls-key", folder.path + "/server.key"]
            try await ServedBroker.run(certificate) { broker in
                try await expectTrace(
                    way, of: broker, name: "tls-\(way)", arguments: ["--ca", folder.path + "/ca.pem"])
            }
        }
    }

    private func expectTrace(
        _ way: String, of broker: ServedBroker, name: String, arguments: [String]
    ) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "trace.jsonl").path
            let url =
                switch way {
                case "tcp": broker.tcp
                case "websocket": broker.webSocket
                default: broker.sockJS
                }
            let transport = way.hasPrefix("sockjs-") ? ["--sockjs-transport", String(way.dropFirst(7))] : []
            _ = try await stomptap(
                ["publish", url, "/topic/a", "안녕", "--heart-beat", "0,0", "--trace-file", file] + transport + arguments)
            let lines = Golden.lines(try String(contentsOfFile: file, encoding: .utf8))
            let disconnect = try #require(
                lines.firstIndex { $0.contains("RECEIPT\\nreceipt-id:receipt-2") && isFrame($0) })
            // Later events may be missing: the program may end before they occur.
            let closing = lines[disconnect...].dropFirst().filter { $0.contains(#""direction":"out""#) && isClose($0) }
            try Golden.expect(Set((lines[...disconnect] + closing).map(kind)).sorted(), equal: "trace-\(name).jsonl")
        }
    }

    private func isFrame(_ line: String) -> Bool { line.contains(#""layer":"stomp""#) }

    private func isClose(_ line: String) -> Bool { line.contains(#""event":"frame close "#) }

    /// Removes the parts of a trace line that depend on how bytes were split into reads.
    private func kind(_ line: String) -> String {
        var line = line
        if !isFrame(line) {
            line = line.replacingOccurrences(
                of: #""size":\d+,"data":"(?:[^"\\]|\\.)*""#, with: #""size":SIZE,"data":"DATA""#,
                options: .regularExpression)
        }
        return withoutSession(line)
    }
}
