import Foundation
import TestSupport
import Testing

/// Checks that descriptors, threads and memory do not grow with the number of connections.
///
/// `STOMPTAP_CONNECTS` sets the number of connections; the default is 1000.
@Suite(.spawning) struct LeakTests {
    private static let count = ProcessInfo.processInfo.environment["STOMPTAP_CONNECTS"].flatMap { Int($0) } ?? 1000
    /// After this number of connections, everything that is created only once exists.
    private static let warmUp = 100
    /// The largest accepted growth of memory, in bytes. If each connection leaked its memory, 1000 of them would
    /// exceed it.
    private static let mostGrowth = 8 << 20
    private static let timeout = Duration.seconds(Double(max(240, count / 5)))

    /// The resources that a program uses.
    private struct Holding: CustomStringConvertible {
        var descriptors: Int
        var threads: Int
        var memory: Int

        init(_ program: RunningProgram) throws {
            func entries(_ folder: String) throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/\(folder)").count
            }
            descriptors = try entries("fd")
            threads = try entries("task")
            memory = try #require(program.memory)
        }

        var description: String { "\(descriptors) descriptors, \(threads) threads, \(memory >> 10) KiB" }
    }

    /// Waits until a program has no more descriptors and threads than before, and compares its memory.
    private func expect(_ name: String, _ program: RunningProgram, asBefore before: Holding) async throws {
        let after = try await eventually(within: .seconds(60)) {
            let now = try Holding(program)
            return now.descriptors <= before.descriptors && now.threads <= before.threads ? now : nil
        } otherwise: {
            "\(name) held \(before), and now \((try? Holding(program))?.description ?? "nothing")"
        }
        #expect(after.memory - before.memory < Self.mostGrowth, "\(name) held \(before), and now \(after)")
    }

    /// A client that reconnects many times through a tap: client, tap and broker are checked at once.
    @Test(arguments: ["stomp", "ws", "http"]) func aClientThatReconnects(scheme: String) async throws {
        try await ServedBroker.run { broker in
            let url = ["stomp": broker.tcp, "ws": broker.webSocket, "http": broker.sockJS][scheme]
            try await RunningTap.run(to: try #require(url), ["-o", "none"]) { tap in
                var client = Program.stomptap("connect", tap.url, input: .open)
                client.limit = Self.timeout
                try await client.start { client in
                    var marks = 0
                    func reconnect(_ times: Int) async throws {
                        marks += 1
                        client.write(String(repeating: "reconnect\n", count: times) + "status\n")
                        try await client.waitFor("connected to", count: marks)
                    }
                    try await reconnect(Self.warmUp)
                    let programs = [("serve", broker.program), ("tap", tap.program), ("connect", client)]
                    let before = try programs.map { try Holding($0.1) }
                    try await reconnect(Self.count)
                    for ((name, program), before) in zip(programs, before) {
                        try await expect(name, program, asBefore: before)
                    }
                }
            }
        }
    }

    /// Clients that reset the connection at different points.
    @Test func clientsThatBreakOff() async throws {
        try await ServedBroker.run { broker in
            try await RunningTap.run(to: broker.webSocket, ["-o", "none"]) { tap in
                let ports = try [broker.tcp, broker.webSocket, tap.url].map { try #require(URL(string: $0)?.port) }
                let upgrade =
                    (["GET /ws HTTP/1.1", "Host: 127.0.0.1"] + RawExchange.upgrade).joined(separator: "\r\n")
                    + "\r\n\r\n"
                let beginnings = [
                    "", "G", "CONNECT\naccept-version:1.2\nhost:a\n\n\0", "GET /ws HTTP/1.1\r\n", upgrade,
                ]
                func connect(_ times: Int) throws {
                    for number in 0..<times {
                        try Loopback.breakOff(
                            ports[number % ports.count], after: beginnings[number / ports.count % beginnings.count])
                    }
                }
                try connect(Self.warmUp)
                let programs = [("serve", broker.program), ("tap", tap.program)]
                // The programs may still be handling the last resets.
                try await Task.sleep(for: .seconds(1))
                let before = try programs.map { try Holding($0.1) }
                try connect(Self.count)
                for ((name, program), before) in zip(programs, before) {
                    try await expect(name, program, asBefore: before)
                }
            }
        }
    }
}
