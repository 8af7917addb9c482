import Foundation
import TestSupport
import Testing

/// Checks the test servers: that they are the real ones, that a client can connect, and that nothing remains of them.
struct ServerTests {
    /// Sends CONNECT and then `frames` with an independent client, and returns the received lines up to the first
    /// that contains `end`.
    private func connect(
        _ headers: String, toPort port: Int, frames: String = "", upTo end: String = "\n\n"
    ) async throws -> [String] {
        let script =
            #"exec 3<>/dev/tcp/127.0.0.1/$0; printf "CONNECT\naccept-version:1.2\n$1\n\n\0$2" >&3; cat <&3"#
        var program = Program("/bin/bash", ["-c", script, String(port), headers, frames])
        program.limit = .seconds(20)
        return try await program.start { client in
            try await client.waitFor(end)
            return client.written.lines
        }
    }

    @Test func rabbitMQAnswers() async throws {
        let server = try await RabbitMQServer.shared
        let connected = try await connect(#"login:guest\npasscode:guest"#, toPort: server.stompPort)
        #expect(connected.first == "CONNECTED")
        #expect(connected.contains { $0.hasPrefix("server:RabbitMQ/") })
        let alice = try await connect(#"host:orders\nlogin:alice\npasscode:wonderland"#, toPort: server.stompPort)
        #expect(alice.first == "CONNECTED")
        let refused = try await connect(#"login:guest\npasscode:wrong"#, toPort: server.stompPort)
        #expect(refused.first == "ERROR")
        #expect(FileManager.default.fileExists(atPath: server.authority))
    }

    @Test func activeMQAnswers() async throws {
        let server = try await ActiveMQServer.shared
        let connected = try await connect("host:x", toPort: server.stompPort)
        #expect(connected.first == "CONNECTED")
        #expect(connected.contains { $0.hasPrefix("server:ActiveMQ/") })
        let refused = try await connect(#"login:system\npasscode:wrong"#, toPort: server.stompPort)
        #expect(refused.first == "ERROR")
        #expect(FileManager.default.fileExists(atPath: server.authority))
    }

    @Test func rabbitMQKeepsItsDataOverARestart() async throws {
        let rabbitMQ = try await RabbitMQServer.start()
        let send = #"SEND\ndestination:/queue/kept\npersistent:true\nreceipt:r\n\nstill here\0"#
        _ = try await connect("host:/", toPort: rabbitMQ.stompPort, frames: send, upTo: "receipt-id:r")
        try await rabbitMQ.server.restart()
        let subscribe = #"SUBSCRIBE\ndestination:/queue/kept\nid:0\n\n\0"#
        let lines = try await connect("host:/", toPort: rabbitMQ.stompPort, frames: subscribe, upTo: "still here")
        #expect(lines.contains("MESSAGE"))
        try await rabbitMQ.server.stop()
        #expect(!Loopback.accepts(rabbitMQ.stompPort))
    }

    /// Simulates a test process that dies: the supervisor gets no stop command, only the end of its input.
    @Test(arguments: [nil, SIGINT, SIGTERM])
    func nothingOutlivesTheTests(signal: Int32?) async throws {
        let folder = try makeTemporaryFolder()
        let supervise = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Servers/supervise.sh")
            .path
        var program = Program(
            "/bin/sh",
            [
                supervise, folder.path, "/bin/sh", "-c", "trap '' TERM; sleep 1000 & echo $! >$0/child; wait",
                folder.path,
            ])
        program.input = .open
        try await program.start { supervisor in
            supervisor.write("start\n")
            let child = try await supervisor.wait(otherwise: "has not started a server") {
                let text = try? String(contentsOf: folder.appending(path: "child"), encoding: .utf8)
                return text.flatMap { pid_t($0.dropLast()) }
            }
            if let signal {
                // A signal that arrives just before the shell reads a line is handled only after that line, so send
                // it repeatedly.
                _ = try await supervisor.wait(otherwise: "does not heed the signal") {
                    supervisor.send(signal: signal)
                    return supervisor.written.status == .running ? nil : true
                }
            } else {
                supervisor.closeInput()
            }
            _ = try await supervisor.result()
            #expect(!FileManager.default.fileExists(atPath: folder.path))
            _ = try await eventually {
                let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
                return state?.contains(") Z") ?? true ? true : nil
            } otherwise: {
                "the server still runs"
            }
        }
    }

    /// A signal may arrive when the server already runs, but its supervisor does not know its process ID yet.
    @Test(arguments: 0..<10) func aSignalRightBehindTheStartLeavesNothing(_: Int) async throws {
        let folder = try makeTemporaryFolder()
        let supervise = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Servers/supervise.sh")
            .path
        var program = Program(
            "/bin/sh", [supervise, folder.path, "/bin/sh", "-c", "kill -INT $PPID; exec sleep 1000"])
        program.input = .open
        try await program.start { supervisor in
            supervisor.write("start\n")
            _ = try await supervisor.result()
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }
}
