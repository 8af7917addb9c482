import Foundation
import TestSupport
import Testing

/// The program behind a proxy, which is seen to be asked.
@Suite(.spawning) struct ProxyTests {
    /// By option and by environment, over every transport, through either kind of proxy.
    @Test func tailsAndPublishesThroughAProxy() async throws {
        let http = try await ScriptedProxy(.http())
        let socks = try await ScriptedProxy(.socks())
        try await ServedBroker.run { broker in
            for url in [broker.tcp, broker.webSocket, broker.sockJS] {
                let before = (http.requests.count, socks.requests.count)
                let subscribe = Program.stomptap(
                    "subscribe", url, "/topic/a", "-n", "1", "-o", "body", "--proxy", http.http)
                try await subscribe.startSubscribed { subscriber in
                    var publish = Program.stomptap("publish", url, "/topic/a", "hi")
                    publish.environment = ["ALL_PROXY": socks.socks, "NO_PROXY": "example.com"]
                    let sent = try await publish.run()
                    #expect(sent.status == .exited(0), "\(sent)")
                    #expect(try await subscriber.result().output == "hi\n")
                }
                #expect(http.requests.count > before.0)
                #expect(socks.requests.count > before.1)
            }
        }
        await http.stop()
        await socks.stop()
    }

    /// The proxy of the environment is nobody's who is excepted, nor the demo's, which is no other program.
    @Test func noProxyIsAskedWhereNoneIsMeant() async throws {
        let proxy = try await ScriptedProxy(.answer(Array("HTTP/1.1 502 No\r\n\r\n".utf8), closes: true))
        try await ServedBroker.run { broker in
            for (url, exception) in [(broker.tcp, "127.0.0.0/8"), ("demo", "example.com")] {
                var publish = Program.stomptap("publish", url, "/app/echo", "hi")
                publish.environment = ["ALL_PROXY": proxy.http, "NO_PROXY": exception]
                let sent = try await publish.run()
                #expect(sent.status == .exited(0), "\(sent)")
            }
        }
        #expect(proxy.connections.opened == 0)
        await proxy.stop()
    }

    @Test func aProxyThatWantsCredentialsIsOneClearLine() async throws {
        let proxy = try await ScriptedProxy(
            .answer(Array("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".utf8), closes: true))
        let refused = try await Program.stomptap("publish", "stomp://broker.invalid", "/a", "hi", "--proxy", proxy.http)
            .run()
        #expect(refused.status == .exited(77), "\(refused)")
        #expect(refused.errors.split(separator: "\n").count == 1)
        #expect(
            refused.errors
                == "stomptap: proxy: 407 Proxy Authentication Required from the proxy \(proxy.http), asked for a tunnel "
                + "to broker.invalid:61613; the proxy wants credentials: write USER:PASSWORD@ before its host in --proxy\n"
        )
        await proxy.stop()
    }

    @Test func aProxyThatIsNoneIsAUsageError() async throws {
        let result = try await Program.stomptap(
            "publish", "stomp://localhost", "/a", "hi", "--proxy", "ftp://user:secret@proxy:1"
        ).run()
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.errors.contains("proxy: \"ftp://proxy:1\" has a scheme that is none of http and socks5"))
        #expect(!result.errors.contains("secret"))
    }
}
