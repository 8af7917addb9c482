import Foundation
import TestSupport
import Testing

/// Attacks of a malicious web page on `tap` and `serve`, with requests as a browser sends them.
@Suite(.spawning) struct RebindingTests {
    private func port(_ address: String) throws -> Int {
        try #require(address.firstMatch(of: #/:(\d+)/#).flatMap { Int($0.output.1) })
    }

    /// The page's name resolves to the tap; the tap would present the page's origin to the server as the server's own.
    @Test func aReboundNameDoesNotPassTheTap() async throws {
        try await ServedBroker.run(["--origin", "http://only.example"]) { broker in
            let server = try port(broker.webSocket)
            try await RunningTap.run(to: "http://127.0.0.1:\(server)", ["--listen-name", "Friend.example"]) { tap in
                let port = try port(tap.address)
                func ask(_ host: String) async throws -> String? {
                    try await RawExchange.status(
                        of: "GET /ws HTTP/1.1", ["Host: \(host)", "Origin: http://\(host)"] + RawExchange.upgrade,
                        port: port)
                }
                for _ in 0..<3 { #expect(try await ask("evil.example:PORT") == "HTTP/1.1 421 Misdirected Request") }
                // The tap forwards these; the server decides.
                for host in ["127.0.0.1:PORT", "friend.example:PORT"] {
                    #expect(try await ask(host) == "HTTP/1.1 403 Forbidden")
                }
                let errors = try await tap.end().errors
                let lines = errors.split(separator: "\n").filter { $0.contains("HTTP 421") }
                #expect(lines.count == 1 && lines[0].contains("use --listen-name evil.example"), "\(errors)")
            }
        }
    }

    @Test(arguments: [["--cookie", "SESSION=s"], ["--http-header", "Authorization: s"], ["--origin", "http://ok"]])
    func aForeignPageDoesNotUseWhatTheTapAdds(options: [String]) async throws {
        try await ScriptedHTTP.run(script: { _ in .answer("200 OK", "hello") }) { server in
            func ask(_ origin: String, _ more: [String]) async throws -> (status: String?, errors: String) {
                try await RunningTap.run(to: "http://127.0.0.1:\(server.port)", options + more) { tap in
                    let status = try await RawExchange.status(
                        of: "GET /ws/info HTTP/1.1", ["Host: \(tap.address)", "Origin: \(origin)"],
                        port: try port(tap.address))
                    return (status, try await tap.end().errors)
                }
            }
            for origin in ["https://evil.example", "null"] {
                let refused = try await ask(origin, [])
                #expect(refused.status == "HTTP/1.1 403 Forbidden")
                let line =
                    "HTTP 403: \"\(origin)\" is a foreign web origin; to allow it, use --allow-origin \(origin)\n"
                #expect(refused.errors.contains(line), "\(refused.errors)")
            }
            #expect(server.requests == [])
            for allowed in ["https://good.example", "*"] {
                let passed = try await ask("https://good.example", ["--allow-origin", allowed])
                #expect(passed.status == "HTTP/1.1 200 OK")
                #expect(!passed.errors.contains("HTTP 403"))
            }
            #expect(try await ask("http://localhost:3000", []).status == "HTTP/1.1 200 OK")
            #expect(server.requests.count == 3)
        }
    }

    @Test func serveRefusesForeignHostsAndPages() async throws {
        try await ServedBroker.run { broker in
            let port = try port(broker.webSocket)
            func ask(_ host: String, _ origin: String) async throws -> String? {
                try await RawExchange.status(
                    of: "GET /ws/info HTTP/1.1", ["Host: \(host)", "Origin: \(origin)"], port: port)
            }
            #expect(
                try await ask("evil.example:PORT", "http://evil.example:PORT") == "HTTP/1.1 421 Misdirected Request")
            #expect(try await ask("localhost:PORT", "https://evil.example") == "HTTP/1.1 403 Forbidden")
            #expect(try await ask("localhost:PORT", "http://localhost:3000") == "HTTP/1.1 200 OK")
            try await broker.program.waitFor("use --listen-name evil.example\n", in: .stderr)
            try await broker.program.waitFor("use --origin https://evil.example\n", in: .stderr)
        }
        try await ServedBroker.run(["--origin", "*", "--listen-name", "evil.example"]) { broker in
            let status = try await RawExchange.status(
                of: "GET /ws HTTP/1.1", ["Host: evil.example", "Origin: https://evil.example"] + RawExchange.upgrade,
                port: try port(broker.webSocket))
            #expect(status == "HTTP/1.1 101 Switching Protocols")
        }
    }

    /// The output about a page's requests is limited and contains no terminal sequences.
    @Test func aFloodOfForeignHostsIsListedOnlySoFar() async throws {
        try await RunningTap.run(to: "http://127.0.0.1:1") { tap in
            let port = try port(tap.address)
            for number in 0..<40 {
                let host = "\u{9b}2J\(number)" + String(repeating: "x", count: 1000)
                #expect(
                    try await RawExchange.status(of: "GET / HTTP/1.1", ["Host: \(host)"], port: port)
                        == "HTTP/1.1 421 Misdirected Request")
            }
            let errors = try await tap.end().errors
            #expect(errors.count { $0 == "\n" } < 30 && errors.utf8.count < 10_000, "\(errors)")
            #expect(errors.matches(of: /HTTP 421/).count == 20 && errors.contains("no longer listed"), "\(errors)")
            #expect(!errors.unicodeScalars.contains("\u{9b}"))
        }
    }

    /// A page can send any text to a port that does not speak HTTP.
    @Test(arguments: ["standard", "spring", "rabbitmq"]) func aPostToTheSTOMPPortOpensNoSession(profile: String)
        async throws
    {
        try await ServedBroker.run(["--emulate", profile, "-v"]) { broker in
            let body = "\0CONNECT\naccept-version:1.2\nhost:/\n\n\0SEND\ndestination:/queue/a\n\nx\0"
            let request = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let answer = try await RawExchange.answer(to: request, port: try port(broker.tcp))
            #expect(answer?.contains("CONNECTED") != true)
            let errors = try await broker.program.waitFor(": closed", in: .stderr)
            #expect(!errors.contains("connected with"), "\(errors)")
        }
    }

    @Test(arguments: [
        ["tap", "ws://h/", "--listen", "127.0.0.1:0", "--listen-name", "http://a"],
        ["tap", "ws://h/", "--listen", "127.0.0.1:0", "--allow-origin", "localhost:3000"],
        ["serve", "--listen-name", "a:1"],
        ["serve", "--origin", "a.example"],
    ]) func aNameOrOriginThatIsNotOneIsUsage(arguments: [String]) async throws {
        var program = Program.stomptap()
        program.arguments = arguments
        let result = try await program.run()
        #expect(result.status == .exited(64) && result.errors.contains("invalid"), "\(result)")
    }
}
