import NIOConcurrencyHelpers
import NIOCore
import STOMPCore
import STOMPTransport
import Testing

import enum TestSupport.Loopback

@testable import STOMPClient

@Suite struct ReconnectPolicyTests {
    @Test func waitsTwiceAsLongEachTimeUpToALimit() {
        let policy = ReconnectPolicy(delay: .seconds(1), maximumDelay: .seconds(30))
        let longest = (1...9).map { policy.delay(beforeAttempt: $0, random: 1) }
        #expect(
            longest == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16), .seconds(30),
                .seconds(30), .seconds(30),
            ])
        #expect((1...9).map { policy.delay(beforeAttempt: $0, random: 0) } == longest.map { $0 / 2 })
    }

    @Test func neverOverflows() {
        let policy = ReconnectPolicy(delay: .seconds(365 * 24 * 3600), maximumDelay: .seconds(365 * 24 * 3600))
        #expect(policy.delay(beforeAttempt: .max, random: 2) == .seconds(365 * 24 * 3600))
        let unlimited = ReconnectPolicy(delay: .seconds(Int64.max), maximumDelay: .seconds(Int64.max))
        #expect(unlimited.delay(beforeAttempt: 9, random: 1) > .seconds(365 * 24 * 3600))
        #expect(policy.delay(beforeAttempt: -1, random: -1) == .seconds(365 * 6 * 3600))
    }

    @Test func aSeriesBeginsAnewOnlyAfterAStableConnection() {
        var attempts = ReconnectAttempts(ReconnectPolicy(attempts: 4))
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        attempts.opened(at: start)
        #expect(attempts.delay(at: start + .seconds(1), random: 1) == .milliseconds(500))
        #expect(attempts.delay(at: start + .seconds(2), random: 1) == .seconds(1))
        attempts.opened(at: start + .seconds(3))
        #expect(attempts.isOpen)
        #expect(attempts.delay(at: start + .seconds(7), random: 1) == .seconds(2))
        #expect(!attempts.isOpen && attempts.count == 3)
        attempts.opened(at: start + .seconds(10))
        #expect(attempts.delay(at: start + .seconds(15), random: 1) == .milliseconds(500))
        for _ in 2...4 { #expect(attempts.delay(at: start + .seconds(16), random: 0) != nil) }
        #expect(attempts.delay(at: start + .seconds(16), random: 0) == nil)
    }

    @Test func theFirstConnectionIsTriedAgainOnlyWhereThePolicyIncludesIt() {
        var policy = ReconnectPolicy()
        for includesFirst in [false, true] {
            policy.includesFirst = includesFirst
            var attempts = ReconnectAttempts(policy)
            #expect((attempts.delay(at: .uptimeNanoseconds(1), random: 0) != nil) == includesFirst)
        }
        var never = ReconnectAttempts(.never)
        never.opened(at: .uptimeNanoseconds(1))
        #expect(never.delay(at: .uptimeNanoseconds(2), random: 0) == nil)
    }

    /// A server that sends `retry: 0` and ends each stream must not be contacted without a pause.
    @Test(arguments: [
        (Duration.zero, [Duration.zero, .seconds(1), .seconds(2), .seconds(4)]),
        (.milliseconds(10), [.milliseconds(10), .seconds(1), .seconds(2), .seconds(4)]),
        (.seconds(3), [.seconds(3), .seconds(3), .seconds(3), .seconds(3)]),
    ])
    func whatTheServerAsksForIsTheShortestWait(asked: Duration, waits: [Duration]) {
        var attempts = ReconnectAttempts(ReconnectPolicy(delay: .seconds(1)))
        var now = NIODeadline.uptimeNanoseconds(1)
        let measured = waits.map { _ in
            attempts.opened(at: now)
            now = now + .seconds(1)
            return attempts.delay(at: now, requested: asked, random: 1)
        }
        #expect(measured == waits)
    }

    @Test func triesAgainOnlyWhatMayPass() {
        let passing: [STOMPClientError] = [
            .closed(nil, .betweenFrames), .silent(for: .seconds(2), agreed: .seconds(1)), .ended, .aborted,
            .timedOut(.receipt, within: .seconds(1)), .transport(.tcp(.connectionRefused(by: ["a:1"]))),
            .transport(.tcp(.connectionReset(by: "a:1"))), .transport(.name(.noSuchHost("a", cause: nil))),
            .transport(.tcp(.noAnswer(from: "a:1", within: .seconds(1)))),
        ]
        for error in passing { #expect(error.isRetryable(hadSession: false), "\(error)") }
        let unready = HTTPRefusal(status: 503, reason: "No", body: "", retryAfter: .seconds(9))
        let passingAnswers = [429, 502, 503, 504].map { HTTPRefusal(status: $0, reason: "", body: "") } + [unready]
        for answer in passingAnswers {
            let error = STOMPClientError.transport(.webSocket(.notUpgraded(url: "ws://h/ws", answer, sockJS: nil)))
            #expect(error.isRetryable(hadSession: false), "\(error)")
            #expect(error.retryAfter == answer.retryAfter)
            #expect(
                STOMPClientError.transport(.sockJS(.requestFailed(url: "u", answer))).isRetryable(hadSession: false))
            #expect(TransportError.http(.notEventStream(answer, from: "u")).isRetryable(hadSession: false))
        }
        for (status, afterSession) in [(404, true), (401, false), (403, false), (500, false), (200, false)] {
            let answer = HTTPRefusal(status: status, reason: "", body: "")
            let error = STOMPClientError.transport(.webSocket(.notUpgraded(url: "ws://h/ws", answer, sockJS: nil)))
            #expect(
                !error.isRetryable(hadSession: false) && error.isRetryable(hadSession: true) == afterSession,
                "\(status)")
        }
        #expect(
            !TransportError.http(.notEventStream(HTTPRefusal(status: 204, reason: "", body: ""), from: "u"))
                .isRetryable(
                    hadSession: true))
        let lasting: [STOMPClientError] = [
            .protocolViolation(STOMPProtocolError(.peer, .loneCarriageReturn), nil), .noEndpoint,
            .protocolViolation(STOMPProtocolError(.peer, .lineTooLong(limit: 1)), nil),
            .invalidEndpoint("x", .noScheme), .cannotSend(.afterDisconnect),
            .transport(.tcp(.cannotListen(on: "a:1", nil))),
        ]
        for error in lasting { #expect(!error.isRetryable(hadSession: true), "\(error)") }
    }
}

/// Whether another attempt follows, at given times. The first delay is at most 500 ms; a session is stable after 5 s.
@Suite struct ReconnectAttemptsTests {
    private func time(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    private func attempts(_ attempts: Int? = nil, includesFirst: Bool = false) -> ReconnectAttempts {
        var policy = ReconnectPolicy(attempts: attempts, delay: .seconds(1), maximumDelay: .seconds(30))
        policy.includesFirst = includesFirst
        return ReconnectAttempts(policy)
    }

    @Test func theFirstConnectionIsTriedAsOftenAsAnyOther() {
        var again = attempts(2, includesFirst: true)
        #expect(again.delay(at: time(0), random: 1) == .milliseconds(500))
        #expect(again.delay(at: time(500), random: 1) == .seconds(1))
        #expect(again.delay(at: time(1500), random: 1) == nil)
    }

    @Test func aShortSessionDoesNotStartANewSeries() {
        var short = attempts(2)
        short.opened(at: time(0))
        #expect(short.delay(at: time(4999), random: 1) == .milliseconds(500))
        short.opened(at: time(6000))
        #expect(short.delay(at: time(10_999), random: 1) == .seconds(1))
        short.opened(at: time(12_000))
        #expect(short.delay(at: time(16_999), random: 1) == nil)
    }

    @Test func aStableSessionBeginsANewSeries() {
        var stable = attempts(1)
        stable.opened(at: time(0))
        #expect(stable.delay(at: time(100), random: 1) == .milliseconds(500))
        stable.opened(at: time(600))
        #expect(stable.delay(at: time(5600), random: 1) == .milliseconds(500))
        // Only a session starts a new series, not an attempt after a long time.
        #expect(stable.delay(at: time(60_000), random: 1) == nil)
    }
}

@Suite(.timeLimit(.minutes(1))) struct ReconnectionTests {
    private let quick = ReconnectPolicy(delay: .milliseconds(2), maximumDelay: .milliseconds(20))

    /// An endpoint where no server listens.
    private func nobody() throws -> Endpoint {
        try Endpoint("stomp://127.0.0.1:\(try Loopback.freePorts(1)[0])")
    }

    private func servers(_ server: ScriptedBroker) -> [(endpoint: Endpoint, configuration: ClientConfiguration)] {
        [(server.endpoint, ClientConfiguration(server.endpoint))]
    }

    @Test func bringsTheSubscriptionBack() async throws {
        let connections = NIOLockedValueBox(0)
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            ScriptedBroker.obliging(frame, peer)
            guard frame.command == .subscribe else { return }
            let number = connections.withLockedValue { count in
                count += 1
                return count
            }
            peer.sendMessage("from \(number)", subscription: frame.headers["id"] ?? "")
            if number < 3 { peer.close() }
        }
        try await ScriptedBroker.with(script) { server in
            let bodies = NIOLockedValueBox<[String]>([])
            try await Reconnection(servers: servers(server), policy: quick).run { connection in
                let subscription = try await connection.subscribe(to: "/topic/a", id: "mine", headers: ["x": "1"])
                for try await message in subscription.messages {
                    bodies.withLockedValue { $0.append(String(buffer: message.body)) }
                    if bodies.withLockedValue({ $0.count }) == 3 { return }
                }
            }
            #expect(bodies.withLockedValue { $0 } == ["from 1", "from 2", "from 3"])
            let subscribed = server.frames.filter { $0.hasPrefix("SUBSCRIBE id:mine destination:/topic/a x:1") }
            #expect(subscribed.count == 3)
        }
    }

    @Test func doesNotTryAgainWhatWasRefused() async throws {
        try await ScriptedBroker.with({ _, peer in peer.send("ERROR\nmessage:no\n\n\0") }) { server in
            var policy = quick
            policy.includesFirst = true
            let error = await #expect(throws: STOMPClientError.self) {
                try await Reconnection(servers: servers(server), policy: policy).run { _ in }
            }
            guard case .refused = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(server.frames.count == 1)
        }
    }

    @Test func waitsLongerForAServerThatClosesInALoop() async throws {
        let waits = NIOLockedValueBox<[Duration]>([])
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            if frame.command == .connect { peer.sendConnected() }
            peer.close()
        }
        try await ScriptedBroker.with(script) { server in
            var policy = quick
            policy.attempts = 5
            let reconnection = Reconnection(servers: servers(server), policy: policy) { event in
                if case .lost(_, _, let wait) = event { waits.withLockedValue { $0.append(wait) } }
            }
            let error = await #expect(throws: STOMPClientError.self) {
                try await reconnection.run { connection in
                    for try await _ in try await connection.subscribe(to: "/a").messages {}
                }
            }
            #expect(error?.isLoss == true, "\(error as Any)")
            let seen = waits.withLockedValue { $0 }
            try #require(seen.count == 5)
            #expect(seen[4] > seen[0])
        }
    }

    @Test func triesTheFirstConnectionAgainOnlyWhereItIsAsked() async throws {
        let endpoint = try nobody()
        let attempts = NIOLockedValueBox(0)
        var policy = quick
        policy.attempts = 3
        for includesFirst in [false, true] {
            policy.includesFirst = includesFirst
            let reconnection = Reconnection(
                servers: [(endpoint, ClientConfiguration(endpoint))], policy: policy
            ) { event in
                if case .lost = event { attempts.withLockedValue { $0 += 1 } }
            }
            await #expect(throws: STOMPClientError.self) { try await reconnection.run { _ in } }
            #expect(attempts.withLockedValue { $0 } == (includesFirst ? 3 : 0))
        }
    }

    @Test(arguments: ["returns", "throws", "is cancelled"]) func disconnectsAfterItsBody(which end: String) async throws
    {
        struct Oops: Error {}
        try await ScriptedBroker.with { server in
            let endpoint = server.endpoint
            let task = Task {
                try await Reconnection(to: endpoint, policy: quick).run { connection in
                    switch end {
                    case "throws": throw Oops()
                    case "is cancelled":
                        withUnsafeCurrentTask { $0?.cancel() }
                        try Task.checkCancellation()
                    default: break
                    }
                }
            }
            switch await task.result {
            case .success: #expect(end == "returns")
            case .failure(let error): #expect(error is Oops ? end == "throws" : end == "is cancelled", "\(error)")
            }
            #expect(server.frames.map { $0.prefix { $0 != " " } } == ["CONNECT", "DISCONNECT"])
        }
    }

    @Test func aBodyThatHasReturnedIsNotRunAgain() async throws {
        let script: @Sendable (Frame, ScriptedBroker.Peer) -> Void = { frame, peer in
            frame.command == .disconnect ? peer.send("ERROR\nmessage:no\n\n\0") : ScriptedBroker.obliging(frame, peer)
        }
        try await ScriptedBroker.with(script) { server in
            let runs = NIOLockedValueBox(0)
            await #expect(throws: STOMPClientError.self) {
                try await Reconnection(to: server.endpoint, policy: quick).run { _ in
                    runs.withLockedValue { $0 += 1 }
                }
            }
            #expect(runs.withLockedValue { $0 } == 1)
        }
    }

    @Test func connectLeavesTheSessionOpen() async throws {
        try await ScriptedBroker.with { server in
            let connection = try await Reconnection(to: server.endpoint).connect()
            #expect(server.frames.count == 1)
            #expect(try await connection.disconnect() == .confirmed)
        }
    }

    @Test func goesToTheNextServer() async throws {
        let dead = try nobody()
        try await ScriptedBroker.with { server in
            let reconnection = Reconnection(
                servers: [(dead, ClientConfiguration(dead))] + servers(server), policy: .never)
            let name = try await reconnection.run { connection in
                try await connection.disconnect()
                return connection.handshake.server
            }
            #expect(name == "scripted/1")
        }
    }
}
