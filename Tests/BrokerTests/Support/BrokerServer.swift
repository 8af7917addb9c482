import Foundation
import TestSupport

/// A real server with its own folder and ports; it ends with the test process at the latest.
actor BrokerServer {
    nonisolated let name: String
    /// The ports, by the names used in the server's script.
    nonisolated let ports: [String: Int]
    /// The folder with its certificates, its log and its data.
    nonisolated let folder: URL
    private let supervisor: RunningProgram
    private let readyLine: String
    private var starts = 0
    private var stops = 0

    /// - Parameters:
    ///   - script: the script in the folder `Servers` that runs the server.
    ///   - executable: a file that exists if the server is installed.
    ///   - readyLine: a line that the server logs only when it is ready.
    ///   - portNames: the names of the ports that it needs.
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

    /// Starts it, also after ``stop()``; it keeps its persistent data.
    func start() async throws {
        starts += 1
        supervisor.write("start\n")
        // On a loaded machine this can take half a minute.
        try await waitUntil("got ready", within: .seconds(120)) {
            guard let server = lastStarted else { return false }
            if hasEnded(server) { throw TestFailure("\(name) ended while it was to start:\n\(log.suffix(3000))") }
            // Open ports are not enough: RabbitMQ creates its users and virtual hosts after it opens them.
            return log.components(separatedBy: readyLine).count > starts && ports.values.allSatisfy(Loopback.accepts)
        }
    }

    /// Shuts it down in an orderly way.
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

    /// The process ID from the answer to the last start command; nil if there is no answer yet.
    private var lastStarted: Substring? {
        let answers = supervisor.written.lines.filter { $0.hasPrefix("started ") }
        return answers.count == starts ? answers.last?.dropFirst(8) : nil
    }

    private nonisolated func hasEnded(_ process: Substring) -> Bool {
        let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return state?.contains(") Z ") ?? true
    }

    /// Its log since the first start.
    nonisolated var log: String {
        (try? String(contentsOf: folder.appending(path: "server.log"), encoding: .utf8)) ?? ""
    }
}
