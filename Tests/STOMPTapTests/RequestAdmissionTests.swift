import NIOHTTP1
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPTap

/// Which requests a tap forwards.
@Suite(.timeLimit(.minutes(1))) struct RequestAdmissionTests {
    private static func configuration(_ shape: (inout TapConfiguration) -> Void = { _ in }) -> TapConfiguration {
        let target = TransportTarget(
            kind: .webSocket(requestTarget: "/"), host: "server.example", port: 443, isSecure: true)
        var configuration = TapConfiguration(host: "Tap.example", port: 9000, targets: [target])
        shape(&configuration)
        return configuration
    }

    private static func refusal(
        _ headers: [(String, String)], _ shape: (inout TapConfiguration) -> Void = { _ in }
    ) -> AdmissionRefusal? {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: HTTPHeaders(headers))
        return RequestAdmission(configuration(shape)).refusal(of: head)
    }

    @Test func theHostOfTheAddressAndTheNamesOfTheUserAreOwn() {
        for host in ["tap.example:9000", "127.0.0.1:9000", "localhost", "other.example"] {
            #expect(Self.refusal([("Host", host)]) { $0.listenNames = ["other.example"] } == nil)
        }
        #expect(Self.refusal([]) == nil)
        for host in ["server.example", "evil.example:9000", "other.example"] {
            #expect(Self.refusal([("Host", host), ("Origin", "http://\(host)")]) == .foreignHost(host))
        }
    }

    /// Settings that add something to forwarded requests; a page from a foreign origin must not profit from it.
    private static let vouching: [@Sendable (inout TapConfiguration) -> Void] = [
        { $0.transport.cookie = "a=b" }, { $0.transport.origin = "https://server.example" },
        { $0.transport.httpHeaders = [("Authorization", "x")] }, { $0.transport.tls.certificate = "client.pem" },
    ]

    @Test(arguments: vouching.indices) func aForeignPageIsRefusedWhatTheTapAdds(index: Int) {
        let vouch = Self.vouching[index]
        for origin in ["http://evil.example", "null", "https://tap.example:9000", "http://tap.example", "file://"] {
            let headers = [("Host", "tap.example:9000"), ("Origin", origin)]
            #expect(Self.refusal(headers, vouch) == .foreignOrigin(origin))
            #expect(Self.refusal(headers) == nil, "nothing is added")
            for allowed in [[origin], ["http://x", "*"]] {
                #expect(
                    Self.refusal(headers) {
                        vouch(&$0); $0.allowedOrigins = allowed
                    } == nil)
            }
        }
        for origin in [
            "http://localhost:3000", "https://127.0.0.1", "http://[::1]:1", "http://tap.example:9000",
            "https://server.example",
        ] {
            #expect(Self.refusal([("Host", "tap.example:9000"), ("Origin", origin)], vouch) == nil)
        }
        #expect(Self.refusal([("Host", "localhost")], vouch) == nil)
        let script = [("Host", "localhost"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "script")]
        #expect(Self.refusal(script, vouch) == .foreignOrigin(nil))
        #expect(Self.refusal(script) == nil)
        #expect(
            Self.refusal(script) {
                vouch(&$0); $0.allowedOrigins = ["*"]
            } == nil)
    }

    @Test func withTLSTheTapHasAnotherOrigin() {
        for (origin, isRefused) in [("https://tap.example:9000", false), ("http://tap.example:9000", true)] {
            let refusal = Self.refusal([("Host", "tap.example:9000"), ("Origin", origin)]) {
                $0.tls = TLSServerOptions(certificate: "server.pem")
                $0.transport.cookie = "a=b"
            }
            #expect(refusal == (isRefused ? .foreignOrigin(origin) : nil))
        }
    }

    /// All kinds of requests from a page whose host name was rebound to the tap.
    @Test(arguments: [
        "GET / HTTP/1.1", "GET /ws/info HTTP/1.1", "POST /ws/000/abcdefgh/xhr HTTP/1.1", "OPTIONS /ws/info HTTP/1.1",
        "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13", "GET / HTTP/1.0",
    ]) func aReboundNameReachesNoServer(line: String) async throws {
        try await Between.run { between in
            let name = "evil.example:\(between.tap.port)"
            let app = try await between.connect()
            app.send("\(line)\r\nHost: \(name)\r\nOrigin: http://\(name)\r\n\r\n")
            try await app.waitForEnd()
            #expect(app.text.hasPrefix("HTTP/1.1 421 Misdirected Request\r\n"))
            #expect(app.text.hasSuffix("\r\n\r\nThis host is not served here\n"))
            #expect(between.server.all.isEmpty)
            #expect(between.refusals == [.foreignHost(name)])
            #expect(between.openings == [])
        }
    }

    @Test func aForeignPageGetsNoCookie() async throws {
        try await Between.run {
            $0.transport.cookie = "SESSION=secret"
        } _: { between in
            let app = try await between.connect()
            app.send(Between.upgrade(host: between.tapName, "Origin: https://evil.example\r\n"))
            try await app.waitForEnd()
            #expect(app.text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
            #expect(between.server.all.isEmpty)
            #expect(between.refusals == [.foreignOrigin("https://evil.example")])
            let (_, server) = try await between.webSocket(headers: "Origin: http://\(between.tapName)\r\n")
            #expect(server.text.contains("\r\nCookie: SESSION=secret\r\n"))
            #expect(server.text.contains("\r\nOrigin: http://\(between.serverName)\r\n"))
        }
    }

    /// The app would read it as the answer to the earlier request.
    @Test func aRefusalIsNotSentAheadOfAnAnswer() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET /1 HTTP/1.1\r\nHost: \(between.tapName)\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(for: "\r\n\r\n")
            app.send("GET /2 HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            try await app.wait("reset") { $0.wasReset }
            #expect(app.text == "")
            #expect(!server.text.contains("/2"))
            #expect(between.refusals == [.foreignHost("evil.example")])
        }
    }
}

extension Overheard {
    fileprivate var refusals: [AdmissionRefusal] {
        all.compactMap { if case .refused(let refusal) = $0.content { refusal } else { nil } }
    }
}
