import Foundation
import TestSupport
import Testing

/// `raw`: sends bytes as written and shows bytes as received.
@Suite(.spawning) struct RawTests {
    private let connect = "CONNECT\naccept-version:1.2\nhost:/\n\n^@\n"

    private func raw(_ arguments: String..., input: String) -> Program {
        var program = Program.stomptap("raw", input: .text(input))
        program.arguments += arguments + ["--timestamps", "none"]
        return program
    }

    @Test func aFrameTypedByHandIsAnswered() async throws {
        try await ServedBroker.run { broker in
            for url in broker.urls + [broker.sockJS] {
                let result = try await raw(url, "-n", "1", input: connect).run()
                #expect(result.status == .exited(0), "\(result)")
                #expect(result.output.contains("> stomp CONNECT  36 B\n  CONNECT\n  accept-version:1.2\n"), "\(result)")
                #expect(result.output.contains("< stomp CONNECTED"), "\(result)")
                #expect(result.output.contains("\n  version:1.2\n"), "\(result)")
            }
        }
    }

    @Test func anErrorIsShownAndIsTheStatus() async throws {
        try await ServedBroker.run { broker in
            for url in broker.urls {
                let send = "SEND\ndestination:/topic/a\ncontent-length:1\n\nhello\n^@\n"
                let result = try await raw(url, "--connect", input: send).run()
                #expect(result.status == .exited(1), "\(result)")
                #expect(result.output.contains("  content-length:1\n\n  hello\n  ^@\n"), "\(result)")
                #expect(result.output.contains("< stomp ERROR"), "\(result)")
                #expect(result.errors.hasPrefix("stomptap: STOMP: ERROR: "), "\(result)")
            }
        }
    }

    @Test func framesGoOutAsTheyAreTypedLineByLine() async throws {
        try await ServedBroker.run { broker in
            var program = Program.stomptap("raw", broker.tcp, "-o", "json", "--wait", "10s", input: .open)
            try await program.start { running in
                running.write("CONNECT\naccept-version:1.2\nhost:/\n\n^@\n")
                try await running.waitFor("\"command\":\"CONNECTED\"")
                running.write(
                    "SUBSCRIBE\nid:1\ndestination:/topic/a\n\n^@\nSEND\ndestination:/topic/a\n\none\ntwo\n^@\n")
                let output = try await running.waitFor("\"command\":\"MESSAGE\"")
                #expect(output.contains(#""direction":"out","layer":"stomp","type":"frame","command":"SEND""#))
                #expect(output.contains(#""body":"one\ntwo","bodyEncoding":"utf-8","bodySize":7}"#))
                running.send(signal: SIGINT)
                #expect(try await running.result().status == .exited(130))
            }
        }
    }

    @Test func aFileWithoutATerminatorIsSentWithANote() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "frames").path
            try "CONNECT\nhost:/\n".write(toFile: file, atomically: true, encoding: .utf8)
            try await ScriptedServer.run(.awaitText("CONNECT\nhost:/\n"), .stall) { server in
                let url = "stomp://127.0.0.1:\(server.port)"
                let result = try await raw(url, file, "--wait", "0.1s", input: "").run()
                #expect(result.status == .exited(0), "\(result)")
                #expect(
                    result.errors
                        == "stomptap: \(file): the last frame does not end with ^@ or NUL; sent unchanged\n")
                let received = try await server.receivedWhole()
                #expect(received == [Array("CONNECT\nhost:/\n".utf8)])
            }
        }
    }

    @Test func whatShapesTheLinesDoes() async throws {
        try await ScriptedServer.run(.stall) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            let input = "SEND\nx:\\x1b\\\\c\n\n\\0a\n^@\n"
            let result = try await raw(url, "--escapes", "--eol", "crlf", "--wait", "0.1s", "-x", input: input).run()
            #expect(result.status == .exited(0), "\(result)")
            let received = try await server.receivedWhole()
            #expect(received == [Array("SEND\r\nx:\u{1B}\\c\r\n\r\n\0a\0".utf8)])
            // The output must not contain terminal sequences.
            #expect(!result.output.contains("\u{1B}"), "\(result)")
            #expect(result.output.contains("00000000  53 45 4e 44 0d 0a"), "\(result)")
        }
    }

    /// Secrets must not be visible to a person who can see the screen.
    @Test func secretsAreMasked() async throws {
        try await ServedBroker.run { broker in
            let input =
                "CONNECT\naccept-version:1.2\nhost:/\nlogin:a\npasscode:hunter22\n\n^@\nbroken\npasscode:hunter22\n\n^@\n"
            for form in ["pretty", "json"] {
                let result = try await raw(broker.tcp, "-o", form, "-x", "-vvv", "--wait", "0.1s", input: input).run()
                #expect(!result.output.contains("hunter22") && !result.errors.contains("hunter22"), "\(result)")
            }
            let shown = try await raw(broker.tcp, "--show-secrets", "--wait", "0.1s", input: input).run()
            #expect(shown.output.contains("passcode:hunter22"))
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"), ("SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"),
        ("AMQP\u{0}\u{0}\u{9}\u{1}", "AMQP"), ("\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{46}", "TLS"),
    ])
    func anotherProtocolIsNamed(greeting: String, name: String) async throws {
        try await ScriptedServer.run(.awaitText("CONNECT"), .sendText(greeting), .stall) { server in
            let result = try await raw("stomp://127.0.0.1:\(server.port)", "--wait", "20s", input: connect).run()
            #expect(result.status == .exited(76), "\(result)")
            #expect(result.errors.contains("this port speaks \(name)"), "\(result)")
            #expect(result.output.contains("< tcp octets"), "\(result)")
        }
    }

    @Test func aMissingFileIsReported() async throws {
        let result = try await raw("stomp://127.0.0.1:1", "/no/such/frames", input: "").run()
        #expect(result.status == .exited(66))
        #expect(result.errors == "stomptap: /no/such/frames: no such file or directory\n")
    }

    @Test func aLineOverTheLimitIsReported() async throws {
        try await ServedBroker.run { broker in
            let long = String(repeating: "a", count: 2000)
            for (arguments, url) in [([String](), broker.tcp), (["--text"], broker.webSocket)] {
                var program = raw(url, "--max-message", "1000", input: "one\n\(long)\n^@\n")
                program.arguments += arguments
                let result = try await program.run()
                #expect(result.status == .exited(65), "\(result)")
                #expect(result.errors.contains("stomptap: stdin: line 2: "), "\(result)")
            }
        }
    }

    @Test func tooLittleInTimeIsAStatus() async throws {
        try await ServedBroker.run { broker in
            for arguments in [["--wait", "4s"], ["-W", "4s"]] {
                var program = raw(broker.tcp, "-n", "2", input: connect)
                program.arguments += arguments
                let result = try await program.run()
                #expect(result.status == .exited(75), "\(result)")
                #expect(result.errors == "stomptap: timed out: received 1 of 2 frames\n")
            }
        }
    }

    @Test func aRefusedHandshakeIsReported() async throws {
        try await ServedBroker.run(["--login", "a:b"]) { broker in
            let result = try await raw(broker.tcp, "--connect", input: "").run()
            #expect(result.status == .exited(77), "\(result)")
            #expect(result.output.contains("< stomp ERROR"))
        }
    }

    /// No subprotocol is offered unless one is given, and received messages are not parsed as frames.
    @Test func plainMessagesAreSentAndShown() async throws {
        try await ServedBroker.run { broker in
            let line = #"CONNECT\naccept-version:1.2\nhost:/\n\n\0"#
            let result = try await raw(
                broker.webSocket, "--text", "--escapes", "-n", "1", "-vv", input: line + "\n"
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.output.contains("> ws text  36 B\n") && result.output.contains("< ws text"), "\(result)")
            #expect(result.output.contains("< ws close 1000 normal closure  clean\n"), "\(result)")
            #expect(!result.errors.contains("Sec-WebSocket-Protocol"), "\(result)")
            let binary = try await raw(broker.webSocket, "--text", "--ws-binary", "--wait", "0.1s", input: "x\n").run()
            #expect(binary.output.contains("> ws binary  1 B\n"), "\(binary)")
        }
    }

    @Test(arguments: [
        ["--text", "stomp://h"], ["--echo", "stomp://h"], ["--sse", "ws://h"], ["--sse", "--text", "http://h"],
        ["--connect", "--text", "ws://h"], ["--echo", "ws://h", "file"], ["-n", "0", "ws://h"],
    ])
    func whatDoesNotGoTogetherIsUsage(arguments: [String]) async throws {
        var program = Program.stomptap("raw")
        program.arguments += arguments
        #expect(try await program.run().status == .exited(64))
    }
}
