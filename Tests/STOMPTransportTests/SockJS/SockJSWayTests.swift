import NIOCore
import TestSupport
import Testing

@testable import STOMPTransport

/// Every transport through every kind of proxy, with and without TLS.
@Suite(.timeLimit(.minutes(2))) struct SockJSWayTests {
    /// A name that only the scripted proxy can resolve.
    private static let unknownHost = "sockjs.invalid"

    private static func exchange(
        _ target: TransportTarget, _ transport: SockJSTransport, options: TransportOptions, server: EchoListener
    ) async throws -> TransportDescription {
        let inbox = Inbox()
        let stream = try await TransportConnector(options: options).connect(
            to: target, on: group.next(), deadline: .farEnough, receiver: inbox.factory)
        for text in ["there", " and", " back"] { try await stream.send(text) }
        try await inbox.wait { $0.text == "there and back" }
        #expect(try await server.client.contents.stream?.description.kind == .sockJS(transport))
        try await stream.perform { $0.close() }
        #expect(try await inbox.end() == nil)
        return stream.description
    }

    @Test(arguments: SockJSTransport.all, ["http", "socks5"])
    func throughAProxy(transport: SockJSTransport, scheme: String) async throws {
        let proxy = try await ScriptedProxy(scheme == "http" ? .http() : .socks())
        let server = try await EchoListener()
        var options = TransportOptions()
        options.proxy = try ProxyTarget("\(scheme)://127.0.0.1:\(proxy.port)")
        var target = TransportTarget.sockJS(server.port, transport)
        target.host = Self.unknownHost
        let description = try await Self.exchange(target, transport, options: options, server: server)
        #expect(description.kind == .sockJS(transport))
        // The proxy made every connection: only it can resolve the name.
        #expect(proxy.requests.count >= 2)
        #expect(proxy.requests.allSatisfy { $0.contains("\(Self.unknownHost):\(server.port)") })
        await server.stop()
        await proxy.stop()
    }

    @Test(arguments: SockJSTransport.all)
    func overTLS(transport: SockJSTransport) async throws {
        let server = try await EchoListener(tls: TLSServerOptions())
        var options = TransportOptions()
        options.tls = TLSOptions(ca: "ca")
        var target = TransportTarget.sockJS(server.port, transport)
        target.host = "localhost"
        target.isSecure = true
        let description = try await Self.exchange(target, transport, options: options, server: server)
        #expect(description.tls?.hasPrefix("TLSv1.3 ") == true)

        options.tls = TLSOptions()
        let error = await transportError { [options, target] in
            _ = try await TransportConnector(options: options).connect(
                to: target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
        #expect(error?.kind == .refused && error?.layer == .tls)
        await server.stop()
    }

    @Test(arguments: SockJSTransport.all, ["http", "socks5"])
    func overTLSThroughAProxy(transport: SockJSTransport, scheme: String) async throws {
        let proxy = try await ScriptedProxy(scheme == "http" ? .http() : .socks())
        let server = try await EchoListener(tls: TLSServerOptions())
        var options = TransportOptions()
        options.tls = TLSOptions(ca: "ca")
        options.proxy = try ProxyTarget("\(scheme)://127.0.0.1:\(proxy.port)")
        var target = TransportTarget.sockJS(server.port, transport)
        target.host = "localhost"
        target.isSecure = true
        let description = try await Self.exchange(target, transport, options: options, server: server)
        #expect(description.tls?.hasPrefix("TLSv1.3 ") == true)
        #expect(proxy.requests.count >= 2)
        await server.stop()
        await proxy.stop()
    }

    /// A refusal by the proxy is reported once, not as a transport that failed.
    @Test(arguments: [SockJSTransport.auto] + SockJSTransport.all)
    func aProxyThatRefusesEndsIt(transport: SockJSTransport) async throws {
        let proxy = try await ScriptedProxy(.answer(Array("HTTP/1.1 403 No\r\n\r\n".utf8), closes: true))
        var options = TransportOptions()
        options.proxy = try ProxyTarget("http://127.0.0.1:\(proxy.port)")
        let error = await transportError { [options] in
            _ = try await openSockJS(1, transport, options: options)
        }
        #expect(error?.layer == .proxy && error?.kind == .refused, "\(String(describing: error))")
        #expect(proxy.connections.opened == 1)
        await proxy.stop()
    }
}
