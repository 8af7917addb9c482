import Foundation
import TestSupport
import Testing

/// Runs the program behind a proxy, and checks that it uses the proxy.
@Suite(.spawning) struct ProxyTests {
    /// With the proxy set by option or environment, over every transport, through both kinds of proxy.
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

    /// The environment's proxy is not used for a host in NO_PROXY, and not for the demo, which runs inside the
    /// program.
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

    @Test func aProxyForHTTPIsAskedForAWebSocket() async throws {
        let proxy = try await ScriptedProxy(.http())
        try await ServedBroker.run { broker in
            for (index, url) in [broker.webSocket, broker.sockJS].enumerated() {
                var publish = Program.stomptap("publish", url, "/topic/a", "hi")
                publish.environment = [["HTTP_PROXY", "http_proxy"][index]: proxy.http]
                let before = proxy.requests.count
                let sent = try await publish.run()
                #expect(sent.status == .exited(0), "\(sent)")
                #expect(proxy.requests.count > before)
            }
        }
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
                == "stomptap: proxy: 407 Proxy Authentication Required from the proxy \(proxy.http) for a tunnel to "
                + "broker.invalid:61613; the proxy requires credentials; add user and password before the host "
                + "in --proxy\n"
        )
        await proxy.stop()
    }

    /// With the proxy set by option or environment, and with characters that must be percent-encoded in a URL.
    @Test func aSOCKSProxyThatWantsCredentials() async throws {
        let proxy = try await ScriptedProxy(.socks(login: "ann:s@cr:et/\u{C548}"))
        let address = "127.0.0.1:\(proxy.port)"
        let url = "://ann:s%40cr%3Aet%2F%EC%95%88@\(address)"
        try await ServedBroker.run { broker in
            try await withTemporaryFolder { folder in
                let (trace, capture) = (folder.appending(path: "t.jsonl").path, folder.appending(path: "t.pcap").path)
                let sent = try await Program.stomptap(
                    "publish", broker.tcp, "/topic/a", "hi", "--proxy", "socks5h" + url, "-vvv", "--trace-file", trace,
                    "--pcap", capture, "--show-secrets"
                ).run()
                #expect(sent.status == .exited(0), "\(sent)")
                #expect(sent.errors.contains("> proxy SOCKS5 user and password  11 B"), "\(sent)")
                let files = try [trace, capture].map {
                    String(decoding: try Data(contentsOf: URL(filePath: $0)), as: UTF8.self)
                }
                #expect(files.allSatisfy { $0.contains("CONNECTED") })
                for text in files + [sent.output, sent.errors] {
                    #expect(!text.contains("ann") && !text.contains("s@cr") && !text.contains("s%40cr"))
                }
            }
            var publish = Program.stomptap("publish", broker.webSocket, "/topic/a", "hi")
            publish.environment = ["ALL_PROXY": "socks5" + url]
            let sent = try await publish.run()
            #expect(sent.status == .exited(0), "\(sent)")
        }
        for (login, words) in [
            ("ann:wr%6Fng@", "rejected the user or password; check them in --proxy"),
            ("", "requires authentication; add user and password before the host in --proxy"),
        ] {
            let refused = try await Program.stomptap(
                "publish", "stomp://broker.invalid", "/a", "hi", "--proxy", "socks5://\(login)\(address)"
            ).run()
            #expect(refused.status == .exited(77), "\(refused)")
            #expect(refused.errors == "stomptap: proxy: the proxy \(proxy.socks) \(words)\n")
        }
        await proxy.stop()
    }

    /// Each failure is one line with the proxy's URL, and has its own exit status.
    @Test(arguments: [
        ("HTTP/1.1 407 No\r\n\r\n", Int32(77), "407 No"), ("HTTP/1.1 403 No\r\n\r\n", 77, "the proxy's rules"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", 76, "502 Bad Gateway"), ("SSH-2.0-x\r\n", 76, "which is not HTTP"),
        ("", 69, "closed the connection"),
    ])
    func aProxyThatMakesNoTunnel(_ answer: String, _ status: Int32, _ words: String) async throws {
        let proxy = try await ScriptedProxy(.answer(Array(answer.utf8), closes: true))
        var publish = Program.stomptap("publish", "ws://broker.invalid/ws", "/a", "hi")
        publish.environment = ["all_proxy": proxy.http.replacing("://", with: "://ann:s%40cret@")]
        let result = try await publish.run()
        #expect(result.status == .exited(status), "\(result)")
        #expect(result.errors.hasPrefix("stomptap: proxy: "), "\(result)")
        #expect(result.errors.contains(words) && result.errors.contains(proxy.http), "\(result)")
        #expect(result.errors.split(separator: "\n").count == 1)
        #expect(!result.errors.contains("cret"))
        await proxy.stop()
    }

    @Test func aProxyThatIsDownIsNamed() async throws {
        let port = try Loopback.freePorts(1)[0]
        let result = try await Program.stomptap(
            "publish", "stomp://broker.invalid", "/a", "hi", "--proxy", "socks5://127.0.0.1:\(port)"
        ).run()
        #expect(result.status == .exited(69), "\(result)")
        #expect(
            result.errors
                == "stomptap: proxy: cannot connect to the proxy socks5://127.0.0.1:\(port): connection refused "
                + "by 127.0.0.1:\(port); is the proxy running, and is this its port?\n")
    }

    @Test func anInvalidProxyIsWrongUsage() async throws {
        let result = try await Program.stomptap(
            "publish", "stomp://localhost", "/a", "hi", "--proxy", "ftp://user:secret@proxy:1"
        ).run()
        #expect(result.status == .exited(64), "\(result)")
        #expect(
            result.errors.contains("proxy: \"ftp://user:****@proxy:1\": unknown scheme; use http:// or socks5://"))
        #expect(!result.errors.contains("secret"))
    }
}
