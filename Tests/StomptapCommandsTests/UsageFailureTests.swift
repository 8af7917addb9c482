import ArgumentParser
import Testing

@testable import StomptapCommands

/// The error line for arguments that cannot be parsed.
struct UsageFailureTests {
    @Test(arguments: [
        (["subscribe"], "subscribe: missing endpoint; see 'stomptap subscribe -h'"),
        (["sub", "demo"], "sub: missing destination; see 'stomptap sub -h'"),
        (["request", "demo", "/a"], "request: missing --reply; see 'stomptap request -h'"),
        (["subscribe", "demo", "/a", "-n"], "subscribe: missing value for -n; see 'stomptap subscribe -h'"),
        (
            ["subscribe", "demo", "/a", "-n", "it's"],
            "subscribe: invalid value 'it's' for -n; see 'stomptap subscribe -h'"
        ),
        (
            ["subscribe", "demo", "/a", "-o", "yaml"],
            "subscribe: invalid value 'yaml' for -o; use pretty, json, body, raw or none; see 'stomptap subscribe -h'"
        ),
        (
            ["subscribe", "demo", "/a", "-W", "5q"],
            "subscribe: invalid value '5q' for -W: expected a duration such as 250ms, 5s or 2m; "
                + "see 'stomptap subscribe -h'"
        ),
        (
            ["subscribe", "demo", "/a", "--heart-beat", "a' for 'b"],
            "subscribe: invalid value 'a' for 'b' for --heart-beat: expected two numbers of "
                + "milliseconds, such as 4000,4000 or 0,0; see 'stomptap subscribe -h'"
        ),
        (
            ["publish", "demo", "/a", "b", "c", "d"],
            "publish: 2 unexpected arguments: 'c', 'd'; see 'stomptap publish -h'"
        ),
        (["serve", "a"], "serve: unexpected argument 'a'; see 'stomptap serve -h'"),
        (["--foo"], "unknown option '--foo'; see 'stomptap -h'"),
        // An error text of this program, not of the argument parser.
        (
            ["subscribe", "demo", "/a", "--no-newline"],
            "subscribe: --no-newline needs -o body or -F; see 'stomptap subscribe -h'"
        ),
    ])
    func isOneLine(_ arguments: [String], _ line: String) throws {
        let error = #expect(throws: (any Error).self) { try Stomptap.parseAsRoot(arguments) }
        let message = Stomptap.message(for: try #require(error))
        #expect(UsageFailure(message, in: arguments).line == line)
    }

    @Test func anotherLineOfAMessageIsPartOfTheLine() {
        #expect(UsageFailure("Two\nlines.", in: []).line == "two lines; see 'stomptap -h'")
        #expect(UsageFailure("TLS is off; see 'x'", in: ["check"]).line == "check: TLS is off; see 'x'")
    }
}
