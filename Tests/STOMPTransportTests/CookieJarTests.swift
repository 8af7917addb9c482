import NIOCore
import NIOHTTP1
import Testing

@testable import STOMPTransport

@Suite struct CookieJarTests {
    /// 2026-01-01T00:00:00Z.
    private static let now = Timestamp(nanoseconds: 1_767_225_600 * 1_000_000_000)

    private func header(after cookies: String..., from given: String? = nil) -> String? {
        var jar = CookieJar(given)
        jar.store(HTTPHeaders(cookies.map { ("Set-Cookie", $0) }), at: Self.now)
        return jar.header
    }

    @Test func keepsTheLastValueOfAName() {
        #expect(header(after: "a=1; Path=/", "b = 2", "a=3; Secure") == "a=3; b=2")
        #expect(header(after: "c=3", from: "a=1; b=2") == "a=1; b=2; c=3")
        #expect(header(after: "bare") == "bare")
        #expect(header(after: "a=\(String(repeating: "x", count: 5000))") == nil)
    }

    @Test(arguments: [
        "Max-Age=0", "max-age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Expires=Wed, 31 Dec 2025 23:59:59 GMT",
        "expires=Thursday, 01-Jan-70 00:00:00 GMT", "Max-Age=0; Expires=Fri, 01 Jan 2027 00:00:00 GMT",
    ])
    func deletesWhatHasExpired(attributes: String) {
        #expect(header(after: "b=; \(attributes)", from: "a=1; b=2") == "a=1")
    }

    @Test(arguments: [
        "Max-Age=1", "Max-Age=soon", "Expires=Thu, 01 Jan 2026 00:00:01 GMT", "Expires=never",
        "Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "HttpOnly",
    ])
    func keepsWhatHasNot(attributes: String) {
        #expect(header(after: "b=3; \(attributes)", from: "a=1; b=2") == "a=1; b=3")
    }
}

@Suite struct HTTPDateTests {
    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 1_445_412_480),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 1_445_412_480), ("Wed Oct 21 07:28:00 2015", 1_445_412_480),
        ("Sun, 29 Feb 2032 23:59:59 GMT", 1_961_711_999), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Fri, 31-Dec-9999 23:59:59 GMT", 253_402_300_799),
    ])
    func readsADate(text: String, seconds: Int) {
        #expect(HTTPDate.seconds(of: text) == seconds)
    }

    @Test(arguments: [
        "", "soon", "Wed, 21 Oct 2015", "21 Oct 07:28:00", "Wed, 32 Oct 2015 07:28:00 GMT", "21 Oct 2015 24:00:00",
        "21 Oct 2015 07:60:00", "21 Oct 2015 7:28", "21 10 2015 07:28:00", "21 Oct 1500 07:28:00",
    ])
    func refusesWhatIsNoDate(text: String) {
        #expect(HTTPDate.seconds(of: text) == nil)
    }

    /// Seconds or a date, at most one day.
    @Test func readsRetryAfter() {
        let now = Timestamp(nanoseconds: 1_445_412_480 * 1_000_000_000)
        #expect(HTTPRefusal.wait("120", at: now) == .seconds(120))
        #expect(HTTPRefusal.wait("-1", at: now) == .zero)
        #expect(HTTPRefusal.wait("99999999", at: now) == .seconds(24 * 3600))
        #expect(HTTPRefusal.wait("Wed, 21 Oct 2015 07:28:30 GMT", at: now) == .seconds(30))
        #expect(HTTPRefusal.wait("Wed, 21 Oct 2015 07:00:00 GMT", at: now) == .zero)
        #expect(HTTPRefusal.wait("later", at: now) == nil)
    }
}
