import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// Peers whose handshake fails before a certificate is sent.
@Suite(.spawning) struct TLSHandshakeTests {
    static let foreign: [(answer: String, spoken: SpokenProtocol)] = [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", .other(.http)), ("ERROR\nmessage:what\n\n\0", .stomp),
        ("SSH-2.0-OpenSSH_9.2p1\r\n", .other(.ssh)), ("AMQP\0\0\u{9}\u{1}\n", .other(.amqp)),
        ("\u{1b}[2Jgarbage\n", .unknown(Array("\u{1b}[2Jgarbage\n".utf8))),
        // A fragment.
        ("?", .unknown(Array("?".utf8))),
    ]

    @Test(arguments: foreign, Above.allCases)
    func aServerWithoutTLSIsNamedByWhatItSpeaks(
        _ foreign: (answer: String, spoken: SpokenProtocol), _ above: Above
    ) async throws {
        try await TestSupport.ScriptedServer.run(.sendText(foreign.answer)) { server in
            let error = try await refusal(above, by: server.port)
            #expect(error.kind == .protocolViolation)
            #expect(error == .tls(.foreignProtocol(foreign.spoken, from: .server)))
        }
    }

    @Test func whatIsSpokenIsKnownFromAnySplit() throws {
        let wire = try TLSWire()
        wire.client.start()
        try TLSWire.carry(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n"), to: wire.client, piece: 1)
        #expect(wire.client.failure == .tls(.foreignProtocol(.other(.http), from: .server)))
        wire.finish()
    }

    @Test func aClientWithoutTLSIsNamedByWhatItSpeaks() throws {
        for (request, spoken) in [
            ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", SpokenProtocol.httpRequest),
            ("CONNECT\naccept-version:1.2\n\n\0", .stomp), ("STOMP\naccept-version:1.2\n\n\0", .stomp),
            ("SSH-2.0-OpenSSH_9.2\r\n", .other(.ssh)),
        ] {
            let wire = try TLSWire()
            wire.server.start()
            try TLSWire.carry(ByteBuffer(string: request), to: wire.server)
            #expect(wire.server.failure == .tls(.foreignProtocol(spoken, from: .client)))
            #expect(!wire.server.log.entries.contains("active"))
            wire.finish()
        }
    }

    /// The answers that a client without TLS gets from this package's server and from OpenSSL.
    @Test func aPlainClientIsToldWhatThePortSpeaks() async throws {
        try await withTLSServer { port in
            let client = Inbox()
            let stream = try await TransportConnector().connect(
                to: .tcp(port), on: group.next(), deadline: .farEnough, receiver: client.factory)
            try await stream.send("CONNECT\naccept-version:1.2\n\n\0")
            #expect(try await client.end() == nil)
            let bytes = client.contents.chunks.flatMap { $0.readableBytesView }
            #expect(ForeignProtocol(firstBytes: bytes) == .tls)
            for target in [TransportTarget.webSocket(port), .webSocket(port, host: "localhost")] {
                let error = await transportError {
                    _ = try await TransportConnector().connect(
                        to: target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
                }
                guard case .http(.notHTTP(_, _, protocol: .tls)) = error else {
                    Issue.record("\(error as Any)")
                    return
                }
            }
        }
        try await withOpenSSLServer { port, _ in
            let error = await transportError {
                _ = try await TransportConnector().connect(
                    to: .webSocket(port), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
            }
            guard case .http(.connectionClosed) = error else {
                Issue.record("\(error as Any)")
                return
            }
        }
    }

    @Test(arguments: [
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "Client sent an HTTP request to an HTTPS server.",
        "You're speaking plain HTTP to an SSL-enabled server port.", "This combination of host and port requires TLS.",
    ]) func anHTTPServerThatWantsTLSIsUnderstood(_ body: String) async throws {
        try await TestSupport.ScriptedServer.run(
            script: { _ in TestSupport.ScriptedServer.http("400 Bad Request", body: body) }
        ) { server in
            let error = await transportError {
                _ = try await TransportConnector().connect(
                    to: .webSocket(server.port), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
            }
            #expect(error?.kind == .protocolViolation)
            guard case .webSocket(.notUpgraded(_, let refusal, _)) = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(refusal.status == 400 && refusal.saysPortWantsTLS)
        }
    }

    @Test(arguments: Above.allCases) func aServerThatClosesAtOnceIsSaid(_ above: Above) async throws {
        try await TestSupport.ScriptedServer.run(.awaitText("localhost")) { server in
            let error = try await refusal(above, by: server.port)
            #expect(error.kind == .connectionLost)
            #expect(error == .tls(.handshakeClosed(by: .server, receivedBytes: 0)))
        }
    }

    @Test func aServerThatResetsIsSaid() async throws {
        try await TestSupport.ScriptedServer.run(.awaitText("localhost"), .reset) { server in
            let error = try await refusal(by: server.port)
            #expect(error.kind == .connectionLost)
            #expect(error == .tls(.handshakeReset(by: .server, receivedBytes: 0)))
        }
    }

    // MARK: - Deadline

    @Test(arguments: Above.allCases) func aServerThatStallsMeetsTheDeadline(_ above: Above) async throws {
        try await TestSupport.ScriptedServer.run(.stall) { server in
            // Long enough for TCP on a busy machine.
            let error = try await refusal(
                above, by: server.port, host: "127.0.0.1", deadline: .now() + .seconds(3))
            #expect(error.kind == .timedOut)
            #expect(error == .tls(.handshakeTimedOut(with: .server, receivedBytes: 0)))
        }
    }

    @Test func aHandshakeThatDripsMeetsTheDeadline() throws {
        let wire = try TLSWire(deadline: .uptimeNanoseconds(0) + .seconds(5))
        wire.client.start()
        wire.server.start()
        try TLSWire.carry(wire.client.output(), to: wire.server)
        let flight = try wire.server.output()
        for index in 0..<49 {
            wire.loop.advanceTime(by: .milliseconds(100))
            let byte = try #require(flight.getSlice(at: index, length: 1))
            try TLSWire.carry(byte, to: wire.client)
            #expect(wire.client.channel.isActive)
        }
        wire.loop.advanceTime(by: .milliseconds(200))
        #expect(wire.client.failure?.kind == .timedOut)
        #expect(wire.client.failure == .tls(.handshakeTimedOut(with: .server, receivedBytes: 49)))
        #expect(!wire.client.channel.isActive)
        wire.finish()
    }

    @Test func theDeadlineIsForTheHandshakeOnly() throws {
        let wire = try TLSWire(deadline: .uptimeNanoseconds(0) + .seconds(5))
        try wire.start()
        wire.loop.advanceTime(by: .hours(1))
        wire.server.send("still here")
        try wire.exchange()
        #expect(wire.client.log.entries.contains("read still here"))
        wire.finish()
    }

    @Test func aListenerTimesOutTheHandshake() async throws {
        var tls = TLSServerOptions()
        tls.handshakeTimeout = .milliseconds(200)
        let trace = Trace(.layers)
        var options = TransportOptions()
        options.trace = trace.wire
        try await withTLSServer(.tcp, tls, options: options) { port in
            let client = Inbox()
            _ = try await TransportConnector().connect(
                to: .tcp(port), on: group.next(), deadline: .farEnough, receiver: client.factory)
            #expect(try await client.end() == nil)
            #expect(trace.failures == [.tls(.handshakeTimedOut(with: .client, receivedBytes: 0))])
            #expect(trace.lines.count == 1)
        }
    }

    // MARK: - Versions

    @Test(arguments: [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
    func aServerOfOneVersionIsMet(_ option: String, _ version: String) async throws {
        try await withOpenSSLServer(option, "-rev") { port, _ in
            let client = Inbox()
            let stream = try await connectTLS(to: port, client: client)
            #expect(stream.description.tls?.hasPrefix("\(version) ") == true)
            try await stream.send("abc\n")
            try await client.wait { $0.text == "cba\n" }
            try await stream.perform { $0.close() }
            #expect(try await client.end() == nil)
        }
    }

    @Test(arguments: Above.allCases) func aVersionThatIsTooOldIsNamed(_ above: Above) async throws {
        try await withOpenSSLServer("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0") { port, _ in
            let error = try await refusal(above, by: port)
            #expect(error.kind == .protocolViolation)
            // OpenSSL may answer with its version or with an alert.
            #expect(
                [.v11, nil].contains { error == .tls(.unsupportedVersion(by: .server, highest: $0, wanted: .v12)) },
                "\(error)")

            var old = TLSOptions(ca: "ca")
            old.minimumVersion = .v11
            if above == .tcp {
                let stream = try await connectTLS(to: port, old)
                #expect(stream.description.tls?.hasPrefix("TLSv1.1 ") == true)
                stream.abort()
            }
        }
    }

    @Test func theLeastVersionMayBeRaised() async throws {
        try await withOpenSSLServer("-tls1_2") { port, _ in
            var new = TLSOptions(ca: "ca")
            new.minimumVersion = .v13
            let error = try await refusal(by: port, new)
            #expect(error.kind == .protocolViolation)
            #expect(
                [.v12, nil].contains { error == .tls(.unsupportedVersion(by: .server, highest: $0, wanted: .v13)) },
                "\(error)")
        }
    }

    @Test func noCipherInCommonIsSaid() async throws {
        try await withOpenSSLServer("-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0") { port, _ in
            let error = try await refusal(by: port)
            #expect(error.kind == .protocolViolation)
            #expect(error == .tls(.noCommonParameters(with: .server, TLSAlert(number: 40))))
        }
    }

    @Test func aNameThatTheServerDoesNotKnowIsSaid() async throws {
        try await withOpenSSLServer(
            "-servername", "other.example", "-servername_fatal", "-cert2", Certificates.shared.path("server.pem"),
            "-key2", Certificates.shared.path("key.pem")
        ) { port, _ in
            let error = try await refusal(by: port)
            #expect(error.kind == .refused)
            #expect(error == .tls(.unknownServerName("localhost", at: .server, TLSAlert(number: 112))))
        }
    }

    // MARK: - Server name indication

    @Test(arguments: [("localhost", true), ("127.0.0.1", false)])
    func aNameIsAskedForAndAnAddressIsNot(_ host: String, _ isName: Bool) async throws {
        try await TestSupport.ScriptedServer.run(.awaitText("\u{16}\u{3}")) { server in
            _ = try await refusal(by: server.port, host: host)
            let hello = try #require(server.received.first)
            #expect((hello.firstRange(of: Array(host.utf8)) != nil) == isName)
            // The extension `server_name` with one entry (RFC 6066, section 3).
            let name: [UInt8] = [0, 0, 0, 14, 0, 12, 0, 0, 9] + Array("localhost".utf8)
            #expect((hello.firstRange(of: name) != nil) == isName)
        }
    }
}
