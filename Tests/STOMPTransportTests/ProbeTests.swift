import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// The client probes a server only once to explain a failure.
@Suite(.timeLimit(.minutes(1))) struct ProbeTests {
    /// The errors of several attempts to open a WebSocket at `/ws` with the same options.
    private func attempts(
        _ count: Int, answer: ScriptedHTTP.Reply, info: ScriptedHTTP.Reply = .info
    ) async throws -> (errors: [TransportError?], server: ScriptedHTTP) {
        let options = TransportOptions()
        return try await ScriptedHTTP.run(script: { $0.path == "/ws/info" ? info : answer }) { server in
            var errors: [TransportError?] = []
            for _ in 1...count {
                errors.append(
                    await transportError {
                        let stream = try await TransportConnector(options: options).connect(
                            to: .webSocket(server.port), on: group.next(), deadline: .now() + .seconds(20),
                            receiver: Inbox().factory)
                        try await stream.perform { $0.abort() }
                    })
            }
            try await server.waitForEnd()
            return (errors, server)
        }
    }

    @Test(arguments: [ScriptedHTTP.Reply.info, .notFound]) func oneIsEnoughForAllAttempts(
        info: ScriptedHTTP.Reply
    ) async throws {
        let (errors, server) = try await attempts(4, answer: .notFound, info: info)
        #expect(server.lines == ["GET /ws", "GET /ws/info", "GET /ws", "GET /ws", "GET /ws"])
        #expect(server.connections.opened == 5)
        #expect(errors.count == 4 && Set(errors).count == 1)
    }

    @Test(arguments: [407, 429, 500, 501, 502, 503, 504, 599]) func noneIsMadeWhereItCannotHelp(
        status: Int
    ) async throws {
        let (errors, server) = try await attempts(2, answer: .answer("\(status) No"))
        #expect(server.lines == ["GET /ws", "GET /ws"])
        #expect(errors.allSatisfy { $0?.response?.status == status })
    }

    /// If the first answer only says that the server is busy, a plain WebSocket would fail too.
    @Test(arguments: [407, 429, 502, 503, 504]) func noWebSocketIsTriedAtABusyServer(status: Int) async throws {
        try await ScriptedHTTP.run(script: { _ in .answer("\(status) No", headers: "Retry-After: 7\r\n") }) { server in
            let error = await transportError { _ = try await openSockJS(server.port) }
            #expect(server.lines == ["GET /ws/info"])
            #expect(error?.response?.status == status && error?.response?.retryAfter == .seconds(7))
            #expect(error?.isRetryable(hadSession: false) == (status != 407))
        }
    }

    @Test func eachTargetIsAskedOnce() async {
        let probes = ProbeMemory()
        func target(_ port: Int) -> TransportTarget {
            TransportTarget(kind: .tcp, host: "h", port: port, isSecure: true)
        }
        #expect(await probes.answer(of: target(1)) { true })
        #expect(await probes.answer(of: target(1)) { false })
        #expect(await !probes.answer(of: target(2)) { await probes.answer(of: target(2)) { true } })
    }
}
