import Foundation
import TestSupport
import Testing

/// Hostile peers at every stage of every layer: no crash, no hang, one line, the manual's exit status, bounded
/// memory. `make test-faults` runs it and prints the table.
@Suite struct FaultTableTests {
    /// The maximum memory that the program may use, in bytes.
    private static let mostMemory = 128 << 20
    /// The sum of all time limits that the program is given, plus a margin for a busy machine.
    private static let longest = Duration.seconds(20)

    private struct Row: Sendable {
        var stage: String
        var fault: String
        var status: ProgramResult.Status
        var expected: Int32
        var line: String
        var time: Duration
        var memory: Int
        /// What is wrong with the result.
        var complaints: [String] = []
    }

    @Test func everyStageOfEveryLayer() async throws {
        let cases = FaultStage.all.flatMap { stage in Fault.allCases.map { (stage, $0) } }
        var rows = [try await Self.nobodyListens(), try await Self.nobodyAccepts()]
        rows += try await withThrowingTaskGroup(of: (Int, Row).self) { group in
            var rows: [(Int, Row)] = []
            for (index, (stage, fault)) in cases.enumerated() {
                if index >= 4, let row = try await group.next() { rows.append(row) }
                group.addTask { (index, try await Self.row(stage, fault)) }
            }
            for try await row in group { rows.append(row) }
            return rows.sorted { $0.0 < $1.0 }.map(\.1)
        }
        Self.show(rows)
        for row in rows where !row.complaints.isEmpty {
            Issue.record("\(row.stage), \(row.fault): \(row.complaints.joined(separator: "; "))\n\(row.line)")
        }
    }

    private static func row(_ stage: FaultStage, _ fault: Fault) async throws -> Row {
        try await ScriptedServer.run(script: { stage.script(fault, connection: $0) }) { server in
            try await run(
                stage.arguments(server.port), stage: stage.name, fault: fault.rawValue,
                expected: try #require(stage.statuses[fault]))
        }
    }

    private static func nobodyListens() async throws -> Row {
        let port = try Loopback.freePorts(1)[0]
        return try await run(
            ["publish", "stomp://127.0.0.1:\(port)", "/topic/a", "hi"], stage: "TCP", fault: "closed", expected: 69)
    }

    private static func nobodyAccepts() async throws -> Row {
        let port = try CrowdedPort()
        defer { port.close() }
        return try await run(
            ["publish", "stomp://127.0.0.1:\(port.number)", "/topic/a", "hi", "--connect-timeout", "2s"], stage: "TCP",
            fault: "silent", expected: 75)
    }

    private static func run(
        _ arguments: [String], stage: String, fault: String, expected: Int32
    ) async throws -> Row {
        var program = Program.stomptap()
        program.arguments = arguments
        program.limit = .seconds(60)
        let start = ContinuousClock.now
        let (result, memory) = try await program.start { running in
            var memory = 0
            let result = try await running.wait(otherwise: "has not ended") { () -> ProgramResult? in
                memory = max(memory, running.peakMemory ?? 0)
                return running.written.status == .running ? nil : try await running.result()
            }
            return (result, memory)
        }
        var row = Row(
            stage: stage, fault: fault, status: result.status, expected: expected,
            line: result.errors.split(separator: "\n").last.map(String.init) ?? "", time: .now - start, memory: memory)
        if result.status != .exited(expected) {
            row.complaints.append("expected status \(expected), got \(result.status)")
        }
        if row.time > longest { row.complaints.append("took \(row.time)") }
        if memory > mostMemory { row.complaints.append("used \(memory >> 20) MiB") }
        let lines = result.errors.split(separator: "\n").count
        if lines != 1, expected != 0 || lines > 1 {
            row.complaints.append("\(lines) lines on stderr: \(result.errors)")
        }
        if lines > 0, !result.errors.hasPrefix("stomptap: ") {
            row.complaints.append("stderr does not start with 'stomptap: '")
        }
        return row
    }

    private static func show(_ rows: [Row]) {
        var table = ["stage                 fault     status  seconds  MiB  message"]
        for row in rows {
            let status = if case .exited(let code) = row.status { "\(code)" } else { "\(row.status)" }
            let seconds = row.time / .seconds(1)
            table.append(
                row.stage.padding(22) + row.fault.padding(10) + status.padding(8)
                    + String(format: "%6.1f", seconds).padding(9) + String(format: "%3d", row.memory >> 20).padding(5)
                    + row.line.replacing("stomptap: ", with: "")
                    + (row.complaints.isEmpty ? "" : "  <- wrong"))
        }
        print(table.joined(separator: "\n"))
    }
}

extension String {
    fileprivate func padding(_ width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}

/// A port whose listener never accepts and whose queue of waiting connections is full.
private struct CrowdedPort {
    let number: Int
    private let sockets: [Int32]

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var opened = [listener]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let isReady =
                    bind(listener, address, size) == 0 && listen(listener, 0) == 0
                    && getsockname(listener, address, &size) == 0
                // One connection more than the queue can hold.
                for _ in 0..<2 {
                    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(client, address, size)
                    opened.append(client)
                }
                return isReady
            }
        }
        number = Int(UInt16(bigEndian: address.sin_port))
        sockets = opened
        guard isReady else {
            close()
            throw TestFailure("cannot listen: \(String(cString: strerror(errno)))")
        }
    }

    func close() {
        for socket in sockets { Foundation.close(socket) }
    }
}
