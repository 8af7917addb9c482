import ArgumentParser
import NIOCore
import STOMPClient
import SystemC
import Testing

@testable import StomptapCommands

/// Which options can be combined with header commands, and the headers that the commands give.
struct HeaderCommandOptionTests {
    @Test(arguments: [
        (
            ["-C", "Authorization: x", "--connect-header-command", "authorization: y"],
            ["-C", "--connect-header-command"]
        ),
        (["--login", "x", "--connect-header-command", "login: y"], ["--login", "--connect-header-command"]),
        (["--passcode", "x", "--connect-header-command", "passcode: y"], ["--passcode", "--connect-header-command"]),
        (["--passcode-env", "X", "--connect-header-command", "passcode: y"], ["--passcode-env"]),
        (["--virtual-host", "x", "--connect-header-command", "host: y"], ["--virtual-host"]),
        (["--http-header", "X: x", "--http-header-command", "X: y"], ["--http-header", "--http-header-command"]),
        (["--cookie", "x", "--http-header-command", "Cookie: y"], ["--cookie", "--http-header-command"]),
        (["--origin", "http://x", "--http-header-command", "origin: y"], ["--origin", "--http-header-command"]),
        (["--http-header-command", "X: x", "--http-header-command", "x: y"], ["--http-header-command", "twice"]),
        (["--http-header-command", "이름: x"], ["--http-header-command", "invalid header name"]),
    ])
    func aHeaderThatIsGivenTwiceIsRefused(arguments: [String], words: [String]) {
        let error = #expect(throws: (any Error).self, "\(arguments)") { try ConnectionOptions.parse(arguments) }
        let message = error.map { ConnectionOptions.message(for: $0) } ?? ""
        for word in words { #expect(message.contains(word), "\(message)") }
    }

    @Test(arguments: [
        ["--http-header", "Authorization: x", "--connect-header-command", "Authorization: y"],
        ["--login", "x", "--connect-header-command", "passcode: y"],
        ["--connect-header-command", "Authorization: x", "--http-header-command", "Authorization: x"],
    ])
    func whatDiffersGoesTogether(arguments: [String]) throws {
        _ = try ConnectionOptions.parse(arguments)
    }

    /// These names become secret in this process, so no other test may use them.
    @Test func theCommandsRunForEachAttempt() async throws {
        let options = try ConnectionOptions.parse([
            "-C", "a: 1", "--connect-header-command", "x-two: echo 둘 2", "--connect-header-command", "x-three: echo 3",
            "--http-header", "X: 4", "--http-header-command", "X-Five: echo 5",
        ])
        let endpoint = try Endpoint("ws://h/ws")
        let configuration = try #require(try options.servers([endpoint]).first).configuration
        #expect(configuration.session.headers == ["a": "1"])
        let attempt = try await configuration.forAttempt(until: .now() + .seconds(30))
        #expect(attempt.session.headers == ["a": "1", "x-two": "둘 2", "x-three": "3"])
        #expect(attempt.transport.httpHeaders.map { "\($0.name)=\($0.value)" } == ["X=4", "X-Five=5"])
        #expect(attempt.attemptHeaders == nil)
        #expect(try options.forOtherServer().attemptHeaders == nil)
    }

    /// The commands of a profile run only if no other user can have written the file.
    @Test(arguments: [
        (uid_t(1000), mode_t(0o100600), true), (1000, 0o100644, true), (1000, 0o100755, true), (0, 0o100644, true),
        (0, 0o100600, true), (1000, 0o100664, false), (1000, 0o100646, false), (1000, 0o100620, false),
        (0, 0o100602, false), (1001, 0o100600, false), (1001, 0o100666, false),
    ])
    func aProfileIsTrusted(owner: uid_t, mode: mode_t, isTrusted: Bool) {
        #expect((ProfileFile.distrust(owner: owner, mode: mode, user: 1000) == nil) == isTrusted)
    }

    @Test func rootTrustsOnlyItsOwn() {
        #expect(ProfileFile.distrust(owner: 1000, mode: 0o100600, user: 0) != nil)
        #expect(ProfileFile.distrust(owner: 0, mode: 0o100600, user: 0) == nil)
    }
}
