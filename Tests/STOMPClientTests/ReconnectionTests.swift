import NIOConcurrencyHelpers
import NIOCore
import STOMPCore
import STOMPTransport
import Testing

import enum TestSupport.Loopback

@testable import STOMPClient

@Suite struct ReconnectPolicyTests {
    @Test func waitsTwiceAsLongEachTimeUpToALimit() {
        let policy = ReconnectPolicy(delay: .seconds(1), longestDelay: .seconds(30))
        let longest = (1...9).map { policy.wait(before: $0, chance: 1) }
        #expect(
            longest == [
                .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16), .seconds(30),
                .seconds(30), .seconds(30),
            ])
        #expect((1...9).map { policy.wait(before: $0, chance: 0) } == longest.map { .nanoseconds($0.nanoseconds / 2) })
    }

    @Test func neverOverflows() {
        let policy = ReconnectPolicy(delay: .hours(24 * 365), longestDelay: .hours(24 * 365))
        #expect(policy.wait(before: .max, chance: 2) == .hours(24 * 365))
        #expect(policy.wait(before: -1, chance: -1) == .hours(24 * 365 / 4))
    }

    @Test func aSeriesBeginsAnewOnlyAfterAStableConnection() {
        var attempts = ReconnectAttempts(ReconnectPolicy(attempts: 4))
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        attempts.opened(at: start)
        #expect(attempts.wait(at: start + .seconds(1), chance: 1) == .milliseconds(500))
        #expect(attempts.wait(at: start + .seconds(2), chance: 1) == .seconds(1))
        attempts.opened(at: start + .seconds(3))
        #expect(attempts.isOpen)
        #expect(attempts.wait(at: start + .seconds(7), chance: 1) == .seconds(2))
        #expect(!attempts.isOpen && attempts.count == 3)
        attempts.opened(at: start + .seconds(10))
        #expect(attempts.wait(at: start + .seconds(15), chance: 1) == .milliseconds(500))
        for _ in 2...4 { #expect(attempts.wait(at: start + .seconds(16), chance: 0) != nil) }
        #expect(attempts.wait(at: start + .seconds(16), chance: 0) == nil)
    }

    @Test func theFirstConnectionIsTriedAgainOnlyWhereThePolicyIncludesIt() {
        var policy = ReconnectPolicy()
        for includesFirst in [false, true] {
            policy.includesFirst = includesFirst
            var attempts = ReconnectAttempts(policy)
            #expect((attempts.wait(at: .uptimeNanoseconds(1), chance: 0) != nil) == includesFirst)
        }
        var never = ReconnectAttempts(.never)
        never.opened(at: .uptimeNanoseconds(1))
        #expect(never.wait(at: .uptimeNanoseconds(2), chance: 0) == nil)
    }

    /// A server that sends `retry: 0` and ends each stream must not be contacted without a pause.
    @Test(arguments: [
        (TimeAmount.zero, [TimeAmount.zero, .seconds(1), .seconds(2), .seconds(4)]),
        (.milliseconds(10), [.milliseconds(10), .seconds(1), .seconds(2), .seconds(4)]),
        (.seconds(3), [.seconds(3), .seconds(3), .seconds(3), .seconds(3)]),
    ])
    func whatTheServerAsksForIsTheShortestWait(asked: TimeAmount, waits: [TimeAmount]) {
        var attempts = ReconnectAttempts(ReconnectPolicy(delay: .seconds(1)))
        var now = NIODeadline.uptimeNanoseconds(1)
        let measured = waits.map { _ in
            attempts.opened(at: now)
            now = now + .seconds(1)
            return attempts.wait(at: now, asked: asked, chance: 1)
        }
        #expect(measured == waits)
    }

    @Test func triesAgainOnlyWhatMayPass() {
        let passing: [STOMPClientError] = [
            .closed(nil, .betweenFrames), .silent(for: .seconds(2), agreed: .seconds(1)), .over, .abandoned,
            .timedOut(.receipt, within: .seconds(1)), .transport(.tcp(.connectionRefused(by: ["a:1"]))),
            .transport(.tcp(.connectionReset(by: "a:1"))), .transport(.name(.noSuchHost("a", cause: nil))),
            .transport(.tcp(.noAnswer(from: "a:1", within: .seconds(1)))),
        ]
        for error in passing { #expect(error.mayPass(hadSession: false), "\(error)") }
        let unready = HTTPRefusal(status: 503, reason: "No", body: "", retryAfter: .seconds(9))
        let passingAnswers = [429, 502, 503, 504].map { HTTPRefusal(status: $0, reason: "", body: "") } + [unready]
        for answer in passingAnswers {
            let error = STOMPClientError.transport(.webSocket(.notUpgraded(url: "ws://h/ws", answer, sockJS: nil)))
            #expect(error.mayPass(hadSession: false), "\(error)")
            #expect(error.retryAfter == answer.retryAfter)
            #expect(STOMPClientError.transport(.sockJS(.requestFailed(url: "u", answer))).mayPass(hadSession: false))
            #expect(TransportError.http(.notEventStream(answer, from: "u")).mayPass(hadSession: false))
        }
        for (status, afterSession) in [(404, true), (401, false), (403, false), (500, false), (200, false)] {
            let answer = HTTPRefusal(status: status, reason: "", body: "")
            let error = STOMPClientError.transport(.webSocket(.notUpgraded(url: "ws://h/ws", answer, sockJS: nil)))
            #expect(!error.mayPass(hadSession: false) && error.mayPass(hadSession: true) == afterSession, "\(status)")
        }
        #expect(
            !TransportError.http(.notEventStream(HTTPRefusal(status: 204, reason: "", body: ""), from: "u")).mayPass(
                hadSession: true))
        let lasting: [STOMPClientError] = [
            .protocolViolation(STOMPProtocolError(.peer, .loneCarriageReturn), nil), .noEndpoint,
            .protocolViolation(STOMPProtocolError(.peer, .lineTooLong(limit: 1)), nil),
            .invalidEndpoint("x", .noScheme), .cannotSend(.afterDisconnect),
            .transport(.tcp(.cannotListen(on: "a:1", nil))),
        ]
        for error in lasting { #expect(!error.mayPass(hadSession: true), "\(error)") }
    }
}

/// Whether another attempt follows, at given times. The first delay is at most 500 ms; a session is stable after 5 s.
@Suite struct ReconnectAttemptsTests {
    private func time(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    private func attempts(_ attempts: Int? = nil, includesFirst: Bool = false) -> ReconnectAttempts {
        var policy = ReconnectPolicy(attempts: attempts, delay: .seconds(1), longestDelay: .seconds(30))
        policy.includesFirst = includesFirst
        return ReconnectAttempts(policy)
    }

    @Test func theFirstConnectionIsTriedAsOftenAsAnyOther() {
        var again = attempts(2, includesFirst: true)
        #expect(again.wait(at: time(0), chance: 1) == .milliseconds(500))
        #expect(again.wait(at: time(500), chance: 1) == .seconds(1))
        #expect(again.wait(at: time(1500), chance: 1) == nil)
    }

    @Test func aShortSessionDoesNotStartANewSeries() {
        var short = attempts(2)
        short.opened(at: time(0))
        #expect(short.wait(at: time(4999), chance: 1) == .milliseconds(500))
        short.opened(at: time(6000))
        #expect(short.wait(at: time(10_999), chance: 1) == .seconds(1))
        short.opened(at: time(12_000))
        #expect(short.wait(at: time(16_999), chance: 1) == nil)
    }

    @Test func aStableSessionBeginsANewSeries() {
        var stable = attempts(1)
        stable.opened(at: time(0))
        #expect(stable.wait(at: time(100), chance: 1) == .milliseconds(500))
        stable.opened(at: time(600))
        #expect(stable.wait(at: time(5600), chance: 1) == .milliseconds(500))
        // Only a session starts a new series, not an attempt after a long time.
        #expect(stable.wait(at: time(60_000), chance: 1) == nil)
    }
}

@Suite(.timeLimit(.minutes(1))) struct ReconnectionTests {
    private let quick = ReconnectPolicy(delay: .milliseconds(2), longestDelay: .milliseconds(20))

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
        let waits = NIOLockedValueBox<[TimeAmount]>([])
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
