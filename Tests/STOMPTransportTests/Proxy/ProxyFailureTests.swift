import NIOCore
import STOMPTransport
import TestSupport
import Testing

/// What is said where a proxy does not do what it should; nothing is left open then.
@Suite struct ProxyFailureTests {
    private static let target = TransportTarget.tcp(61613, host: "broker.invalid")

    private static func error(
        _ manner: ScriptedProxy.Manner, proxy scheme: String = "http://", within limit: TimeAmount = .seconds(20),
        target: TransportTarget = target
    ) async throws -> TransportError? {
        let proxy = try await ScriptedProxy(manner)
        var options = TransportOptions()
        options.proxy = try ProxyTarget("\(scheme)127.0.0.1:\(proxy.port)")
        let error = await transportError {
            let stream = try await TransportConnector(options: options).connect(
                to: target, on: group.next(), deadline: .now() + limit, receiver: Inbox().factory)
            stream.abort()
        }
        try await Self.waitForEnd(of: proxy)
        await proxy.stop()
        return error?.withoutPort(proxy.port)
    }

    /// Waits until the one connection that came has ended.
    private static func waitForEnd(of proxy: ScriptedProxy) async throws {
        try await eventually {
            proxy.connections == (1, 1) ? () : nil
        } otherwise: {
            "\(proxy.connections)"
        }
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        var octets: String
        var closes = false
        var code: TransportError.Kind
        var text: String
        var testDescription: String { octets.debugDescription }
    }

    @Test(arguments: [
        Answer(
            octets: "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\n", code: .refused,
            text:
                "proxy: 407 Proxy Authentication Required from the proxy http://127.0.0.1:PORT, asked for a tunnel to "
                + "broker.invalid:61613; the proxy requires credentials: put user and password before its host in --proxy"
        ),
        Answer(
            octets: "HTTP/1.0 403 Forbidden\r\n\r\n", closes: true, code: .refused,
            text: "proxy: 403 Forbidden from the proxy http://127.0.0.1:PORT, asked for a tunnel to "
                + "broker.invalid:61613; the proxy's rules do not allow this host or port"),
        Answer(
            octets: "HTTP/1.1 502 \r\n\r\n<html>", code: .protocolViolation,
            text: "proxy: 502 from the proxy http://127.0.0.1:PORT, asked for a tunnel to broker.invalid:61613; "
                + "the proxy could not reach that host and port"),
        Answer(
            octets: "HTTP/1.1 101 Switching Protocols\r\n\r\n", code: .protocolViolation,
            text: "proxy: 101 Switching Protocols from the proxy http://127.0.0.1:PORT, asked for a tunnel to "
                + "broker.invalid:61613"),
        Answer(
            octets: "SSH-2.0-OpenSSH_9\r\n", code: .protocolViolation,
            text: "proxy: the proxy http://127.0.0.1:PORT answered \"SSH-2.0-OpenSSH_9\", which is no HTTP"),
        Answer(
            octets: "HTTP/1.1 OK\r\n\r\n", code: .protocolViolation,
            text: "proxy: the proxy http://127.0.0.1:PORT answered \"HTTP/1.1 OK\", which is no HTTP"),
        Answer(
            octets: "\u{5}\u{7F}", code: .protocolViolation,
            text: "proxy: the proxy http://127.0.0.1:PORT answered \"\\u{05}\\u{7F}\", which is no HTTP; "
                + "a SOCKS proxy is given as socks5://HOST:PORT"),
        Answer(
            octets: "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 20_000), code: .limitExceeded,
            text: "proxy: the head of the answer of the proxy http://127.0.0.1:PORT is longer than 16384 octets"),
        Answer(
            octets: "HTTP/1.1 200 OK\r\n", closes: true, code: .connectionLost,
            text: "proxy: the proxy http://127.0.0.1:PORT closed the connection when it was asked for a tunnel to "
                + "broker.invalid:61613"),
    ])
    func anHTTPProxyThatMakesNoTunnel(_ answer: Answer) async throws {
        let error = try await Self.error(.answer(Array(answer.octets.utf8), closes: answer.closes))
        #expect(error?.kind == answer.code)
        #expect(error?.layer == .proxy)
        #expect(error?.description == answer.text)
    }

    @Test func credentialsThatAreNotTaken() async throws {
        let error = try await Self.error(
            .answer(Array("HTTP/1.1 407 No\r\n\r\n".utf8), closes: false), proxy: "http://user:secret@")
        #expect(error?.kind == .refused)
        #expect(error?.remedy == "the proxy does not take these credentials: see --proxy")
        #expect(error?.description.contains("secret") == false)
    }

    @Test(arguments: [
        (1, TransportError.Kind.cannotConnect, "general failure"), (2, .refused, "not allowed by its rules"),
        (3, .cannotConnect, "network unreachable"), (4, .cannotConnect, "host unreachable"),
        (5, .cannotConnect, "connection refused"), (6, .cannotConnect, "TTL expired"),
        (7, .protocolViolation, "CONNECT is not supported"),
        (8, .protocolViolation, "this kind of address is not supported"),
        (99, .protocolViolation, "unknown reply 99"),
    ])
    func aSOCKSProxyThatMakesNoTunnel(_ reply: UInt8, _ code: TransportError.Kind, _ words: String) async throws {
        let error = try await Self.error(.socksReply([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]), proxy: "socks5://")
        #expect(error?.kind == code)
        #expect(
            error?.description
                == "proxy: the proxy socks5://127.0.0.1:PORT makes no tunnel to broker.invalid:61613: \(words)")
    }

    @Test(
        arguments: [
            ([5, 0xFF], TransportError.Kind.refused, "requires authentication"),
            ([5, 2], .refused, "requires authentication"),
            ([5, 1], .protocolViolation, "chose the authentication method 1, which was not offered"),
            (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), .protocolViolation, "does not speak SOCKS 5"),
        ] as [([UInt8], TransportError.Kind, String)])
    func whatIsNoSOCKS(_ octets: [UInt8], _ code: TransportError.Kind, _ words: String) async throws {
        let error = try await Self.error(.answer(octets, closes: false), proxy: "socks5://")
        #expect(error?.kind == code)
        #expect(error?.layer == .proxy)
        #expect(error?.message == "the proxy socks5://127.0.0.1:PORT \(words)")
    }

    @Test(
        arguments: [
            ([5, 2, 1, 1], TransportError.Kind.refused, "rejected the user or password"),
            ([5, 0xFF], .refused, "requires an authentication other than user and password"),
            ([5, 2, 9], .protocolViolation, "sent an invalid answer to user and password"),
        ] as [([UInt8], TransportError.Kind, String)])
    func credentialsThatSOCKSDoesNotTake(_ octets: [UInt8], _ code: TransportError.Kind, _ words: String) async throws {
        let error = try await Self.error(.answer(octets, closes: false), proxy: "socks5://ann:s%40cret@")
        #expect(error?.kind == code)
        #expect(error?.layer == .proxy)
        #expect(error?.message == "the proxy socks5://127.0.0.1:PORT \(words)")
        #expect(error?.description.contains("cret") == false)
    }

    @Test(arguments: [[5, 0, 7], [5, 0, 0, 9], [4, 90, 0, 0]] as [[UInt8]])
    func aReplyThatIsNoSOCKS(_ reply: [UInt8]) async throws {
        let error = try await Self.error(.socksReply(reply), proxy: "socks5://")
        #expect(error?.kind == .protocolViolation)
        #expect(error?.layer == .proxy)
    }

    @Test(arguments: [[], [5], [5, 0], [5, 0, 5, 0, 0]] as [[UInt8]])
    func aSOCKSProxyThatBreaksOff(_ octets: [UInt8]) async throws {
        let error = try await Self.error(.answer(octets, closes: true), proxy: "socks5://")
        #expect(error?.kind == .connectionLost)
        #expect(error?.layer == .proxy)
    }

    @Test(arguments: ["http://", "socks5://"]) func aProxyThatSaysNothing(_ scheme: String) async throws {
        // Long enough for TCP on a busy machine.
        let error = try await Self.error(.answer([], closes: false), proxy: scheme, within: .seconds(3))
        #expect(error?.kind == .timedOut)
        #expect(error?.description == "proxy: no answer from the proxy \(scheme)127.0.0.1:PORT within 3 s")
    }

    @Test func aProxyThatIsNotThere() async throws {
        let port = try Loopback.freePorts(1)[0]
        var options = TransportOptions()
        options.proxy = try ProxyTarget("http://user:secret@127.0.0.1:\(port)")
        let error = await transportError {
            _ = try await TransportConnector(options: options).connect(
                to: Self.target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
        #expect(error?.kind == .cannotConnect)
        #expect(
            error?.withoutPort(port).description
                == "proxy: cannot connect to the proxy http://127.0.0.1:PORT: connection refused by 127.0.0.1:PORT; "
                + "is the proxy running, and is this its port?")
    }

    @Test func aTargetThatNoProxyCanBeAskedFor() async throws {
        var options = TransportOptions()
        options.proxy = try ProxyTarget("socks5://127.0.0.1:1")
        for host in [String(repeating: "x", count: 256), "a\r\nX: y", ""] {
            let error = await transportError {
                _ = try await TransportConnector(options: options).connect(
                    to: .tcp(61613, host: host), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
            }
            #expect(error?.kind == .badConfiguration)
        }
    }

    /// Giving up leaves nothing open.
    @Test func cancellingEndsTheHandshake() async throws {
        let proxy = try await ScriptedProxy(.answer([], closes: false))
        var options = TransportOptions()
        options.proxy = try ProxyTarget(proxy.http)
        let connector = TransportConnector(options: options)
        let attempt = Task {
            _ = try await connector.connect(
                to: Self.target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
        try await eventually {
            proxy.connections.opened == 1 ? () : nil
        } otherwise: {
            "\(proxy.connections)"
        }
        attempt.cancel()
        await #expect(throws: CancellationError.self) { try await attempt.value }
        try await Self.waitForEnd(of: proxy)
        await proxy.stop()
    }
}
