import Foundation
import TestSupport

/// A real server in a folder and on ports of its own, which ends with the test process at the latest.
actor BrokerServer {
    nonisolated let name: String
    /// The ports by the names that the server's script gives them.
    nonisolated let ports: [String: Int]
    /// Where its certificates, its log and its data are.
    nonisolated let folder: URL
    private let supervisor: RunningProgram
    private let readyLine: String
    private var starts = 0
    private var stops = 0

    /// - Parameters:
    ///   - script: what runs the server; it stands in the folder `Servers`.
    ///   - executable: a file that is there where the server is installed.
    ///   - readyLine: what it writes to its log when it is ready, and at no other time.
    ///   - portNames: the ports it needs.
    init(
        _ name: String, script: String, executable: String, readyLine: String, ports portNames: [String]
    ) async throws {
        for file in [executable, "/usr/bin/openssl"] where !FileManager.default.fileExists(atPath: file) {
            throw TestFailure("\(name) cannot run: there is no \(file); `make test-brokers` installs it")
        }
        self.name = name
        folder = try makeTemporaryFolder()
        self.readyLine = readyLine
        ports = Dictionary(uniqueKeysWithValues: zip(portNames, try Loopback.freePorts(portNames.count)))
        let scripts = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Servers").path
        var program = Program(
            "/bin/sh", ["\(scripts)/supervise.sh", folder.path, "/bin/sh", "\(scripts)/\(script)", folder.path])
        program.environment = ports.mapValues(String.init)
        program.input = .open
        program.limit = .seconds(24 * 3600)
        supervisor = try program.launch(home: folder)
        Supervisors.endAtExit(supervisor)
        try await start()
    }

    /// Starts it, also where ``stop()`` has stopped it; it has the data then that it keeps.
    func start() async throws {
        starts += 1
        supervisor.write("start\n")
        // Half a minute has been seen on a loaded machine.
        try await waitUntil("got ready", within: .seconds(120)) {
            guard let server = lastStarted else { return false }
            if hasEnded(server) { throw TestFailure("\(name) ended while it was to start:\n\(log.suffix(3000))") }
            // That its ports accept is not enough: RabbitMQ makes its users and virtual hosts after that.
            return log.components(separatedBy: readyLine).count > starts && ports.values.allSatisfy(Loopback.accepts)
        }
    }

    /// Stops it in good order.
    func stop() async throws {
        stops += 1
        supervisor.write("stop\n")
        try await waitUntil("has stopped", within: .seconds(60)) {
            supervisor.written.lines.count { $0 == "stopped" } == stops
        }
    }

    func restart() async throws {
        try await stop()
        try await start()
    }

    private func waitUntil(_ what: String, within limit: Duration, _ condition: () throws -> Bool) async throws {
        _ = try await eventually(within: limit) { () -> Bool? in
            guard try condition() else {
                try await Task.sleep(for: .milliseconds(100))
                return nil
            }
            return true
        } otherwise: {
            "\(name) never \(what):\n\(log.suffix(3000))"
        }
    }

    /// The process that the last order to start has started; nil while there is no answer to it.
    private var lastStarted: Substring? {
        let answers = supervisor.written.lines.filter { $0.hasPrefix("started ") }
        return answers.count == starts ? answers.last?.dropFirst(8) : nil
    }

    private nonisolated func hasEnded(_ process: Substring) -> Bool {
        let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return state?.contains(") Z ") ?? true
    }

    /// What it has written since its first start.
    nonisolated var log: String {
        (try? String(contentsOf: folder.appending(path: "server.log"), encoding: .utf8)) ?? ""
    }
}
