import STOMPTransport
import Testing

@testable import StomptapOutput

struct RefusalTextTests {
    @Test(arguments: [
        (
            AdmissionRefusal.foreignHost("Evil.example:9000"),
            "HTTP 421: \"Evil.example:9000\" is not a host name of this machine; to allow it, use --listen-name evil.example"
        ),
        (
            .foreignHost("a, b\u{1b}[2J\n"),
            "HTTP 421: \"a, b\\x1b[2J\\n\" is not a host name of this machine"
        ),
        (
            .foreignOrigin("https://evil.example"),
            "HTTP 403: \"https://evil.example\" is a foreign web origin; to allow it, use --allow-origin https://evil.example"
        ),
        (.foreignOrigin("null"), "HTTP 403: \"null\" is a foreign web origin; to allow it, use --allow-origin null"),
        (
            .foreignOrigin("x://$(reboot)"),
            "HTTP 403: \"x://$(reboot)\" is a foreign web origin; to allow it, use --allow-origin ORIGIN"
        ),
        (
            .foreignOrigin("http://[::1%$(reboot)]"),
            "HTTP 403: \"http://[::1%$(reboot)]\" is a foreign web origin; to allow it, use --allow-origin ORIGIN"
        ),
        (
            .foreignOrigin(nil),
            "HTTP 403: a web page of another site sent no Origin; to allow all pages, use --allow-origin '*'"
        ),
    ]) func aLineNamesTheOption(refusal: AdmissionRefusal, line: String) {
        #expect(refusal.line(originOption: "--allow-origin") == line)
    }

    @Test func whatAPeerSaysIsCut() {
        let line = AdmissionRefusal.foreignHost(String(repeating: "x:", count: 100)).line(originOption: "--origin")
        #expect(line.count < 220 && line.contains("x:..."))
    }

    @Test func eachIsPrintedOnceAndOnlySoMany() {
        var filter = RefusalFilter()
        var outcomes: [RefusalFilter.Outcome] = []
        for number in 0..<1000 {
            for _ in 0..<2 { outcomes.append(filter.check(.foreignHost("h\(number)"))) }
        }
        #expect(outcomes.count { $0 == .new } == RefusalFilter.limit)
        #expect(outcomes.count { $0 == .overflow } == 1)
        #expect(filter.check(.foreignOrigin("new")) == .skipped && filter.check(.foreignHost("h0")) == .skipped)
    }
}
