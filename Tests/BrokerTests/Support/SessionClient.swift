import Foundation
import TestSupport

/// Runs the sessions of `Clients/session.js`.
enum SessionClient {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// Runs a session in node, with Debian's `node-sockjs-client`.
    ///
    /// - Parameter way: a SockJS transport, or `plain` for a WebSocket without SockJS.
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

    /// Opens the page of `Servers/front.js` in a browser; the page runs one session for each of `ways`.
    ///
    /// - Parameters:
    ///   - front: the server of the page, which also gets its report.
    ///   - address: the host and port that the browser connects to.
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
                // The browser only loads our page; its sandbox does not work for root.
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

    /// Serves the page, and forwards other requests to the server on a port of 127.0.0.1.
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
