import Foundation
import TestSupport
import Testing

/// The embedded broker with an independent SockJS client for browsers.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct SockJSClientTests {
    private static let bodies = [
        "hello", "한글 \u{1F600}", #"{"a": "b\"c", "d": 1.50}"#, "100% %41 %", "back\\slash\nline\ttab",
        "\u{200D}\u{2028}\u{FEFF}\u{FFF0}", String(repeating: "x", count: 9000), "end",
    ]

    private func client(_ url: String, _ transport: String) throws -> Program {
        let library = "/usr/share/nodejs/sockjs-client"
        guard FileManager.default.fileExists(atPath: library) else {
            throw TestFailure("there is no \(library); `make test-brokers` installs it")
        }
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Clients/sockjs-client.js")
        var program = Program("/usr/bin/env", ["node", script.path, url, transport, "/topic/browser"])
        program.environment = ["NODE_PATH": "/usr/share/nodejs"]
        return program
    }

    @Test(arguments: ["websocket", "xhr-streaming", "eventsource", "xhr-polling"], ["spring", "standard"])
    func aBrowsersClientTalksToTheBroker(transport: String, profile: String) async throws {
        let serve = Program.stomptap("serve", "--emulate", profile, "--ws", "127.0.0.1:0", "-v")
        try await serve.start { broker in
            let line = try await broker.waitFor("\n").prefix { $0 != "\n" }
            let result = try await client(String(line).replacing("ws://", with: "http://"), transport).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.lines.prefix(2) == ["open \(transport)", "connected 1.2"])
            #expect(result.lines.suffix(2) == ["receipt", "closed 1000"])
            let bodies = result.lines.dropFirst(2).dropLast(2).map { line in
                try? JSONDecoder().decode(String.self, from: Data(line.utf8))
            }
            #expect(bodies == Self.bodies)
            let told = try await broker.waitFor("connection 1: disconnected\n", in: .stderr)
            #expect(told.contains("connection 1: SockJS \(transport) from 127.0.0.1:"), "\(told)")
            #expect(told.contains("connection 1: subscribed to /topic/browser as mine"))
            // Between two polls there is no connection, so the broker detects the end only after a delay.
            try await broker.waitFor("connection 1: closed", in: .stderr)
        }
    }

    /// When the broker ends, it sends the client a SockJS close frame.
    @Test(arguments: ["websocket", "xhr-streaming", "eventsource", "xhr-polling"])
    func aBrokerThatEndsSaysSo(transport: String) async throws {
        let serve = Program.stomptap("serve", "--emulate", "spring", "--ws", "127.0.0.1:0", "--prefix", "/other", "-v")
        try await serve.start { broker in
            let url = try await broker.waitFor("\n").prefix { $0 != "\n" }
            // As with Spring, a destination outside the prefixes gets no answer: the client waits.
            try await client(String(url), transport).start { client in
                try await client.waitFor("connected 1.2\n")
                broker.send(signal: SIGTERM)
                try await client.waitFor("closed 1001\n")
                #expect(try await client.result().status == .exited(1))
            }
            #expect(try await broker.result().status == .exited(143))
        }
    }
}
