import Foundation
import TestSupport

/// What runs the sessions of `Clients/session.js`.
enum SessionClient {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// Runs a session in node, with Debian's `node-sockjs-client`.
    ///
    /// - Parameter way: one of the transports of SockJS, or `plain` for a WebSocket without it.
    static func inNode(
        _ url: String, _ way: String, login: String = "guest", destination: String
    ) async throws -> LoggedSession {
        let library = "/usr/share/nodejs/sockjs-client"
        guard FileManager.default.fileExists(atPath: library) else {
            throw TestFailure("there is no \(library); `make test-brokers` installs it")
        }
        let script = folder.appending(path: "Clients/node-session.js").path
        var program = Program("/usr/bin/env", ["node", script, url, way, login, destination])
        program.environment = ["NODE_PATH": "/usr/share/nodejs"]
        let result = try await program.run()
        guard result.status == .exited(0), let session = try LoggedSession.all(in: result.lines).first else {
            throw TestFailure("\(result)")
        }
        return session
    }

    /// Opens the page of `Servers/front.js` in a browser, which runs a session in each way.
    ///
    /// - Parameters:
    ///   - front: what serves the page, to which it reports.
    ///   - address: where the browser finds it.
    static func inBrowser(
        _ front: RunningProgram, at address: String, path: String, _ ways: [String], login: String = "guest",
        destination: String
    ) async throws -> [LoggedSession] {
        let chromium = "/usr/bin/chromium"
        guard FileManager.default.fileExists(atPath: chromium) else {
            throw TestFailure("there is no \(chromium); `make test-brokers` installs it")
        }
        let reports = front.written.lines.count { $0 == reportEnd }
        let query = [login, destination, path] + ways
        let browser = Program(
            chromium,
            [
                // It sees no page but ours; and its sandbox would not let root in.
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
                "http://\(address)/start?\(query.joined(separator: "&"))",
            ])
        return try await browser.start { browser in
            let written = try await browser.wait(otherwise: "reports nothing to \(front.written)") {
                let written = front.written.lines
                return written.count { $0 == reportEnd } > reports ? written : nil
            }
            return try LoggedSession.all(in: written).suffix(ways.count)
        }
    }

    private static let reportEnd = "end of the report"

    /// Serves the page, and behind it what the server at a port of 127.0.0.1 has.
    static func withFront<Value>(
        at address: String, before upstream: Int, isolation: isolated (any Actor)? = #isolation,
        _ body: (RunningProgram) async throws -> Value
    ) async throws -> Value {
        let script = folder.appending(path: "Servers/front.js").path
        let page = folder.appending(path: "Clients/page.html").path
        let front = Program("/usr/bin/env", ["node", script, address, "127.0.0.1:\(upstream)", page])
        return try await front.start { front in
            try await front.waitFor("listening\n")
            return try await body(front)
        }
    }
}
