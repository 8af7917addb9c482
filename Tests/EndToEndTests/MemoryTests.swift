import Foundation
import NIOCore
import TestSupport
import Testing

/// Endless data from a peer, or data that expands greatly, must not fill the memory.
@Suite(.spawning) struct MemoryTests {
    private static let limit = 128 << 20

    /// Waits until sending stops, because everything is sent or the program reads no more; returns the program's
    /// peak memory.
    ///
    /// - Parameter mayEnd: whether the flood may end the program.
    private func memory(
        of program: RunningProgram, mayEnd: Bool = false, flooded sent: () -> Int
    ) async throws -> Int {
        var most = 0
        _ = try await standstill(beyond: 64 << 10) {
            most = max(most, program.peakMemory ?? 0)
            return sent()
        }
        return try await standstill(beyond: 0) {
            most = max(most, mayEnd ? program.peakMemory ?? 0 : try #require(program.peakMemory))
            return most
        }
    }

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

    // MARK: - raw, with its output not read

    enum Flood: String, CaseIterable, Sendable {
        case pings, emptyMessages, frames, events

        var url: String { self == .events ? "http" : self == .frames ? "stomp" : "ws" }
        var mode: [String] { self == .events ? ["--sse"] : self == .frames ? [] : ["--text"] }

        var opening: [ScriptedServer.Step] {
            switch self {
            case .pings, .emptyMessages: ScriptedServer.webSocket
            case .frames: []
            case .events:
                [
                    .awaitText("\r\n\r\n"),
                    .sendText("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"),
                ]
            }
        }

        var item: [UInt8] {
            switch self {
            case .pings: [0x89, 0]
            case .emptyMessages: [0x81, 0]
            case .frames: Array("ERROR\n\n\0".utf8)
            case .events: Array("data\n\n".utf8)
            }
        }

        /// Steps that send this number of bytes in pieces.
        func steps(_ bytes: Int) -> [ScriptedServer.Step] {
            // Small, so that slow progress does not look like a stop.
            let piece = Array(repeatElement(item, count: (4 << 10) / item.count).joined())
            return Array(repeating: .send(piece), count: bytes / piece.count)
        }
    }

    private func raw(_ flood: Flood, _ server: ScriptedServer) -> Program {
        var program = Program.stomptap("raw", "\(flood.url)://127.0.0.1:\(server.port)/")
        program.arguments += flood.mode + ["--wait", "1h", "--http-header", ScriptedServer.webSocketKey]
        if flood == .frames { program.arguments.removeLast(2) }
        program.input = .open
        program.output = .held
        return program
    }

    /// The program stops reading the flood.
    @Test(arguments: Flood.allCases) func rawQueuesNoFlood(_ flood: Flood) async throws {
        let steps = flood.opening + flood.steps(64 << 20) + [.stall]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            try await raw(flood, server).start { program in
                let memory = try await memory(of: program) { server.sent }
                #expect(memory < Self.limit, "\(memory >> 20) MiB for \(server.sent) octets")
                #expect(server.sent < 32 << 20)
            }
        }
    }

    /// Data that the system still holds when the connection ends is read nevertheless.
    @Test(arguments: Flood.allCases) func rawQueuesNoFloodThatEnds(_ flood: Flood) async throws {
        let steps = flood.opening + flood.steps(3 << 20)
        try await ScriptedServer.run(script: { _ in steps }) { server in
            try await raw(flood, server).start { program in
                let memory = try await memory(of: program, mayEnd: true) { server.sent }
                #expect(memory < Self.limit, "\(memory >> 20) MiB for \(server.sent) octets")
            }
        }
    }

    /// As in a test suite for RFC 6455: while a large message is being printed, ping and close are answered.
    @Test func rawAnswersWhilePrinting() async throws {
        let size = 4 << 20
        let message = [0x82, 127] + (0..<8).reversed().map { UInt8(size >> ($0 * 8) & 0xFF) }
        let steps =
            ScriptedServer.webSocket + [
                .send(message + Array(repeating: 0, count: size)), .awaitCount(size), .send([0x89, 1, 0x61]),
                .awaitCount(size + 1), .stall,
            ]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            var program = Program.stomptap(
                "raw", "--echo", "ws://127.0.0.1:\(server.port)/", "--http-header", ScriptedServer.webSocketKey)
            program.output = .held
            try await program.start { program in
                try await program.wait(otherwise: "has not answered the ping") {
                    let bytes = try #require(server.received.first ?? [])
                    // FIN and pong, then the mask bit and a length of 1.
                    return bytes.suffix(7).starts(with: [0x8A, 0x81]) ? true : nil
                }
            }
        }
    }

    // MARK: - JSON

    /// A message of 2 MiB: 1,048,577 numbers inside `depth` nested arrays.
    private static func message(depth: Int) -> String {
        let opening = String(repeating: "[", count: depth)
        let closing = String(repeating: "]", count: depth)
        let body = opening + String(repeating: "1,", count: 1 << 20) + "1" + closing
        return
            "MESSAGE\nsubscription:sub-0\ndestination:/a\nmessage-id:1\ncontent-length:\(body.utf8.count)\n\n\(body)\0"
    }

    @Test(arguments: ["subscribe", "connect", "show"], [31, 511])
    func nestedJSONIsPrintedAsItComes(_ command: String, depth: Int) async throws {
        let steps: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\nserver:x\nsession:y\n\n\0"), .awaitText("SUBSCRIBE"),
            .answer { received in
                let text = String(decoding: received, as: UTF8.self)
                let id = text.split(separator: "\n").last { $0.hasPrefix("id:") }?.dropFirst(3) ?? "sub-0"
                let receipt = text.split(separator: "\n").last { $0.hasPrefix("receipt:") }?.dropFirst(8)
                let confirmation = receipt.map { "RECEIPT\nreceipt-id:\($0)\n\n\0" } ?? ""
                return Array((confirmation + Self.message(depth: depth).replacing("sub-0", with: id)).utf8)
            }, .stall,
        ]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            var program =
                switch command {
                case "subscribe": Program.stomptap("subscribe", url, "/a", "-n", "1", "-o", "pretty")
                case "connect": Program.stomptap("connect", url, "-e", "sub /a", "-e", "wait 1")
                default:
                    Program.stomptap(
                        "connect", url, "-e", "pause", "-e", "sub /a", "-e", "wait 1", "-e", "show 1")
                }
            program.arguments += ["--receipt-timeout", "1s"]
            let (result, memory) = try await run(program)
            #expect(result.stdout.count > 2 << 20, "\(result.status) \(result.errors)")
            #expect(result.stdout.count < 100 << 20)
            #expect(memory < Self.limit, "\(memory >> 20) MiB")
        }
    }

    // MARK: - Informational HTTP answers

    @Test(arguments: ["proxy", "ws", "sockjs", "sse"])
    func informationalAnswersEnd(_ way: String) async throws {
        try await ScriptedHTTP.run(script: { _ in .endless(head: "", "HTTP/1.1 100 Continue\r\n\r\n") }) { server in
            let place = "127.0.0.1:\(server.port)"
            let program =
                switch way {
                case "proxy":
                    Program.stomptap("publish", "stomp://broker.test", "/a", "hi", "--proxy", "http://\(place)")
                case "ws": Program.stomptap("publish", "ws://\(place)/", "/a", "hi")
                case "sockjs": Program.stomptap("publish", "http://\(place)/", "/a", "hi")
                default: Program.stomptap("raw", "--sse", "http://\(place)/", "--reconnect", "never")
                }
            let (result, memory) = try await run(program)
            #expect(result.status == .exited(76), "\(result)")
            #expect(result.errors.contains("informational answers"), "\(result)")
            #expect(memory < Self.limit, "\(memory >> 20) MiB")
        }
    }

    // MARK: - serve

    private func port(_ url: String) throws -> Int {
        try #require(URLComponents(string: url)?.port)
    }

    /// One message for many subscriptions of a client that does not read.
    @Test func serveKeepsOneCopyForManySubscriptions() async throws {
        let body = String(repeating: "x", count: 4 << 20)
        let subscriptions = (0..<300).map { "SUBSCRIBE\nid:\($0)\ndestination:/topic/a\n\n\0" }.joined()
        let send = "SEND\ndestination:/topic/a\n\n\(body)\0"
        try await ServedBroker.run { broker in
            let client = try await FloodClient(
                port: port(broker.tcp), reads: false,
                pieces: FloodClient.pieces("CONNECT\naccept-version:1.2\nhost:/\n\n\0" + subscriptions)
                    + Array(repeating: FloodClient.pieces(send), count: 8).joined())
            let memory = try await memory(of: broker.program) { client.sent }
            #expect(client.sent > 4 << 20)
            #expect(memory < Self.limit, "\(memory >> 20) MiB for \(client.sent) octets")
            await client.close()
        }
    }

    /// A client with too much queued data is disconnected with the reason.
    @Test func serveDropsAClientThatReadsTooSlowly() async throws {
        let connect = "CONNECT\naccept-version:1.2\nhost:/\n\n\0"
        let send = "SEND\ndestination:/topic/a\n\n\(String(repeating: "x", count: 1 << 20))\0"
        try await ServedBroker.run(["-v"]) { broker in
            let slow = try await FloodClient(
                port: port(broker.tcp), reads: false,
                pieces: FloodClient.pieces(connect + "SUBSCRIBE\nid:1\ndestination:/topic/a\n\n\0"))
            try await broker.program.waitFor("/topic/a", in: .stderr)
            var publishers: [FloodClient] = []
            for _ in 0..<64 {
                let pieces = FloodClient.pieces(connect + send)
                let publisher = try await FloodClient(port: port(broker.tcp), reads: true, pieces: pieces)
                publishers.append(publisher)
                try await broker.program.wait(otherwise: "does not take a message") {
                    publisher.sent == connect.utf8.count + send.utf8.count ? true : nil
                }
            }
            try await broker.program.waitFor("the client reads too slowly", in: .stderr)
            #expect(try #require(broker.program.peakMemory) < Self.limit)
            for client in publishers + [slow] { await client.close() }
        }
    }

    enum Way: String, CaseIterable, Sendable {
        case frame, message, fragments, body
    }

    /// Clients that have not sent a complete CONNECT.
    @Test(arguments: Way.allCases) func serveTakesLittleBeforeCONNECTED(_ way: Way) async throws {
        let size = 15 << 20
        let upgrade =
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\n\(ScriptedServer.webSocketKey)\r\n\r\n"
        let filler = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 << 10)
        let head: ByteBuffer =
            switch way {
            case .frame: ByteBuffer(string: "CONNECT\ncontent-length:\(size)\n\n")
            case .message:
                ByteBuffer(
                    bytes: Array(upgrade.utf8) + [0x82, 0xFF]
                        + (0..<8).reversed().map { UInt8(size >> ($0 * 8) & 0xFF) } + [0, 0, 0, 0])
            case .fragments: ByteBuffer(string: upgrade)
            case .body:
                ByteBuffer(
                    string: "POST /ws/000/abc/xhr_send HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(size)\r\n\r\n")
            }
        var pieces = [head]
        for index in 0..<(size / filler.readableBytes) {
            // A fragment of at most 65,535 bytes, with a mask of zeros.
            if way == .fragments {
                pieces.append(ByteBuffer(bytes: [index == 0 ? 2 : 0, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0]))
            }
            pieces.append(way == .fragments ? filler.getSlice(at: 0, length: 0xFFFF)! : filler)
        }
        try await ServedBroker.run { broker in
            let port = try port(way == .frame ? broker.tcp : broker.webSocket)
            var clients: [FloodClient] = []
            for _ in 0..<64 { clients.append(try await FloodClient(port: port, reads: true, pieces: pieces)) }
            try await broker.program.wait(otherwise: "is still sent to") {
                clients.allSatisfy { $0.isOver || $0.sent >= size } ? true : nil
            }
            let memory = try #require(broker.program.peakMemory)
            #expect(memory < Self.limit, "\(memory >> 20) MiB for \(clients.reduce(0) { $0 + $1.sent }) octets")
            for client in clients { await client.close() }
        }
    }

    /// Pings from clients that do not read the pongs.
    @Test func serveQueuesNoPongs() async throws {
        let upgrade =
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\n\(ScriptedServer.webSocketKey)\r\n\r\n"
        let ping: [UInt8] = [0x89, 0x80, 0, 0, 0, 0]
        let pings = ByteBuffer(bytes: Array(repeatElement(ping, count: 10_000).joined()))
        try await ServedBroker.run { broker in
            let pieces = [ByteBuffer(string: upgrade)] + Array(repeating: pings, count: 100)
            var clients: [FloodClient] = []
            for _ in 0..<16 {
                clients.append(try await FloodClient(port: port(broker.webSocket), reads: false, pieces: pieces))
            }
            let memory = try await memory(of: broker.program) { clients.reduce(0) { $0 + $1.sent } }
            #expect(memory < Self.limit, "\(memory >> 20) MiB")
            for client in clients { await client.close() }
        }
    }

    // MARK: - Others

    /// Nearly empty frames, while the program's output is not read.
    @Test(arguments: [64 << 20, 3 << 20]) func subscribeQueuesNoTinyMessages(_ size: Int) async throws {
        let message = Array("MESSAGE\nsubscription:sub-0\n\n\0".utf8)
        let piece = Array(repeatElement(message, count: 2000).joined())
        let steps: [ScriptedServer.Step] =
            [.awaitText("\0"), .sendText("CONNECTED\nversion:1.1\n\n\0"), .awaitText("SUBSCRIBE")]
            + Array(repeating: .send(piece), count: size / piece.count)
        try await ScriptedServer.run(script: { _ in steps }) { server in
            var program = Program.stomptap("subscribe", "stomp://127.0.0.1:\(server.port)", "/a")
            program.output = .held
            try await program.start { program in
                let memory = try await memory(of: program) { server.sent }
                #expect(memory < Self.limit, "\(memory >> 20) MiB for \(server.sent) octets")
            }
        }
    }

    /// Neither the printed nor the forwarded part of a flood fills the tap's memory.
    @Test func tapQueuesNoPings() async throws {
        let steps = ScriptedServer.webSocket + Flood.pings.steps(64 << 20) + [.stall]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            try await RunningTap.run(
                to: "ws://127.0.0.1:\(server.port)/", ["-v", "-o", "json"], output: .held
            ) { tap in
                let url = try #require(URLComponents(string: tap.url))
                let upgrade =
                    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\n\(ScriptedServer.webSocketKey)\r\n\r\n"
                let app = try await FloodClient(
                    port: #require(url.port), reads: false, pieces: [ByteBuffer(string: upgrade)])
                let memory = try await memory(of: tap.program) { server.sent }
                #expect(memory < Self.limit, "\(memory >> 20) MiB for \(server.sent) octets")
                await app.close()
            }
        }
    }
}
