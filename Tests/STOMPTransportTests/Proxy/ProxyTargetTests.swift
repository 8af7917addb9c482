import STOMPTransport
import Testing

@Suite struct ProxyTargetTests {
    @Test(
        arguments: [
            ("http://proxy:3128", "http://proxy:3128", nil, nil), ("HTTP://proxy:3128/", "http://proxy:3128", nil, nil),
            ("proxy:3128", "http://proxy:3128", nil, nil), ("http://proxy", "http://proxy:80", nil, nil),
            ("socks5://proxy", "socks5://proxy:1080", nil, nil), ("socks5h://[::1]:9", "socks5://[::1]:9", nil, nil),
            ("socks5://user:p%40ss%3A@proxy", "socks5://proxy:1080", "user", "p@ss:"),
            ("socks5h://u%3Aser:%EC%95%88@[::1]:9", "socks5://[::1]:9", "u:ser", "\u{C548}"),
            ("http://user:p%40ss%3A@[fd00::1]:8080", "http://[fd00::1]:8080", "user", "p@ss:"),
            ("http://user@proxy:1", "http://proxy:1", "user", ""),
            ("http://u:a:b@c@proxy:1", "http://proxy:1", "u", "a:b@c"),
        ] as [(String, String, String?, String?)])
    func aURLIsRead(_ url: String, _ shown: String, _ user: String?, _ password: String?) throws {
        let proxy = try ProxyTarget(url)
        #expect(proxy.description == shown)
        #expect(proxy.user == user)
        #expect(proxy.password == password)
    }

    @Test(arguments: [
        ("", ProxyURLFault.noHostAndPort), ("http://", .noHostAndPort), ("ftp://proxy:1", .unknownScheme),
        ("socks4://proxy:1", .unknownScheme), ("https://proxy:443", .needsTLS), ("http://proxy:0", .invalidPort),
        ("http://proxy:65536", .invalidPort), ("http://proxy:x", .noHostAndPort), ("http://proxy:-1", .noHostAndPort),
        ("http://proxy:", .noHostAndPort), ("http://[::1", .noHostAndPort), ("http://[::1]x", .noHostAndPort),
        ("http://pro xy:1", .noHostAndPort), ("http://proxy:1/path", .moreThanHostAndPort),
        ("http://proxy:1?x", .moreThanHostAndPort), ("http://proxy:99999999999999999999", .noHostAndPort),
        ("http://u:%zz@proxy:1", .badPercentEncoding), ("http://u:%ff@proxy:1", .badPercentEncoding),
        ("http://a%3Ab:c@proxy:1", .colonInUser), ("http://u:se/cret@proxy:1", .moreThanHostAndPort),
        ("socks5://user@proxy:1", .badCredentialsLength), ("socks5://user:@proxy:1", .badCredentialsLength),
        ("socks5://:secret@proxy:1", .badCredentialsLength), ("socks5://u:%zzcret@proxy:1", .badPercentEncoding),
    ])
    func nonsenseIsNamed(_ url: String, _ expected: ProxyURLFault) throws {
        let error = try #require(throws: TransportError.self) { try ProxyTarget(url) }
        guard case .proxy(.invalidURL(_, let fault)) = error else { throw error }
        #expect(fault == expected)
        #expect(error.kind == .badConfiguration)
        #expect(error.layer == .proxy)
        #expect(!error.description.contains("cret"))
    }

    /// The limit counts bytes after percent-decoding.
    @Test(arguments: ["x", "%41", "%C3%A9"]) func credentialsForSOCKSHaveALimit(_ unit: String) throws {
        let size = unit == "%C3%A9" ? 2 : 1
        let (longest, tooLong) = (
            String(repeating: unit, count: 255 / size), String(repeating: unit, count: 255 / size + 1)
        )
        let proxy = try ProxyTarget("socks5://\(longest):\(longest)@proxy")
        #expect(proxy.user?.utf8.count == 255 / size * size)
        #expect(proxy.password == proxy.user)
        for credentials in ["\(tooLong):x", "x:\(tooLong)"] {
            let error = #expect(throws: TransportError.self) { try ProxyTarget("socks5://\(credentials)@proxy") }
            #expect(error?.kind == .badConfiguration)
            guard case .proxy(.invalidURL(_, .badCredentialsLength)) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    private static func target(_ host: String, port: Int = 61613, isSecure: Bool = false) -> TransportTarget {
        TransportTarget(kind: .tcp, host: host, port: port, isSecure: isSecure)
    }

    @Test(
        arguments: [
            ([:], false, nil), ([:], true, nil),
            (["HTTPS_PROXY": "a:1"], true, "http://a:1"), (["HTTPS_PROXY": "a:1"], false, nil),
            (["https_proxy": "a:1", "HTTPS_PROXY": "b:1"], true, "http://a:1"),
            (["https_proxy": "", "HTTPS_PROXY": "b:1"], true, "http://b:1"),
            (["ALL_PROXY": "socks5://a"], false, "socks5://a:1080"), (["all_proxy": "a:1"], true, "http://a:1"),
            (["all_proxy": "a:1", "ALL_PROXY": "b:1"], false, "http://a:1"),
            (["HTTPS_PROXY": "a:1", "ALL_PROXY": "b:1"], true, "http://a:1"),
            (["HTTPS_PROXY": "a:1", "ALL_PROXY": "b:1"], false, "http://b:1"),
            (["HTTP_PROXY": "a:1", "http_proxy": "a:1"], false, nil),
            (["ALL_PROXY": "a:1", "NO_PROXY": "other"], false, "http://a:1"),
            (["ALL_PROXY": "a:1", "NO_PROXY": "host"], false, nil),
            (["ALL_PROXY": "a:1", "NO_PROXY": "host", "no_proxy": "other"], false, "http://a:1"),
            (["ALL_PROXY": "a:1", "NO_PROXY": "host", "no_proxy": ""], false, nil),
            (["ALL_PROXY": "no://sense", "NO_PROXY": "*"], false, nil),
        ] as [([String: String], Bool, String?)])
    func theEnvironmentNamesAProxy(_ environment: [String: String], _ isSecure: Bool, _ proxy: String?) throws {
        let found = try ProxyTarget.fromEnvironment(
            for: Self.target("host", isSecure: isSecure), environment: environment)
        #expect(found?.description == proxy)
    }

    /// `HTTP_PROXY` applies to connections that start with HTTP, without TLS.
    @Test(
        arguments: [
            (["HTTP_PROXY": "a:1"], "http://a:1"), (["http_proxy": "a:1", "HTTP_PROXY": "b:1"], "http://a:1"),
            (["HTTP_PROXY": "a:1", "ALL_PROXY": "b:1"], "http://a:1"), (["ALL_PROXY": "b:1"], "http://b:1"),
            (["HTTP_PROXY": "a:1", "NO_PROXY": "host"], nil), (["HTTPS_PROXY": "a:1"], nil),
        ] as [([String: String], String?)])
    func theEnvironmentNamesAProxyForHTTP(_ environment: [String: String], _ proxy: String?) throws {
        for kind in [
            TransportTarget.Kind.webSocket(requestTarget: "/ws"), .sockJS(base: "/ws", transport: .auto),
        ] {
            let target = TransportTarget(kind: kind, host: "host", port: 80, isSecure: false)
            #expect(try ProxyTarget.fromEnvironment(for: target, environment: environment)?.description == proxy)
        }
    }

    @Test func aVariableThatIsNonsenseIsNamed() {
        let error = #expect(throws: TransportError.self) {
            try ProxyTarget.fromEnvironment(
                for: Self.target("host"), environment: ["ALL_PROXY": "ftp://user:secret@x"])
        }
        #expect(error?.kind == .badConfiguration)
        #expect(
            error == .proxy(.invalidVariable("ALL_PROXY", .invalidURL("ftp://user:****@x", .unknownScheme))))
    }

    @Test(arguments: [
        ("*", "host", true), ("other, *", "host", true), ("a b\tc", "b", true), ("a,,c", "c", true), ("", "a", false),
        ("example.com", "example.com", true), ("example.com", "www.example.com", true),
        ("example.com", "badexample.com", false), (".example.com", "www.example.com", true),
        (".example.com", "example.com", true), ("EXAMPLE.com.", "Example.COM", true),
        ("example.com", "example.com.", true),
        ("www.example.com", "example.com", false), (".", "example.com", false),
        ("host:61613", "host", true), ("host:80", "host", false), ("host:x", "host", false), ("*:61613", "host", true),
        ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1:61613", "127.0.0.1", true), ("127.0.0.1:80", "127.0.0.1", false),
        ("0.0.1", "127.0.0.1", false), ("127.0.0.1", "localhost", false), ("localhost", "127.0.0.1", false),
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false),
        ("192.168.1.128/25", "192.168.1.127", false),
        ("192.168.1.128/25", "192.168.1.200", true), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
        ("10.0.0.0/33", "10.0.0.1", false), ("10.0.0.0/x", "10.0.0.1", false), ("10.0.0.0/8", "10.example", false),
        ("1.2.3.4/32", "1.2.3.4", true), ("1.2.3.4/32", "1.2.3.5", false),
        ("::1", "::1", true), ("[::1]", "::1", true), ("[::1]:61613", "::1", true), ("[::1]:80", "::1", false),
        ("0:0:0:0:0:0:0:1", "::1", true), ("fd00::/8", "fdab::1", true), ("fd00::/8", "fe80::1", false),
        ("fe80::/10", "fe80::1%eth0", true),
    ])
    func exceptionsAreAsCurlHasThem(_ list: String, _ host: String, _ isExcepted: Bool) throws {
        let found = try ProxyTarget.fromEnvironment(
            for: Self.target(host), environment: ["ALL_PROXY": "proxy:1", "NO_PROXY": list])
        #expect((found == nil) == isExcepted)
    }
}
