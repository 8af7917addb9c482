import NIOConcurrencyHelpers
import NIOCore
import STOMPCore
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPClient

/// Headers that are created for each connection attempt.
@Suite(.timeLimit(.minutes(1))) struct AttemptHeadersTests {
    private struct Missing: AttemptHeadersFailure {
        var isRetryable: Bool
        var description: String { "no token" }
    }

    /// Tokens numbered 1, 2 and so on; the first `failing` requests fail.
    private static func tokens(
        failing: Int = 0, isRetryable: Bool = true
    ) -> (made: NIOLockedValueBox<Int>, provider: AttemptHeaders.Provider) {
        let made = NIOLockedValueBox(0)
        return (
            made,
            { timeLeft in
                #expect(timeLeft > .zero && timeLeft <= .seconds(20))
                let number = made.withLockedValue { made in
                    made += 1
                    return made
                }
                guard number > failing else { throw Missing(isRetryable: isRetryable) }
                return AttemptHeaders(connect: ["token": "\(number)"])
            }
        )
    }

    /// A server that sends `answer` to a CONNECT whose token is below this number, and CONNECTED otherwise.
    private static func refusing(
        below number: Int, with answer: String
    ) -> @Sendable (Frame, ScriptedBroker.Peer) -> Void {
        { frame, peer in
            guard frame.command == .connect, Int(frame.headers["token"] ?? "") ?? 0 < number else {
                return ScriptedBroker.obliging(frame, peer)
            }
            peer.send(answer)
        }
    }

    private static let refusal = "ERROR\nmessage:Bad CONNECT\n\n\0"

    private func connections(_ server: ScriptedBroker) -> [String] {
        server.frames.filter { $0.hasPrefix("CONNECT ") }
    }

    @Test func eachAttemptHasItsOwn() async throws {
        try await ScriptedBroker.with { server in
            let (made, provider) = Self.tokens()
            let configuration = configuration(server) {
                $0.session.headers = ["own": "x"]
                $0.attemptHeaders = provider
            }
            for number in 1...3 {
                let connection = try await STOMPConnection.connect(to: server.endpoint, configuration: configuration)
                #expect(connection.configuration.session.headers == ["own": "x", "token": "\(number)"])
                try await connection.disconnect()
            }
            #expect(made.withLockedValue { $0 } == 3)
            #expect(connections(server).enumerated().allSatisfy { $1.contains("own:x token:\($0 + 1)") })
        }
    }

    @Test func aRefusalRenewsThemOnce() async throws {
        try await ScriptedBroker.with(Self.refusing(below: 2, with: Self.refusal)) { server in
            let configuration = configuration(server) { $0.attemptHeaders = Self.tokens().provider }
            let connection = try await STOMPConnection.connect(to: server.endpoint, configuration: configuration)
            try await connection.disconnect()
            #expect(connections(server).count == 2)
        }
    }

    @Test func aSecondRefusalIsTheEnd() async throws {
        try await ScriptedBroker.with(Self.refusing(below: 9, with: Self.refusal)) { server in
            var policy = ReconnectPolicy(delay: .milliseconds(1))
            policy.includesFirst = true
            let (made, provider) = Self.tokens()
            let configuration = configuration(server) { $0.attemptHeaders = provider }
            let error = await #expect(throws: STOMPClientError.self) {
                try await Reconnection(servers: [(server.endpoint, configuration)], policy: policy).run { _ in }
            }
            guard case .refused = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(made.withLockedValue { $0 } == 2 && connections(server).count == 2)
        }
    }

    /// Other errors are left to the reconnection, and without a provider nothing is tried again.
    @Test func nothingElseRenewsThem() async throws {
        let passing = "ERROR\nmessage:Broker not available.\n\n\0"
        for (answer, hasProvider) in [(passing, true), (Self.refusal, false)] {
            try await ScriptedBroker.with(Self.refusing(below: 9, with: answer)) { server in
                let configuration = configuration(server) {
                    if hasProvider { $0.attemptHeaders = Self.tokens().provider }
                }
                await #expect(throws: STOMPClientError.self) {
                    try await STOMPConnection.connect(to: server.endpoint, configuration: configuration)
                }
                #expect(connections(server).count == 1)
            }
        }
    }

    @Test(arguments: [true, false]) func withoutThemAnAttemptFails(isRetryable: Bool) async throws {
        try await ScriptedBroker.with { server in
            var policy = ReconnectPolicy(delay: .milliseconds(1))
            policy.includesFirst = true
            let (made, provider) = Self.tokens(failing: 2, isRetryable: isRetryable)
            let reconnection = Reconnection(
                servers: [(server.endpoint, configuration(server) { $0.attemptHeaders = provider })], policy: policy)
            guard !isRetryable else {
                try await reconnection.run { try await $0.disconnect() }
                #expect(made.withLockedValue { $0 } == 3 && connections(server).count == 1)
                return
            }
            let error = await #expect(throws: STOMPClientError.self) { try await reconnection.run { _ in } }
            #expect(error.map { "\($0)" } == "no token")
            #expect(made.withLockedValue { $0 } == 1 && server.frames.isEmpty)
        }
    }

    @Test func whatIsARefusal() {
        func answer(_ status: Int) -> STOMPClientError {
            .transport(
                .webSocket(
                    .notUpgraded(
                        url: "u", HTTPRefusal(status: status, reason: "", body: ""), sockJS: nil)))
        }
        #expect([401, 403].allSatisfy { isRefusal(answer($0)) })
        #expect(![400, 404, 407, 429, 500, 503].contains { isRefusal(answer($0)) })
        #expect(!isRefusal(CancellationError()) && !isRefusal(STOMPClientError.ended))
    }
}
