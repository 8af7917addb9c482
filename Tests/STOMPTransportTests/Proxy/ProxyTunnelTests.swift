import Foundation
import NIOConcurrencyHelpers
import NIOCore
import STOMPTransport
import TestSupport
import Testing

/// Streams through proxies, over real sockets.
@Suite struct ProxyTunnelTests {
    /// A name that only the scripted proxy can resolve.
    static let host = "broker.invalid"

    private static func options(_ proxy: String, trace: WireTrace = .off) throws -> TransportOptions {
        var options = TransportOptions()
        options.proxy = try ProxyTarget(proxy)
        options.trace = trace
        return options
    }

    /// Sends data in both directions.
    private static func exchange(
        _ target: TransportTarget, options: TransportOptions, server: Inbox
    ) async throws {
        let client = Inbox()
        let stream = try await TransportConnector(options: options).connect(
            to: target, on: group.next(), deadline: .farEnough, receiver: client.factory)
        try await stream.send("there")
        let accepted = try #require(try await server.wait { $0.text == "there" }.stream)
        try await accepted.send("back")
        try await client.wait { $0.text == "back" }
        stream.abort()
        _ = try await server.end()
    }

    @Test(arguments: ["http", "socks5", "socks5h"]) func tcpGoesThrough(_ scheme: String) async throws {
        let proxy = try await ScriptedProxy(scheme == "http" ? .http() : .socks())
        let server = Inbox()
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions(), accept: server.factory)
        try await Self.exchange(
            .tcp(listener.port, host: Self.host), options: Self.options("\(scheme)://127.0.0.1:\(proxy.port)"),
            server: server)
        #expect(proxy.requests.count == 1)
        #expect(proxy.requests[0].contains("\(Self.host):\(listener.port)"))
        await listener.close()
        await proxy.stop()
    }

    @Test(arguments: ["http", "socks5"]) func webSocketGoesThrough(_ scheme: String) async throws {
        let proxy = try await ScriptedProxy(scheme == "http" ? .http() : .socks())
        let server = Inbox()
        let listener = try await TransportListener.webSocket(
            host: "127.0.0.1", port: 0, on: group, endpoint: WebSocketEndpoint(path: "/ws", subprotocols: []),
            options: TransportOptions(), accept: server.factory)
        try await Self.exchange(
            .webSocket(listener.port, host: Self.host), options: Self.options("\(scheme)://127.0.0.1:\(proxy.port)"),
            server: server)
        #expect(proxy.requests.count == 1)
        await listener.close()
        await proxy.stop()
    }

    /// The certificate is for the target's name, which is not the proxy's.
    @Test(arguments: ["http", "socks5"]) func tlsIsWithTheTarget(_ scheme: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (certificate, key) = (folder.appending(path: "cert.pem").path, folder.appending(path: "key.pem").path)
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/env")
        openssl.arguments =
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
            + ["-days", "30", "-keyout", key, "-out", certificate, "-subj", "/CN=\(Self.host)"]
            + ["-addext", "subjectAltName=DNS:\(Self.host)"]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0)

        let proxy = try await ScriptedProxy(scheme == "http" ? .http() : .socks())
        let server = Inbox()
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions(),
            tls: TLSServerOptions(certificate: certificate, key: key), accept: server.factory)
        var options = try Self.options("\(scheme)://127.0.0.1:\(proxy.port)")
        options.tls.ca = certificate
        let target = TransportTarget(kind: .tcp, host: Self.host, port: listener.port, isSecure: true)
        try await Self.exchange(target, options: options, server: server)
        await listener.close()
        await proxy.stop()
    }

    /// Bytes in the same segment as the proxy's answer come from the target, and the client receives them first.
    @Test(arguments: ["http", "socks5"]) func aTargetThatSpeaksFirstIsHeard(_ scheme: String) async throws {
        let early = "SSH-2.0-first\r\n"
        let proxy = try await ScriptedProxy(scheme == "http" ? .http(early: early) : .socks(early: early))
        let (client, server) = (Inbox(), Inbox())
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions(), accept: server.factory)
        let stream = try await TransportConnector(options: Self.options("\(scheme)://127.0.0.1:\(proxy.port)")).connect(
            to: .tcp(listener.port), on: group.next(), deadline: .farEnough, receiver: client.factory)
        try await client.wait { $0.text == early && $0.batches > 0 }
        try await stream.send("there")
        let accepted = try #require(try await server.wait { $0.text == "there" }.stream)
        try await accepted.send("back")
        try await client.wait { $0.text == early + "back" }
        stream.abort()
        await listener.close()
        await proxy.stop()
    }

    /// Basic credentials are sent to the proxy and appear nowhere else.
    @Test func credentialsAreForTheProxyAlone() async throws {
        let proxy = try await ScriptedProxy(.http())
        let server = Inbox()
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions(), accept: server.factory)
        let trace = Trace(.bytes)
        try await Self.exchange(
            .tcp(listener.port),
            options: Self.options("http://Aladdin:open%20sesame@127.0.0.1:\(proxy.port)", trace: trace.wire),
            server: server)
        #expect(
            proxy.requests == [
                "CONNECT 127.0.0.1:\(listener.port) HTTP/1.1\r\nHost: 127.0.0.1:\(listener.port)\r\n"
                    + "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
            ])
        let lines = trace.lines.filter { $0.hasPrefix("proxy ") }
        #expect(lines.first == "proxy local connecting through proxy \(proxy.http) to 127.0.0.1:\(listener.port)")
        #expect(lines.contains { $0.hasPrefix("proxy outgoing CONNECT 127.0.0.1:\(listener.port) HTTP/1.1") })
        #expect(lines.contains { $0.hasPrefix("proxy incoming HTTP/1.1 200 Connection established") })
        #expect(!trace.lines.contains { $0.contains("QWxh") || $0.contains("sesame") || $0.contains("Aladdin") })
        await listener.close()
        await proxy.stop()
    }

    /// User and password are sent to the proxy and appear nowhere else. Early data of the target is received.
    @Test(arguments: ["socks5", "socks5h"]) func credentialsForSOCKSAreForTheProxyAlone(_ scheme: String) async throws {
        let early = "SSH-2.0-first\r\n"
        let proxy = try await ScriptedProxy(.socks(early: early, login: "Aladdin:open sesame"))
        let (client, server) = (Inbox(), Inbox())
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions(), accept: server.factory)
        let trace = Trace(.bytes)
        let captured = NIOLockedValueBox(ByteBuffer())
        var options = try Self.options(
            "\(scheme)://Aladdin:open%20sesame@127.0.0.1:\(proxy.port)", trace: trace.wire)
        options.capture = { bytes in captured.withLockedValue { _ = $0.writeImmutableBuffer(bytes) } }
        let stream = try await TransportConnector(options: options).connect(
            to: .tcp(listener.port, host: Self.host), on: group.next(), deadline: .farEnough, receiver: client.factory)
        try await client.wait { $0.text == early }
        try await stream.send("there")
        try await server.wait { $0.text == "there" }
        stream.abort()
        _ = try await server.end()
        #expect(proxy.requests == ["\(Self.host):\(listener.port)"])
        let lines = trace.lines.filter { $0.hasPrefix("proxy ") }
        #expect(
            lines == [
                "proxy local connecting through proxy \(proxy.socks) to \(Self.host):\(listener.port)",
                "proxy outgoing socks greeting \u{5}\u{2}\0\u{2}",
                "proxy incoming socks answer \u{5}\u{2}",
                "proxy outgoing socks credentials \u{1}\u{4}****\u{4}****",
                "proxy incoming socks answer \u{1}\0",
                "proxy outgoing socks connect to \(Self.host):\(listener.port)",
                lines.first { $0.contains("socks request") },
                "proxy incoming socks reply \u{5}\0\0\u{1}\0\0\0\0\0\0",
                "proxy incoming socks succeeded",
            ])
        let all = trace.lines + [String(buffer: captured.withLockedValue { $0 })]
        #expect(all.contains { $0.contains("there") } && all.last?.contains(early) == true)
        #expect(!all.contains { $0.contains("sesame") || $0.contains("Aladdin") })
        await listener.close()
        await proxy.stop()
    }
}
