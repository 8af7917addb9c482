import NIOHTTP1
import STOMPTransport
import Testing

@testable import STOMPTap

@Suite struct RequestRewritingTests {
    private static func rewrite(
        _ headers: [(String, String)], server: (host: String, port: Int, isSecure: Bool) = ("server", 8080, false),
        isTapSecure: Bool = false, withholdsCompression: Bool = false, isOfSession: Bool = false,
        _ shape: (inout TransportOptions) -> Void = { _ in }
    ) -> (headers: [String], withheld: [String]) {
        var options = TransportOptions()
        shape(&options)
        let target = TransportTarget(
            kind: .webSocket(requestTarget: "/"), host: server.host, port: server.port, isSecure: server.isSecure)
        let rewriting = RequestRewriting(
            isTapSecure: isTapSecure, options: options, withholdsCompression: withholdsCompression)
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: HTTPHeaders(headers))
        let (reduced, withheld) = rewriting.withholding(from: head, isOfSession: isOfSession)
        let rewritten = rewriting.addressed(reduced, to: HTTPSite(target))
        #expect(rewritten.uri == "/" && rewritten.method == .GET && rewritten.version == .http1_1)
        return (rewritten.headers.map { "\($0.name): \($0.value)" }, withheld)
    }

    @Test func theHostIsTheServers() {
        #expect(
            Self.rewrite([("a", "b"), ("hOST", "tap:1"), ("c", "d")]).headers == ["a: b", "hOST: server:8080", "c: d"])
        #expect(Self.rewrite([("Host", "tap")], server: ("server", 80, false)).headers == ["Host: server"])
        #expect(Self.rewrite([("Host", "tap")], server: ("server", 443, true)).headers == ["Host: server"])
        #expect(Self.rewrite([("Host", "tap")], server: ("::1", 80, true)).headers == ["Host: [::1]:80"])
        #expect(Self.rewrite([]).headers == [])
    }

    @Test(arguments: [
        ("http://tap:1", "http://server:8080"), ("HTTP://TAP:1", "http://server:8080"),
        ("https://tap:1", "https://tap:1"),
        ("http://tap:2", "http://tap:2"), ("http://localhost:3000", "http://localhost:3000"), ("null", "null"),
    ]) func anOriginThatNamesTheTapBecomesTheServers(origin: String, expected: String) {
        let headers = Self.rewrite([("Origin", origin), ("Host", "tap:1")]).headers
        #expect(headers == ["Origin: \(expected)", "Host: server:8080"])
    }

    @Test(arguments: [
        ("http://tap:1", "http://server:8080"),
        ("http://tap:1/a?b=http://tap:1/", "http://server:8080/a?b=http://tap:1/"),
        ("HTTP://tap:1?", "http://server:8080?"), ("http://tap:10/", "http://tap:10/"), ("/a", "/a"), ("", ""),
    ]) func aReferrerAtTheTapBecomesTheServers(referrer: String, expected: String) {
        let headers = Self.rewrite([("Host", "tap:1"), ("Referer", referrer)]).headers
        #expect(headers == ["Host: server:8080", "Referer: \(expected)"])
    }

    @Test(arguments: [
        ("http://server:8080/login", "https://tap:1/login"), ("http://server:8080", "https://tap:1"),
        ("http://server:80800/", "http://server:80800/"), ("https://server:8080/", "https://server:8080/"),
        ("http://elsewhere/", "http://elsewhere/"), ("/login", "/login"),
        ("a?b=http://server:8080/", "a?b=http://server:8080/"),
    ]) func aRedirectionWithinTheServerLeadsToTheTap(location: String, expected: String) {
        let target = TransportTarget(
            kind: .webSocket(requestTarget: "/"), host: "server", port: 8080, isSecure: false)
        let rewriting = RequestRewriting(
            isTapSecure: true, options: TransportOptions(), withholdsCompression: false)
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": "tap:1"])
        let answer = HTTPResponseHead(
            version: .http1_1, status: .found, headers: ["a": "b", "Location": location, "c": "d"])
        let headers = rewriting.rewritten(answer, from: HTTPSite(target), to: request).headers.map {
            "\($0.name): \($0.value)"
        }
        #expect(headers.sorted() == ["Location: \(expected)", "a: b", "c: d"])
    }

    @Test func originsKnowTLS() {
        let server = ("server", 443, true)
        #expect(
            Self.rewrite([("Host", "tap:1"), ("Origin", "https://tap:1")], server: server, isTapSecure: true).headers
                == ["Host: server", "Origin: https://server"])
        #expect(
            Self.rewrite([("Host", "tap:1"), ("Origin", "http://tap:1")], server: server).headers
                == ["Host: server", "Origin: https://server"])
    }

    @Test func optionsReplaceHeaders() {
        let headers = [
            ("Host", "tap:1"), ("Origin", "http://tap:1"), ("cookie", "a"), ("Cookie", "b"), ("x-a", "1"),
            ("Authorization", "c"),
        ]
        #expect(
            Self.rewrite(headers) {
                $0.origin = "http://other"
                $0.cookie = "own"
                $0.httpHeaders = [("X-A", "2"), ("X-A", "3"), ("X-B", "한")]
            }.headers == [
                "Host: server:8080", "Authorization: c", "Origin: http://other", "Cookie: own", "X-A: 2", "X-A: 3",
                "X-B: \(String(latin1: "한".utf8))",
            ])
        #expect(Self.rewrite([("Host", "tap:1")]) { $0.httpHeaders = [("host", "x")] }.headers == ["host: x"])
        #expect(
            Self.rewrite([("Cookie", "a"), ("Sec-WebSocket-Protocol", "v12.stomp, v11.stomp")]).headers
                == ["Cookie: a", "Sec-WebSocket-Protocol: v12.stomp, v11.stomp"])
    }

    @Test func extensionsThatAreNotKnownAreWithheld() {
        let name = "Sec-WebSocket-Extensions"
        let offer = "permessage-deflate; client_max_window_bits"
        #expect(Self.rewrite([(name, offer)]) == (["\(name): \(offer)"], []))
        #expect(
            Self.rewrite([(name, "x-webkit-deflate-frame, \(offer)"), (name, "foo; bar")])
                == (["\(name): \(offer)"], ["x-webkit-deflate-frame", "foo"]))
        #expect(Self.rewrite([(name, "foo")]) == ([], ["foo"]))
        #expect(Self.rewrite([(name, offer)], withholdsCompression: true) == ([], ["permessage-deflate"]))
    }

    @Test func http2IsWithheld() {
        let own = [("Upgrade", "h2c"), ("HTTP2-Settings", "AAM")]
        for (connection, expected) in [
            ("Upgrade, HTTP2-Settings", []), ("close, Upgrade,HTTP2-Settings", ["Connection: close"]),
            ("upgrade, keep-alive , http2-settings", ["Connection: keep-alive "]),
        ] {
            #expect(Self.rewrite(own + [("Connection", connection)]) == (expected, ["h2c"]))
        }
        let webSocket = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
        #expect(Self.rewrite(webSocket) == (["Connection: Upgrade", "Upgrade: websocket"], []))
    }

    @Test func answersOfSessionsAreNotCompressed() {
        #expect(Self.rewrite([("accept-encoding", "gzip, br")]) == (["accept-encoding: gzip, br"], []))
        #expect(
            Self.rewrite([("accept-encoding", "gzip, br")], isOfSession: true)
                == (["accept-encoding: identity"], ["gzip", "br"]))
        #expect(Self.rewrite([("a", "b")], isOfSession: true) == (["a: b"], []))
    }

    @Test(
        arguments: [
            ("localhost:9000", "a=b; Path=/; Domain=example.com", "a example.com localhost"),
            ("127.0.0.1:9000", " a =b;domain = .Example.com ; Secure", "a example.com 127.0.0.1"),
            ("[::1]:9000", "a=b; Domain=example.com", "a example.com ::1"),
            ("127.0.0.1", "a=b; Domain=0.0.1", "a 0.0.1 127.0.0.1"),
            ("badexample.com", "a; Domain=example.com", "a example.com badexample.com"),
            ("dev.example.com:9000", "a=b; Domain=example.com", nil), ("example.com", "a=b; Domain=.EXAMPLE.com", nil),
            ("localhost", "a=b; Domain=localhost", nil), ("localhost", "a=b; Domain=", nil),
            ("localhost", "a=b; Domain", nil), ("localhost", "a=b; Path=/; Secure", nil),
            ("localhost", "Domain=example.com", nil), ("localhost", "a=b; Domain=x; Domain=localhost", nil),
        ] as [(String, String, String?)]) func cookiesOfOtherDomainsAreFound(
            host: String, cookie: String, found: String?
        )
    {
        let rewriting = RequestRewriting(isTapSecure: false, options: TransportOptions(), withholdsCompression: false)
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": host])
        let answer = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["set-cookie": cookie])
        let cookies = rewriting.foreignCookies(in: answer, to: request).map { "\($0.name) \($0.domain) \($0.host)" }
        #expect(cookies == (found.map { [$0] } ?? []))
    }
}
