import TestSupport

/// A server that sends these MESSAGE frames to a subscriber with ID `sub-0`, and keeps what it receives.
enum MessageSource {
    /// Runs `subscribe` against it, and returns the result with everything that the server received.
    static func tail(
        _ arguments: [String], to destination: String = "/topic/a", environment: [String: String] = [:],
        frames: [[UInt8]]
    ) async throws -> (result: ProgramResult, received: String) {
        try await run(frames: frames) { server, url in
            var program = Program.stomptap("subscribe", url, destination)
            program.arguments += arguments
            program.environment = environment
            let result = try await program.run()
            return (result, String(decoding: try await server.receivedWhole()[0], as: UTF8.self))
        }
    }

    static func run<Value: Sendable>(
        frames: [[UInt8]], _ body: (ScriptedServer, String) async throws -> Value
    ) async throws -> Value {
        let script = [
            ScriptedServer.Step.awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .awaitText("SUBSCRIBE\n"),
            .awaitText("\0"), .send(Array(frames.joined())), .awaitText("DISCONNECT"), .awaitText("\0"),
        ]
        return try await ScriptedServer.run(script: { _ in script }) { server in
            try await body(server, "stomp://127.0.0.1:\(server.port)")
        }
    }

    /// A MESSAGE frame with a body of any bytes. `headers` is as on the wire, one header a line.
    static func frame(_ body: [UInt8], id: Int, headers: String = "destination:/topic/a\n") -> [UInt8] {
        Array(
            "MESSAGE\nsubscription:sub-0\nmessage-id:\(id)\nack:\(id)\n\(headers)content-length:\(body.count)\n\n".utf8)
            + body + [0]
    }

    /// Frames with these bodies, with message IDs from 0.
    static func frames(_ bodies: [String]) -> [[UInt8]] {
        bodies.enumerated().map { frame(Array($1.utf8), id: $0) }
    }

    /// Returns the ACK and NACK frames that a server received, such as `ACK 0`.
    static func answers(in received: String) -> [String] {
        received.matches(of: /\n?(N?ACK)\nid:(\d+)/).map { "\($0.output.1) \($0.output.2)" }
    }
}
