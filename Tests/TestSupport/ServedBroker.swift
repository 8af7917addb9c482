import Foundation

/// `stomptap serve` on free ports.
public struct ServedBroker {
    public let program: RunningProgram
    public let tcp: String
    /// The URL for WebSocket; with `--emulate spring`, the URL for SockJS as well.
    public let webSocket: String
    /// The URL for a browser's SockJS client.
    public var sockJS: String { webSocket.replacing("ws://", with: "http://") }

    /// Both URLs, for tests that apply to either.
    public var urls: [String] { [tcp, webSocket] }

    public static func run<Value>(
        _ arguments: [String] = [], isolation: isolated (any Actor)? = #isolation,
        _ body: (ServedBroker) async throws -> Value
    ) async throws -> Value {
        var program = Program.stomptap("serve", "--tcp", "127.0.0.1:0", "--ws", "127.0.0.1:0")
        program.arguments += arguments
        return try await program.start { running in
            let lines = try await running.waitFor("\n", count: 2).split(separator: "\n").map(String.init)
            return try await body(ServedBroker(program: running, tcp: lines[0], webSocket: lines[1]))
        }
    }
}
