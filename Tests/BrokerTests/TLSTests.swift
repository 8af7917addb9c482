import Foundation
import TestSupport
import Testing

/// The TLS ports of the real servers.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct TLSTests {
    private struct Endpoint {
        var url: String
        var options: [String]
    }

    private func endpoints() async throws -> [Endpoint] {
        let rabbitMQ = try await RabbitMQServer.shared
        let activeMQ = try await ActiveMQServer.shared
        return [
            Endpoint(
                url: "stomps://guest:guest@localhost:\(rabbitMQ.stompsPort)/%2F",
                options: ["--ca", rabbitMQ.authority]),
            Endpoint(
                url: "wss://guest:guest@localhost:\(rabbitMQ.secureWebSocketPort)/ws",
                options: ["--virtual-host", "/", "--ca", rabbitMQ.authority]),
            Endpoint(url: "stomps://localhost:\(activeMQ.stompsPort)", options: ["--ca", activeMQ.authority]),
        ]
    }

    private func program(_ command: String, _ endpoint: Endpoint, _ arguments: [String]) -> Program {
        var program = Program.stomptap(command, endpoint.url)
        program.arguments += arguments + endpoint.options
        return program
    }

    @Test func whatIsSentComesBack() async throws {
        for endpoint in try await endpoints() {
            try await withTemporaryFolder { folder in
                let ready = folder.appending(path: "ready").path
                let body = String(repeating: "비밀 ", count: 40_000)
                let file = folder.appending(path: "body")
                try Data(body.utf8).write(to: file)
                let subscribe = program(
                    "subscribe", endpoint, ["/topic/tls", "-n", "1", "-o", "body", "--ready-file", ready, "-vv"])
                try await subscribe.start { subscriber in
                    _ = try await subscriber.wait(otherwise: "is not subscribed") {
                        FileManager.default.fileExists(atPath: ready) ? true : nil
                    }
                    let sent = try await program("publish", endpoint, ["/topic/tls", "-f", file.path]).run()
                    #expect(sent.status == .exited(0), "\(sent)")
                    let result = try await subscriber.result()
                    #expect(result.output == body + "\n")
                    #expect(result.errors.contains("TLSv1."))
                    #expect(result.errors.contains("verified by: "))
                }
            }
        }
    }

    @Test func anUnknownAuthorityIsNamed() async throws {
        for endpoint in try await endpoints() {
            var untrusting = endpoint
            untrusting.options.removeLast(2)
            let result = try await program("publish", untrusting, ["/topic/tls", "hi"]).run()
            #expect(result.status == .exited(77), "\(result)")
            #expect(result.errors.contains("--ca"), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func aPlainEndpointIsToldThatThePortSpeaksTLS() async throws {
        for endpoint in try await endpoints() {
            let plain = Endpoint(
                url: endpoint.url.replacing("stomps://", with: "stomp://").replacing("wss://", with: "ws://"),
                options: Array(endpoint.options.dropLast(2)))
            let result = try await program("publish", plain, ["/topic/tls", "hi"]).run()
            #expect(result.status == .exited(76), "\(result)")
            #expect(result.errors.contains("TLS"), "\(result)")
        }
    }
}
