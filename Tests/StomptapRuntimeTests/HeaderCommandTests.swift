import NIOCore
import StomptapOutput
import SystemC
import Testing

@testable import StomptapRuntime

/// Headers whose values are the output of commands.
@Suite(.timeLimit(.minutes(2))) struct HeaderCommandTests {
    private static let option = "--connect-header-command"

    private func value(
        _ command: String, within time: TimeAmount = .seconds(30)
    ) async throws -> String {
        try await HeaderCommand("X-Own: \(command)").value(of: Self.option, until: .now() + time)
    }

    private func reason(
        _ command: String, within time: TimeAmount = .seconds(30)
    ) async -> HeaderCommandFailure.Reason? {
        let failure = await #expect(throws: HeaderCommandFailure.self, "\(command)") {
            try await value(command, within: time)
        }
        #expect(failure?.option == Self.option && failure?.header == "X-Own")
        return failure?.reason
    }

    @Test(arguments: [
        ("Authorization: get-token", "Authorization", "get-token"), ("a:b", "a", "b"),
        ("X-A:  echo 'a: b' ", "X-A", "echo 'a: b' "), ("이름: echo 값", "이름", "echo 값"),
    ])
    func isANameAndACommand(text: String, name: String, command: String) throws {
        let parsed = try HeaderCommand(text)
        #expect(parsed.name == name && parsed.command == command)
    }

    @Test(arguments: [
        "", "Authorization", "Authorization:", "Authorization:  ", ": echo", "a b: echo", "a\n: echo", "a: b\0c",
        "ws://u:p@h/ws",
    ])
    func otherTextIsRejected(text: String) {
        #expect(throws: InvalidValue.self) { try HeaderCommand(text) }
    }

    @Test(arguments: [
        ("echo Bearer abc", "Bearer abc"), (#"printf 'one\r\ntwo\n'"#, "one"), ("printf 비밀", "비밀"),
        (#"printf '  a: b '"#, "  a: b "), ("echo a; yes | head -c 1000000", "a"), (#"printf 'x\nbroken\0'"#, "x"),
        ("echo said >&2; cat; echo after", "after"),
    ])
    func theFirstLineIsTheValue(command: String, expected: String) async throws {
        #expect(try await value(command) == expected)
    }

    @Test func theLongestValueIsTaken() async throws {
        let text = try await value("head -c \(HeaderCommand.longestValue) /dev/zero | tr '\\0' x; printf '\\r\\n'")
        #expect(text.utf8.count == HeaderCommand.longestValue && text.allSatisfy { $0 == "x" })
    }

    /// The command inherits no sockets or files of this program: only stdin, stdout, stderr and the folder being read.
    @Test func inheritsNoDescriptor() async throws {
        let open = try await value("echo $(ls /proc/self/fd | wc -l) $(readlink /proc/self/fd/0)")
        #expect(open == "4 /dev/null")
    }

    @Test(
        arguments: [
            ("exit 3", .exited(3)), ("echo value; exit 1", .exited(1)), ("kill -9 $$", .killed(signal: SIGKILL)),
            ("surely-not-a-program-of-anybody 2>&1", .exited(127)), ("true", .noOutput), ("echo", .noOutput),
            ("echo; echo late", .noOutput), ("echo '   '", .noOutput), (#"printf 'a\tb\n'"#, .controlCharacter),
            (#"printf 'a\033[2Jb'"#, .controlCharacter), (#"printf 'a\0b'"#, .controlCharacter),
            (#"printf 'a\302\205b'"#, .controlCharacter), (#"printf 'a\377b'"#, .notUTF8),
            ("head -c 65537 /dev/zero | tr '\\0' x", .tooLong(limit: 65536)),
            ("head -c 9000000 /dev/zero | tr '\\0' x", .tooLong(limit: 65536)),
        ] as [(String, HeaderCommandFailure.Reason)])
    func whatGivesNoValueIsNamed(command: String, expected: HeaderCommandFailure.Reason) async {
        #expect(await reason(command) == expected)
    }

    /// Runs a command and checks that it is killed before it creates the file `FILE`.
    private func ending(of command: String, _ body: (String) async throws -> Void) async throws {
        let file = "/tmp/stomptap-header-command-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(file) }
        try await body(command.replacing("FILE", with: file))
        try await Task.sleep(for: .milliseconds(1500))
        #expect(access(file, F_OK) != 0, "\(command)")
    }

    /// All processes that it started are killed too, including those that print without end or ignore SIGTERM.
    @Test(arguments: [
        "(sleep 1; touch FILE) & echo a; sleep 600", "trap '' TERM; echo a; sleep 1; touch FILE; sleep 600",
        "(sleep 1; touch FILE) & yes",
    ])
    func isKilledWithItsGroupWhenItsTimeIsUp(command: String) async throws {
        try await ending(of: command) { command in
            let start = NIODeadline.now()
            guard case .timedOut? = await reason(command, within: .milliseconds(200)) else {
                Issue.record("another failure")
                return
            }
            #expect(NIODeadline.now() - start < .milliseconds(900))
        }
    }

    @Test func isKilledWhenNobodyWaitsAnyMore() async throws {
        try await ending(of: "echo a; sleep 1; touch FILE; sleep 600") { command in
            let (started, report) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                _ = try await ShellCommand.run(command, until: .now() + .seconds(600)) { _ in report.yield() }
            }
            for await _ in started { break }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func theValueIsHiddenFromThenOn() async throws {
        let secret = "kQ8vN2" + "xZ4t"
        #expect(SecretMask.hiding.masked("a \(secret) b") == "a \(secret) b")
        _ = try await value("echo Bearer kQ8vN2''xZ4t")
        #expect(SecretMask.hiding.masked("a \(secret) b") == "a **** b")
    }
}
