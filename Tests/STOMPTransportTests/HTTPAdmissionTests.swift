import NIOHTTP1
import SystemC
import Testing

@testable import STOMPTransport

/// Which hosts and origins a server on this machine treats as its own.
@Suite struct HTTPAdmissionTests {
    private static let hosts = OwnHosts(["Dev.Example.", "한.example", "with:8080"], machine: "Box.corp.example")

    @Test(arguments: [
        "127.0.0.1", "127.0.0.1:9000", "0.0.0.0:1", "10.1.2.3", "203.0.113.5:65535", "127.0.0.1.:80", "[::1]",
        "[::1]:9000",
        "::1", "[2001:DB8::1]:80", "[fe80::1%25eth0]:80", "[::ffff:127.0.0.1]", "localhost", "LocalHost:9000",
        "localhost.", "localhost.:9000", "localhost:", "app.localhost:9000", "a.b-c.LOCALHOST.", "box.corp.example",
        "BOX.corp.example:1", "box", "Box.:1", "host.docker.internal", "HOST.docker.internal.:9000", "dev.example",
        "DEV.example.:9000", "with",
    ]) func aHostIsOwn(host: String) {
        #expect(Self.hosts.contains(host))
    }

    @Test(arguments: [
        "", ":9000", ".", "evil.example", "evil.example:9000", "localhost.evil.example", "evillocalhost", "localhost..",
        ".localhost", "a..localhost", "evil.example/.localhost", "evil.example@localhost", "localhost@evil.example",
        "evil example.localhost", "evil.example,localhost", "localhost, evil.example", "127.0.0.1.evil.example",
        "127.0.0.1.nip.io", "127.1", "2130706433", "0x7f000001", "256.0.0.1", "127.0.0.1:x", "localhost:65536",
        "localhost:123456", "localhost:80:80", "localhost:-1", "[::1", "::1]", "[]", "[localhost]", "[127.0.0.1]",
        "[::1]x", "[::1]evil.example", "[::1%]:x", "[::1%$(x)]", "example", "corp.example", "box.evil.example",
        "box.corp.example.evil", "other.dev.example", "docker.internal", "한.example", "\u{e9}.localhost",
        "xn--evil", "localhost\0", "local\u{212a}host", String(repeating: "a", count: 400) + ".localhost",
    ]) func aHostIsNotOwn(host: String) {
        #expect(!Self.hosts.contains(host))
    }

    @Test func thisMachineIsKnownByItsName() throws {
        var name = [CChar](repeating: 0, count: 256)
        try #require(gethostname(&name, 255) == 0)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(OwnHosts().contains(host) && OwnHosts().contains("\(host.uppercased()):80"))
        #expect(!OwnHosts().contains("\(host).evil.example") && !OwnHosts().contains("evil.example"))
        // If the machine has no name, no other name becomes its own.
        #expect(!OwnHosts([], machine: "").contains("") && !OwnHosts([], machine: "10.0.0.1").contains("10"))
    }

    private func head(
        _ headers: [(String, String)], uri: String = "/", method: HTTPMethod = .GET, version: HTTPVersion = .http1_1
    ) -> HTTPRequestHead {
        HTTPRequestHead(version: version, method: method, uri: uri, headers: HTTPHeaders(headers))
    }

    @Test(
        arguments: [
            ([], "/", nil), (["localhost:1"], "/", nil), (["evil.example:1"], "/", "evil.example:1"), ([""], "/", ""),
            (["localhost", "evil.example"], "/", "localhost, evil.example"),
            (["localhost", "localhost"], "/", "localhost, localhost"),
            (["localhost"], "http://127.0.0.1:1/ws", nil), (["localhost"], "http://evil.example/ws", "evil.example"),
            ([], "HTTP://evil.example:1?a", "evil.example:1"), (["evil.example"], "http://localhost/", "evil.example"),
            (["localhost"], "http://localhost@evil.example/", "localhost@evil.example"),
            (["localhost"], "http:///", ""),
            (["localhost"], "/a?u=http://evil.example", nil), (["localhost"], "*", nil),
        ] as [([String], String, String?)])
    func aRequestIsForItsHost(hosts: [String], uri: String, refused: String?) {
        for version in [HTTPVersion.http1_0, .http1_1] {
            let refusal = head(hosts.map { ("hOST", $0) }, uri: uri, version: version).refusal(by: Self.hosts)
            #expect(refusal == refused.map { .foreignHost($0) })
        }
    }

    @Test func theReportedHostIsBounded() {
        let long = String(repeating: "x", count: 60_000)
        let refusals = [
            head([("Host", long)]).refusal(by: Self.hosts), head([("Origin", long)]).refusal { _ in false },
        ]
        #expect(refusals == [.foreignHost(String(long.prefix(200))), .foreignOrigin(String(long.prefix(200)))])
    }

    @Test(arguments: [
        "http://localhost", "http://localhost:3000", "https://LOCALHOST:1", "http://app.localhost:3000",
        "http://127.0.0.1:1",
        "http://127.9.9.9", "https://[::1]:5173", "http://localhost:3000/", "http://10.0.0.5:9000", "https://10.0.0.5",
    ]) func aPageOfThisMachineIsOwn(origin: String) {
        #expect(head([("Host", "10.0.0.5:9000")]).isOwn(origin: origin))
    }

    @Test(arguments: [
        "null", "", "http://evil.example", "http://localhost.evil.example", "http://evil.example:9000", "localhost",
        "file://", "chrome-extension://localhost", "http://localhost@evil.example", "http:localhost", "http://10.0.0.6",
        "http://localhost, http://evil.example", "http://127.0.0.1.evil.example", "http://", "http://localhost/a/",
        "http://localhost:x", "http://0x7f.1",
    ]) func aForeignPageIsNotOwn(origin: String) {
        #expect(!head([("Host", "10.0.0.5:9000")]).isOwn(origin: origin))
        #expect(!head([("Host", "10.0.0.5"), ("Host", "evil.example")]).isOwn(origin: origin))
    }

    @Test(arguments: [
        (["http://a"], "http://a", true), (["http://A/"], "HTTP://a:80", true), (["https://a"], "http://a", false),
        (["https://a:443"], "https://a", true), (["http://a"], "http://a:81", false), (["*"], "null", true),
        (["null"], "null", true), ([], "null", false), (["file://"], "file://", true),
        (["http://a"], "http://a.b", false),
        (["Capacitor://localhost"], "capacitor://localhost", true), (["http://a", "http://b"], "http://b", true),
    ]) func aListHasOrigins(list: [String], origin: String, isAllowed: Bool) {
        #expect(OriginList(list).contains(origin) == isAllowed)
    }

    @Test(
        arguments: [
            (nil, [], nil), (nil, ["http://any"], nil), ([], ["http://localhost:3000"], "http://localhost:3000"),
            (["http://a"], ["http://a"], nil), (["http://a"], ["http://localhost"], "http://localhost"),
            (["http://a"], ["http://a", "http://b"], "http://a, http://b"), (["*"], ["null"], nil), ([], [], nil),
        ] as [([String]?, [String], String?)])
    func anEndpointTakesTheOriginsOfItsList(list: [String]?, origins: [String], refused: String?) {
        var endpoint = WebSocketEndpoint(path: "/ws", allowedOrigins: list)
        let request = head([("Host", "h")] + origins.map { ("origin", $0) })
        #expect(endpoint.admissionRefusal(of: request) == refused.map { .foreignOrigin($0) })
        endpoint.allowsOwnOrigins = true
        let isOwn = origins == ["http://localhost:3000"] || origins == ["http://localhost"]
        #expect(endpoint.admissionRefusal(of: request) == (isOwn ? nil : refused.map { .foreignOrigin($0) }))
        endpoint.hosts = OwnHosts([])
        #expect(endpoint.admissionRefusal(of: request) == .foreignHost("h"))
    }

    private static let crossSite = [("Host", "h"), ("Sec-Fetch-Site", "cross-site")]

    /// Browsers request the scripts, images and frames of a page without `Origin`.
    @Test(
        arguments: [
            ([], .foreignOrigin(nil)), ([("Sec-Fetch-Dest", "script")], .foreignOrigin(nil)),
            (
                [("Sec-Fetch-Dest", "iframe"), ("Referer", "http://evil.example/a")],
                .foreignOrigin("http://evil.example")
            ),
            ([("Referer", "http://good/a?b")], nil), ([("Referer", "good")], .foreignOrigin(nil)),
            ([("Sec-Fetch-Dest", "document"), ("Referer", "http://evil.example/a")], nil),
            ([("Origin", "http://evil.example")], nil),
        ] as [([(String, String)], AdmissionRefusal?)])
    func whatAnotherSiteEmbedsIsRefused(headers: [(String, String)], refusal: AdmissionRefusal?) {
        #expect(head(Self.crossSite + headers).refusalOfOtherSite { $0 == "http://good" } == refusal)
        for site in ["same-origin", "same-site", "none"] {
            let headers = [("Sec-Fetch-Site", site)] + headers
            #expect(head(headers).refusalOfOtherSite { $0 == "http://good" } == nil)
        }
    }

    @Test func aFormOfAnotherSiteIsRefused() {
        let request = head(Self.crossSite + [("Sec-Fetch-Dest", "document")], method: .POST)
        #expect(request.refusalOfOtherSite { _ in true } == .foreignOrigin(nil))
    }
}
