import NIOConcurrencyHelpers
import STOMPBroker
import STOMPTransport
import TestSupport
import Testing

/// Which HTTP requests the broker accepts.
@Suite(.timeLimit(.minutes(2))) struct AdmissionTests {
    private static let requests = [
        ("GET /ws HTTP/1.1", RawExchange.upgrade), ("GET /ws HTTP/1.1", []), ("GET /ws/info HTTP/1.1", []),
        ("GET /elsewhere HTTP/1.1", []), ("OPTIONS /ws/000/abcdefgh/xhr HTTP/1.1", []),
        ("POST /ws/000/abcdefgh/xhr_send HTTP/1.1", []),
    ]

    private func withPort(
        _ change: (inout BrokerConfiguration) -> Void = { _ in },
        _ body: (Int, NIOLockedValueBox<[AdmissionRefusal]>) async throws -> Void
    ) async throws {
        let refusals = NIOLockedValueBox<[AdmissionRefusal]>([])
        try await withBroker(.webSocket) {
            $0.refusalObserver = { refusal in refusals.withLockedValue { $0.append(refusal) } }
            change(&$0)
        } _: { address, _ in
            guard case .webSocket(_, let port, _) = address.listener else { throw TestFailure("\(address)") }
            try await body(port, refusals)
        }
    }

    @Test(arguments: ServerProfile.allCases) func aReboundNameGetsNothing(serverProfile: ServerProfile) async throws {
        try await withPort {
            $0.serverProfile = serverProfile; $0.allowedOrigins = ["*"]
        } _: { port, refusals in
            for (line, headers) in Self.requests {
                let status = try await RawExchange.status(
                    of: line, ["Host: evil.example:PORT", "Origin: http://evil.example:PORT"] + headers, port: port)
                #expect(status == "HTTP/1.1 421 Misdirected Request", "\(line)")
            }
            let all = refusals.withLockedValue { $0 }
            #expect(all == Self.requests.map { _ in .foreignHost("evil.example:\(port)") })
        }
    }

    @Test func aForeignPageGetsNothing() async throws {
        try await withPort { port, refusals in
            for (line, headers) in Self.requests {
                for origin in ["https://evil.example", "null", "http://evil.example:PORT"] {
                    let status = try await RawExchange.status(
                        of: line, ["Host: 127.0.0.1:PORT", "Origin: \(origin)"] + headers, port: port)
                    #expect(status == "HTTP/1.1 403 Forbidden", "\(line) \(origin)")
                }
            }
            #expect(refusals.withLockedValue { $0.count } == Self.requests.count * 3)
        }
    }

    @Test(
        arguments: [
            (["localhost:PORT"], "http://localhost:3000"), (["dev.localhost"], "http://127.0.0.1:5173"),
            (["[::1]:PORT"], "https://[::1]"), (["10.0.0.5:PORT"], "http://10.0.0.5:3000"),
            (["Box.Example:PORT"], "https://box.example"),
            (["host.docker.internal:PORT"], "http://host.docker.internal:PORT"),
            (["localhost"], nil), ([], nil), ([], "http://localhost"),
        ] as [([String], String?)])
    func aPageOfThisMachineIsLetIn(hosts: [String], origin: String?) async throws {
        try await withPort {
            $0.listenNames = ["box.example"]
        } _: { port, refusals in
            let headers = hosts.map { "Host: \($0)" } + (origin.map { ["Origin: \($0)"] } ?? [])
            let status = try await RawExchange.status(of: "GET /ws HTTP/1.1", headers + RawExchange.upgrade, port: port)
            #expect(status == "HTTP/1.1 101 Switching Protocols")
            #expect(refusals.withLockedValue { $0 } == [])
        }
    }

    @Test(
        arguments: [
            (nil, "http://localhost:3000", 101), (nil, "http://good", 403), (["http://good"], "http://good", 101),
            (["http://good"], "http://localhost:3000", 403), (["*"], "http://any", 101), (["*"], "null", 101),
        ] as [([String]?, String, Int)])
    func aListReplacesTheOrigins(list: [String]?, origin: String, status: Int) async throws {
        try await withPort {
            $0.allowedOrigins = list
        } _: { port, _ in
            let line = try await RawExchange.status(
                of: "GET /ws HTTP/1.1", ["Host: localhost", "Origin: \(origin)"] + RawExchange.upgrade, port: port)
            #expect(line?.split(separator: " ").dropFirst().first == "\(status)")
        }
    }

    /// A web page may send any text to any port without a preflight request.
    @Test(
        arguments: ServerProfile.allCases,
        [
            "CONNECT\naccept-version:1.2\nhost:/\n\n\0", "\0CONNECT\naccept-version:1.2\nhost:/\n\n\0",
            "\0\nCONNECT\nhost:/\n\n\0SEND\ndestination:/queue/a\n\nx\0",
        ]) func anHTTPRequestOpensNoSession(serverProfile: ServerProfile, body: String) async throws
    {
        try await withBroker(.tcp, { $0.serverProfile = serverProfile }) { address, events in
            guard case .tcp(_, let port) = address.listener else { throw TestFailure("\(address)") }
            for line in ["POST / HTTP/1.1", "GET /x HTTP/1.1", "PUT / HTTP/1.0", "CONNECT a:1 HTTP/1.1"] {
                let request = "\(line)\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: text/plain\r\n\r\n\(body)"
                let answer = try await RawExchange.answer(to: request, port: port)
                #expect(answer?.contains("CONNECTED") != true, "\(line)")
            }
            _ = try await events.first(8)
            #expect(!events.all.contains { if case .connected = $0.kind { true } else { false } })
        }
    }
}
