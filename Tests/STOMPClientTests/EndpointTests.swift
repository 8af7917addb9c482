import STOMPTransport
import Testing

@testable import STOMPClient

@Suite struct EndpointTests {
    @Test(arguments: [
        ("stomp://localhost", "stomp://localhost:61613"),
        ("tcp://localhost:1234", "stomp://localhost:1234"),
        ("STOMP://localhost", "stomp://localhost:61613"),
        ("stomps://broker.example", "stomps://broker.example:61614"),
        ("ssl://broker.example", "stomps://broker.example:61614"),
        ("stomp+ssl://broker.example", "stomps://broker.example:61614"),
        ("ws://localhost/ws", "ws://localhost:80/ws"),
        ("ws://localhost:8080", "ws://localhost:8080/"),
        ("wss://host/a/b?token=1&x=%20", "wss://host:443/a/b?token=1&x=%20"),
        ("ws://[::1]:8080/ws", "ws://[::1]:8080/ws"),
        ("ws://host/방", "ws://host:80/%EB%B0%A9"),
        ("http://localhost:8080/ws", "http://localhost:8080/ws"),
        ("https://host/app/ws", "https://host:443/app/ws"),
        ("ws://my_service:8080/ws", "ws://my_service:8080/ws"),
    ])
    func readsURLs(url: String, shown: String) throws {
        #expect(try Endpoint(url).description == shown)
    }

    @Test func takesCredentialsOutOfTheURL() throws {
        let endpoint = try Endpoint("stomp://guest:p%40ss@localhost/%2F")
        #expect(endpoint.login == "guest")
        #expect(endpoint.passcode == "p@ss")
        #expect(endpoint.virtualHost == "/")
        #expect(!endpoint.description.contains("guest"))
    }

    @Test func takesTheVirtualHostFromThePath() throws {
        #expect(try Endpoint("stomp://localhost").virtualHost == nil)
        #expect(try Endpoint("stomp://localhost/").virtualHost == nil)
        #expect(try Endpoint("stomp://localhost/orders").virtualHost == "orders")
        #expect(try Endpoint("ws://localhost/orders").virtualHost == nil)
    }

    @Test func stripsTheBracketsOfAnAddress() throws {
        #expect(try Endpoint("stomp://[::1]").host == "::1")
        #expect(
            try Endpoint("wss://[::1]/ws").target(sockJS: .auto)
                == TransportTarget(kind: .webSocket(requestTarget: "/ws"), host: "::1", port: 443, isSecure: true))
    }

    @Test func anHTTPURLIsWhatABrowserIsGiven() throws {
        #expect(
            try Endpoint("https://host/ws").target(sockJS: .xhrStreaming)
                == TransportTarget(
                    kind: .sockJS(base: "/ws", transport: .xhrStreaming), host: "host", port: 443, isSecure: true))
    }

    @Test(arguments: [
        ("localhost:61613", EndpointFault.noScheme), ("ftp://localhost", .unknownScheme(name: "ftp")),
        ("stomp://", .noHost), ("stomp://host:99999", .invalidPort(text: "99999")),
        ("stomp://host:0", .invalidPort(text: "0")), ("ws://host/a#b", .fragment), ("stomp://host?x=1", .query),
        ("", .noScheme), ("stomp://host:port", .invalidPort(text: nil)),
        ("stomp://host:99999999999999999999", .invalidPort(text: nil)),
        ("stomp://a:b@host:6161a/x", .invalidPort(text: "6161a")), ("stomp://[::1", .invalidCharacters),
    ])
    func refusesWhatIsNoEndpoint(url: String, expected: EndpointFault) {
        let error = #expect(throws: STOMPClientError.self) { try Endpoint(url) }
        guard case .invalidEndpoint(_, expected) = error else {
            Issue.record("\(error as Any)")
            return
        }
    }

    @Test(arguments: [
        "foo://guest:Qz7xwV9k@host", "guest:Qz7xwV9k@host", "stomp:/guest:Qz7xwV9k@host", "stomp:guest:Qz7xwV9k@host",
        "stomp://guest:Qz7x/wV9k@host", "ws://guest:Qz7x?wV9k@host/ws", "ws://guest:Qz7x#wV9k@host",
        "stomp://guest:Qz7x@wV9k@host:x", "stomp://Qz7x/wV9k@host", "stomp://guest:1234/Qz7x@host",
        "stomp://guest:Qz7xwV9k", "stomp://guest:Qz7x/wV9k", "ws://host/ws?token=Qz7x#wV9k", "stomp://host#Qz7x",
        "guest:Qz7x@stomp://host", "stomp://guest:Qz7x@:99", "ws://host/ws?mail=a@b&token=Qz7x#wV9k",
    ])
    func neverShowsThePasscodeInAnError(url: String) {
        let error = #expect(throws: STOMPClientError.self) { try Endpoint(url) }
        guard case .invalidEndpoint = error else {
            Issue.record("\(error as Any)")
            return
        }
        let text = error?.description ?? "Qz7x"
        #expect(!text.contains("Qz7x") && !text.contains("wV9k"), "\(text)")
    }

    @Test(arguments: ["stomp://u:p/w@h", "ws://u:p?w@h/ws", "https://u:p#w@h", "stomp://u:1/w@h", "stomp://p/w@h"])
    func aSeparatorInAPasscodeIsReported(url: String) {
        let error = #expect(throws: STOMPClientError.self) { try Endpoint(url) }
        guard case .invalidEndpoint(_, .separatorInUserinfo) = error else {
            Issue.record("\(error as Any)")
            return
        }
    }

    @Test func anAtInAQueryIsNoPasscodes() throws {
        #expect(try Endpoint("wss://host/ws?mail=a@b").requestTarget == "/ws?mail=a@b")
        #expect(try Endpoint("ws://u:p@host:80/ws?mail=a@b").passcode == "p")
    }

    /// The resolver, the certificate check and HTTP all get the DNS form of a host name. The examples are from RFC
    /// 3492, section 7.1, and from real domains.
    @Test(arguments: [
        ("한국.kr", "xn--3e0b707e.kr"), ("BÜCHER.example", "xn--bcher-kva.example"), ("a.ü-1.b.", "a.xn---1-wka.b."),
        ("日本語。jp", "xn--wgv71a119e.jp"), ("ليهمابتكلموشعربي", "xn--mgbcah9ar9a4efegftvvn"),
        ("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye"), ("i❤.ws", "xn--i-7iq.ws"),
        ("세계의모든사람들이한국어를이해한다면", "xn--989aomm9k97bua391bj7dz9bgnz01c5mb232a29emld0708cea54b"),
        // Decomposed Hangul, as in macOS file names.
        ("\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}.kr", "xn--3e0b707e.kr"),
    ]) func anInternationalHostBecomesASCII(host: String, name: String) throws {
        #expect(try Endpoint("ws://\(host):8080/ws/한글").host == name)
        #expect(try Endpoint("stomp://\(host)").host == name)
    }

    @Test(arguments: ["한 국.kr", "한국..kr", ".한국", "한\u{202E}국", "세계의모든사람들이한국어를이해한다면얼마나좋을까"])
    func whatNoHostCanBeIsRefused(host: String) {
        #expect(throws: STOMPClientError.self) { try Endpoint("ws://\(host)/ws") }
    }
}
