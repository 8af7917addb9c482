import Foundation
import TestSupport
import Testing

/// A SockJS server that sends without end, or lets no client stay: the program's memory and time are limited.
@Suite(.spawning) struct SockJSFloodTests {
    private static let streams = ["xhr-streaming", "eventsource"]
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

    /// Runs a program to its end, and returns its highest observed memory.
    private func run(_ program: Program) async throws -> (result: ProgramResult, memory: Int) {
        try await program.start { running in
            var memory = 0
            let result = try await running.wait(otherwise: "has not ended") { () -> ProgramResult? in
                memory = max(memory, running.peakMemory ?? 0)
                return running.written.status == .running ? nil : try await running.result()
            }
            return (result, memory)
        }
    }

    private func subscribe(_ server: ScriptedHTTP, _ transport: String, _ arguments: String...) -> Program {
        var program = Program.stomptap(
            "subscribe", "http://127.0.0.1:\(server.port)/ws", "/topic/a", "--sockjs-transport", transport)
        program.arguments += arguments
        return program
    }

    /// An endless stream without the frame that opens the session.
    @Test(arguments: streams, ["h", "h\n", "\n", "data: h\n\n", ": comment\n"])
    func aStreamThatNeverOpens(transport: String, bytes: String) async throws {
        let script: ScriptedHTTP.Script = { request in
            request.path == "/ws/info" ? .infoWithoutWebSocket : .endless(head: Self.head, bytes)
        }
        try await ScriptedHTTP.run(script: script) { server in
            let (result, memory) = try await run(subscribe(server, transport))
            #expect(result.status == .exited(76), "\(result)")
            #expect(result.errors.hasPrefix("stomptap: SockJS: the server sent "), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
            #expect(memory < 100 << 20)
        }
    }

    /// A stream that sends too little for the size limit, so the connect timeout ends it.
    @Test(arguments: streams)
    func aStreamThatNeverOpensInTime(transport: String) async throws {
        let script: ScriptedHTTP.Script = { request in
            request.path == "/ws/info" ? .infoWithoutWebSocket : .bytes(Self.head + "\r\nhhhhhhhhhh\n")
        }
        try await ScriptedHTTP.run(script: script) { server in
            let result = try await subscribe(server, transport, "--connect-timeout", "4s").run()
            #expect(result.status == .exited(75), "\(result)")
            #expect(result.errors.hasPrefix("stomptap: SockJS: timed out after "), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1)
        }
    }

    /// A frame without end in an open session.
    @Test(arguments: streams)
    func aFrameWithoutEnd(transport: String) async throws {
        let frame = transport == "eventsource" ? "\r\ndata: o\r\n\r\ndata: a[\"" : "h\no\na[\""
        let script: ScriptedHTTP.Script = { request in
            switch request.path {
            case "/ws/info": .infoWithoutWebSocket
            case "/ws/S/xhr_send": .answer("204 No Content")
            default: .endless(head: Self.head + frame, "x")
            }
        }
        try await ScriptedHTTP.run(script: script) { server in
            let (result, memory) = try await run(subscribe(server, transport, "--max-message", "4MiB"))
            #expect(result.status == .exited(76), "\(result)")
            #expect(
                result.errors == "stomptap: SockJS: the server sent a frame of more than 4194304 bytes; "
                    + "raise the limit with --max-message\n")
            #expect(memory < 100 << 20)
        }
    }

    /// An endless answer to `/info` is read only up to the limit.
    @Test func anInfoWithoutEnd() async throws {
        let script: ScriptedHTTP.Script = { _ in
            .endless(head: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", " ")
        }
        try await ScriptedHTTP.run(script: script) { server in
            let (result, memory) = try await run(subscribe(server, "xhr-polling"))
            #expect(result.status == .exited(76), "\(result)")
            #expect(result.errors.contains("/ws/info did not answer with a JSON object"), "\(result)")
            #expect(memory < 100 << 20)
        }
    }

    /// With a server that accepts and resets, the delay between attempts grows.
    @Test func aServerThatResetsInALoop() async throws {
        try await ScriptedHTTP.run(script: { _ in .drop }) { server in
            let tail = subscribe(
                server, "auto", "--reconnect", "9", "--reconnect-delay", "8ms", "--reconnect-max-delay", "1m")
            let result = try await tail.run()
            #expect(result.status == .exited(69), "\(result)")
            #expect(server.connections.opened == 10)
            let lines = result.errors.split(separator: "\n")
            try #require(lines.count == 10, "\(result)")
            #expect(lines.last?.hasPrefix("stomptap: ") == true && lines.last?.contains("reset") == true)
            let waits = try #require(Self.waits(in: lines.dropLast()))
            // Half of each delay is random, but two doublings always exceed that.
            for (earlier, later) in zip(waits, waits.dropFirst(2)) { #expect(later > earlier, "\(waits)") }
            #expect(waits[8] >= 0.5, "\(waits)")
        }
    }

    private static func waits(in lines: some Collection<Substring>) -> [Double]? {
        let waits = lines.compactMap { line -> Double? in
            guard let match = line.firstMatch(of: /retrying in ([0-9.]+) ?(ms|s)/) else { return nil }
            return Double(match.output.1).map { match.output.2 == "s" ? $0 : $0 / 1000 }
        }
        return waits.count == lines.count ? waits : nil
    }

    /// Hundreds of attempts must not leak memory or connections, whether the connection is dropped at once or a
    /// session opens first.
    @Test(arguments: [false, true])
    func hundredsOfAttemptsLeaveNothing(opens: Bool) async throws {
        let script: ScriptedHTTP.Script = { request in
            guard opens else { return .drop }
            switch request.path {
            case "/ws/info": return .infoWithoutWebSocket
            case "/ws/S/xhr_streaming": return .streaming("hhhh\no\n")
            default: return .drop
            }
        }
        try await ScriptedHTTP.run(script: script) { server in
            let tail = subscribe(
                server, "auto", "--reconnect", "forever", "--reconnect-delay", "1ms", "--reconnect-max-delay", "1ms")
            try await tail.start { tail in
                func memory(after attempts: Int) async throws -> Int {
                    try await tail.waitFor("retrying in ", count: attempts, in: .stderr)
                    return tail.peakMemory ?? .max
                }
                let early = try await memory(after: 100)
                let late = try await memory(after: 800)
                #expect(late - early < 4 << 20, "\(early) octets, and then \(late)")
                #expect(server.connections.open < 10)
                tail.send(signal: SIGINT)
                #expect(try await tail.result().status == .exited(130))
            }
        }
    }
}
