import NIOCore
import STOMPClient
import STOMPCore
import Testing

@testable import StomptapRuntime

struct AckPolicyTests {
    private static let rabbitMQ = "server:RabbitMQ/3.10.8\n"
    private static let activeMQ = "server:ActiveMQ/5.17.2\n"

    private func handshake(_ headers: String, version: String = "1.2") throws -> Handshake {
        var session = Session()
        _ = try session.connect(SessionConfiguration(virtualHost: "/"))
        var decoder = FrameDecoder()
        let versionLine = version == "1.0" ? "" : "version:\(version)\n"
        decoder.feed(ByteBuffer(string: "CONNECTED\n\(versionLine)\(headers)\n\0"))
        guard case .frame(let frame) = try #require(try decoder.next()),
            case .connected(let handshake) = try session.receive(frame)
        else { throw CancellationError() }
        return handshake
    }

    private func policy(
        _ destination: String = "/queue/a", _ server: String = rabbitMQ, version: String = "1.2",
        headers: HeaderList = [:], ack: AckMode? = nil, _ purpose: AckPolicy.Purpose = .consume, prefetch: Int? = nil,
        wanted: Int? = nil
    ) throws -> AckPolicy {
        AckPolicy(
            to: destination, headers: headers, ack: ack, purpose: purpose, prefetch: prefetch, wanted: wanted,
            handshake: try handshake(server, version: version))
    }

    @Test(arguments: [
        "/queue/a", "/amq/queue/a", "/reply-queue/a", "/dsub/a", "Consumer.a.VirtualTopic.b", "/temp-queue/a",
        "/topic/a,/queue/b",
    ])
    func aQueueIsAcknowledgedMessageByMessage(_ destination: String) throws {
        let policy = try policy(destination)
        #expect(policy.mode == .clientIndividual && policy.scope == .all && policy.isQueue && !policy.isChosen)
        #expect(policy.headers == ["prefetch-count": "100"])
    }

    @Test(arguments: [["durable": "true"], ["activemq.subscriptionName": "me"]] as [HeaderList])
    func soIsWhatTheServerKeepsForASubscription(_ headers: HeaderList) throws {
        #expect(try policy("/topic/a", headers: headers).mode == .clientIndividual)
    }

    @Test(arguments: ["/topic/a", "/exchange/a", "/user/queue/a", "/app/a", "/topic/queue/a", "queue/a"])
    func otherDestinationsAreNotQueues(_ destination: String) throws {
        for purpose in [AckPolicy.Purpose.consume, .search, .peek] {
            let policy = try policy(destination, Self.rabbitMQ, purpose)
            #expect(policy.mode == .auto && policy.scope == .none && policy.headers.isEmpty && !policy.isQueue)
        }
        let chosen = try policy(destination, ack: .client)
        #expect(chosen.mode == .client && chosen.scope == .all)
    }

    @Test func theServerDecidesWhatIsAskedOfIt() throws {
        #expect(try policy("/queue/a", Self.activeMQ).headers == ["activemq.prefetchSize": "100"])
        #expect(try policy("/queue/a", "server:ActiveMQ-Artemis/2.30\n").headers == [:])
        #expect(try policy("/queue/a", "").headers == ["prefetch-count": "100", "activemq.prefetchSize": "100"])
        #expect(try policy(prefetch: 7).headers == ["prefetch-count": "7"])
        #expect(try policy(wanted: 3).headers == ["prefetch-count": "3"])
        #expect(try policy(prefetch: 7, wanted: 250).headers == ["prefetch-count": "7"])
        #expect(try policy(wanted: 250).headers == ["prefetch-count": "100"])
        #expect(try policy(headers: ["prefetch-count": "5"]).headers == [:])
        #expect(try policy(headers: ["prefetch-count": "5"]).prefetch == 5)
        #expect(try policy("/queue/a", "").prefetch == nil)
    }

    @Test func aSearchHasNoLimitAndTakesWhatItWants() throws {
        let rabbit = try policy("/queue/a", Self.rabbitMQ, .search, wanted: 3)
        #expect(rabbit.scope == .wanted && rabbit.headers.isEmpty && !rabbit.needsWaking)
        let active = try policy("/queue/a", Self.activeMQ, .search)
        #expect(active.scope == .wanted && active.headers == ["activemq.prefetchSize": "100000"] && active.needsWaking)
    }

    @Test func aPeekTakesNothing() throws {
        let rabbit = try policy("/queue/a", Self.rabbitMQ, .peek, wanted: 3)
        #expect(rabbit.mode == .clientIndividual && rabbit.scope == .none && rabbit.headers.isEmpty)
        let active = try policy("/queue/a", Self.activeMQ, .peek)
        #expect(active.scope == .none && active.isBrowser && active.headers["browser"] == "true")
        #expect(active.headers["activemq.prefetchSize"] == "100000")
        let old = try policy("/queue/a", Self.activeMQ, version: "1.0", .peek)
        #expect(old.scope == .none && !old.isBrowser && old.headers["browser"] == nil)
        #expect(try !policy("/topic/a", Self.activeMQ, headers: ["activemq.subscriptionName": "x"], .peek).isBrowser)
    }

    /// In STOMP 1.0 only RabbitMQ and ActiveMQ support client-individual, and an ACK in client mode covers all
    /// earlier messages.
    @Test func stomp10() throws {
        for server in [Self.rabbitMQ, Self.activeMQ] {
            #expect(try policy("/queue/a", server, version: "1.0").mode == .clientIndividual)
        }
        let other = try policy("/queue/a", "session:1\n", version: "1.0")
        #expect(other.mode == .client && other.scope == .all)
        #expect(try policy("/queue/a", "session:1\n", version: "1.0", .search).scope == .none)
        #expect(try policy(ack: .client, .search).scope == .none)
    }

    @Test func autoIsAsItWas() throws {
        let auto = try policy(ack: .auto)
        #expect(auto.mode == .auto && auto.scope == .none && auto.headers.isEmpty && auto.isChosen)
    }

    @Test func whatMayComeAgainIsBoundedByThePrefetch() throws {
        let limited = try policy("/queue/a", Self.rabbitMQ)
        let open = try policy("/queue/a", "session:1\n")
        #expect(limited.prefetch == 100 && open.prefetch == nil)
        func repeats(_ policies: [AckPolicy?], _ outcome: DisconnectOutcome?) -> Int {
            AckPolicy.repeats(of: 250, under: policies, after: outcome)
        }
        #expect(repeats([limited], .unanswered) == 100)
        #expect(repeats([limited, limited], nil) == 200)
        #expect(repeats([limited, open], .ended) == 250)
        #expect(repeats([limited, nil], .ended) == 250)
        // If no acknowledged queue is left, no bound is known.
        #expect(repeats([], .ended) == 250)
        #expect(repeats([limited], .confirmed) == 0 && repeats([limited], .closed) == 0)
        #expect(AckPolicy.repeats(of: 7, under: [limited], after: .ended) == 7)
    }
}
