import Testing

@testable import StomptapCommands

/// Where `-h` and `--help` ask for help, and where they are values.
struct HelpRequestTests {
    @Test(
        arguments: [
            ([], []), (["-h"], []), (["sub", "-h"], ["subscribe"]), (["-h", "tap"], ["tap"]),
            (["subscribe", "demo", "/a", "-n", "1", "-h"], ["subscribe"]),
            (["sub", "demo", "/a", "-vh"], ["subscribe"]),
            (["publish", "demo", "/a", "-l0h"], ["publish"]), (["raw", "-help"], ["raw"]),
            (["help", "sub", "-h"], ["subscribe"]), (["help", "-h"], []), (["profiles", "-h"], ["profiles"]),
            // A value may not begin with a dash here, so the file is missing.
            (["publish", "demo", "/a", "-f", "-h"], ["publish"]), (["bench", "--merge", "a.hdr", "-h"], ["bench"]),
            (["publish", "demo", "/a", "-H", "x: y", "-h"], ["publish"]), (["sub", "--bogus", "-h"], ["subscribe"]),
            (["sub", "demo", "-Hx: y", "-n1", "-h"], ["subscribe"]),
        ] as [([String], [String])])
    func oneScreenIsAskedFor(arguments: [String], path: [String]) {
        let request = HelpRequest(in: arguments)
        #expect(request?.extent == .short && request?.path == path)
    }

    @Test(
        arguments: [
            (["--help"], []), (["help"], []), (["help", "pub"], ["publish"]), (["help", "nothing"], []),
            (["tap", "--help"], ["tap"]), (["profiles", "--help"], ["profiles"]), (["help", "help"], []),
            (["sub", "-h", "--help"], ["subscribe"]),
        ] as [([String], [String])])
    func allIsAskedFor(arguments: [String], path: [String]) {
        let request = HelpRequest(in: arguments)
        #expect(request?.extent == .whole && request?.path == path)
    }

    @Test(arguments: [
        ["sub", "demo", "/a", "-H", "-h"], ["sub", "demo", "/a", "--header", "--help"], ["sub", "demo", "-H-h"],
        ["sub", "demo", "/a", "-n", "-h"], ["pub", "demo", "/a", "--", "-h"], ["pub", "demo", "/a", "--", "--help"],
        ["pub", "demo", "/a", "-lH", "-h"], ["connect", "demo", "-e", "-h"], ["sub", "demo", "/a", "-Fh"],
        ["request", "demo", "/a", "--reply", "/b", "--reply-header", "-h"], ["sub", "demo", "/a", "-W1h"],
        ["sub", "demo", "/a", "--grep=-h"], ["sub", "demo", "/a", "h"], ["pub", "demo", "/a", "help"],
        ["sub", "demo", "/a", "-xh"], ["tap", "demo", "--drop", "-h"], ["--version"],
    ])
    func aValueIsNoRequest(arguments: [String]) {
        #expect(HelpRequest(in: arguments) == nil)
    }

    /// The description of the commands is not made for a command line without such a word.
    @Test(arguments: [
        ["sub", "demo", "/a", "-n", "5"], ["pub", "demo", "/a", "hello", "-H", "x: h"],
        ["pub", "demo", "/a", "-Hx: h"],
        ["connect", "ws://host/path", "--http-header", "h: h"], ["---completion", "sub", "--", "x", "1", "0", "-h"],
    ])
    func otherCommandLinesAreNotSearched(arguments: [String]) {
        #expect(!HelpRequest.mayBeIn(arguments))
        #expect(HelpRequest(in: arguments) == nil)
    }
}
