import Foundation
import NIOCore
import STOMPCore
import TestSupport
import Testing

/// Headers whose values come from commands, as the server and the user see them.
@Suite(.spawning) struct HeaderCommandTests {
    /// A command that prints `tok3n-secret-1`, `tok3n-secret-2` and so on; it keeps its counter in a file.
    private static let counting =
        #"n=$(($(cat "$HOME/n" 2>&- || echo 0) + 1)); echo $n > "$HOME/n"; echo tok3n-secret-$n"#
    private static let secret = "tok3n-secret"

    /// Runs a STOMP server. `answer` returns the text sent after the CONNECT of each connection, numbered from 0,
    /// and whether the connection then stays open.
    private func withServer<Value: Sendable>(
        _ answer: @escaping @Sendable (Int) -> (text: String, stays: Bool),
        _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        try await ScriptedServer.run(
            script: { number in
                let (text, stays) = answer(number)
                let start: [ScriptedServer.Step] = [.awaitText("\n\n\0"), .sendText(text)]
                guard stays else { return start }
                return start + [
                    .awaitText("SUBSCRIBE"), .awaitText("\0"),
                    .sendText("MESSAGE\nsubscription:sub-0\nmessage-id:1\ndestination:/a\n\nhi\0"), .stall,
                ]
            }, body)
    }

    private static let connected = "CONNECTED\nversion:1.2\nserver:s/1\nheart-beat:0,0\n\n\0"
    private static let refusal = "ERROR\nmessage:Bad CONNECT\n\ntok3n-secret-1 has expired\0"

    /// Returns the values received for a header, one for each connection.
    private func values(_ name: String, at server: ScriptedServer) -> [String] {
        server.received.map { bytes in
            String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("\(name):") }.map { String($0.dropFirst(name.count + 1)) } ?? ""
        }
    }

    private func expectNoSecret(in result: ProgramResult, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(!(result.output + result.errors).contains(Self.secret), "\(result)", sourceLocation: sourceLocation)
    }

    @Test func eachAttemptHasANewValue() async throws {
        try await withServer({ (Self.connected, $0 == 2) }) { server in
            let result = try await Program.stomptap(
                "subscribe", "stomp://127.0.0.1:\(server.port)", "/a", "-n", "1", "--reconnect", "9",
                "--reconnect-delay", "20ms", "--heart-beat", "0,0", "-vvv", "--connect-header-command",
                "X-Own: \(Self.counting)"
            ).run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(values("X-Own", at: server) == (1...3).map { "tok3n-secret-\($0)" })
            #expect(result.errors.contains("X-Own:****"))
            expectNoSecret(in: result)
        }
    }

    @Test func aRefusalRunsItOnceMore() async throws {
        for (refusals, status) in [(1, Int32(0)), (9, 77)] {
            for reconnect in [[], ["--reconnect", "9", "--reconnect-delay", "20ms"]] {
                try await withServer({ $0 < refusals ? (Self.refusal, false) : (Self.connected, true) }) { server in
                    var program = Program.stomptap(
                        "subscribe", "stomp://127.0.0.1:\(server.port)", "/a", "-n", "1", "-v",
                        "--connect-header-command", "passcode: \(Self.counting)")
                    program.arguments += reconnect
                    let result = try await program.run()
                    #expect(result.status == .exited(status), "\(result)")
                    #expect(values("passcode", at: server) == ["tok3n-secret-1", "tok3n-secret-2"])
                    expectNoSecret(in: result)
                }
            }
        }
    }

    /// Status 401 and 403 over HTTP, for each command.
    @Test(arguments: [
        ["subscribe", "ws://SERVER/ws", "/a"], ["publish", "http://SERVER/ws", "/a", "hi"],
        ["raw", "--sse", "http://SERVER/events", "-W", "60s"], ["raw", "--text", "ws://SERVER/ws"],
        ["connect", "ws://SERVER/ws", "-e", "sub /a"], ["request", "ws://SERVER/ws", "/a", "x", "--reply", "/b"],
        ["check", "ws://SERVER/ws"], ["bench", "ws://SERVER/ws"],
    ])
    func aRefusalByHTTP(arguments: [String]) async throws {
        for status in ["401 Unauthorized", "403 Forbidden"] {
            try await ScriptedServer.run(script: { _ in ScriptedServer.http(status) }) { server in
                var program = Program.stomptap("")
                program.arguments =
                    arguments.map { $0.replacing("SERVER", with: "127.0.0.1:\(server.port)") }
                    + ["--http-header-command", "Authorization: echo Bearer $(\(Self.counting))"]
                if arguments[0] == "bench" { program.arguments += ["--publish-only"] }
                let result = try await program.run()
                #expect(result.status == .exited(77), "\(result)")
                #expect(
                    values("Authorization", at: server) == [" Bearer tok3n-secret-1", " Bearer tok3n-secret-2"])
                expectNoSecret(in: result)
                if arguments[0] == "check" {
                    #expect(result.output.matches(of: /ok +headers .*from commands: Authorization for HTTP/).count == 2)
                    #expect(result.output.contains(/warn +upgrade .*retrying with new headers/))
                    #expect(result.output.contains(/FAIL +upgrade/))
                }
            }
        }
    }

    /// Nothing is sent, and the line has the option, the cause and the fix.
    @Test(arguments: [
        ("exit 3", 69, "failed with status 3"), ("kill -TERM $$", 69, "was killed by signal 15"),
        ("no-such-program-of-anybody", 69, "failed with status 127; is its program installed"),
        ("true", 69, "printed no value"), ("sleep 60", 75, "timed out after 500 ms and was killed; raise"),
        (#"printf 'a\tb'"#, 65, "control character"), ("yes | tr -d '\\n'", 65, "more than 65536 bytes"),
        (#"printf '\377'"#, 65, "not UTF-8"),
    ])
    func aCommandThatFails(command: String, status: Int32, says: String) async throws {
        // `head` ends the endless command.
        let command = command.hasPrefix("yes") ? "\(command) | head -c 70000" : command
        try await ScriptedServer.run(.stall) { server in
            for option in ["--connect-header-command", "--http-header-command"] {
                let result = try await Program.stomptap(
                    "publish", "ws://127.0.0.1:\(server.port)/ws", "/a", "hi", "--connect-timeout", "500ms", option,
                    "Authorization: echo on stderr >&2; \(command)"
                ).run()
                #expect(result.status == .exited(status), "\(result)")
                let lines = result.errors.split(separator: "\n")
                #expect(lines.contains("on stderr"), "\(result)")
                #expect(
                    lines.last?.hasPrefix("stomptap: \(option): the command for Authorization ") == true
                        && lines.last?.contains(says) == true, "\(result)")
            }
            #expect(server.received.isEmpty)
        }
    }

    /// The service that a command needs may be down, like the server.
    @Test func aCommandThatFailsForNowIsTriedAgain() async throws {
        let later = #"test -e "$HOME/there" || { touch "$HOME/there"; exit 7; }; echo tok3n-secret"#
        try await withServer({ _ in (Self.connected, true) }) { server in
            for (reconnect, status) in [("9", Int32(0)), ("never", 69)] {
                let result = try await Program.stomptap(
                    "subscribe", "stomp://127.0.0.1:\(server.port)", "/a", "-n", "1", "--reconnect", reconnect,
                    "--reconnect-delay", "20ms", "--connect-header-command", "X-Own: \(later)"
                ).run()
                #expect(result.status == .exited(status), "\(result)")
                #expect(result.errors.contains("failed with status 7"), "\(result)")
            }
            #expect(values("X-Own", at: server) == ["tok3n-secret"])
        }
    }

    @Test func bothAHeaderAndACommandForItIsWrongUsage() async throws {
        let result = try await Program.stomptap(
            "subscribe", "demo", "/a", "-C", "Authorization: x", "--connect-header-command", "Authorization: touch ran"
        ).run()
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.errors.contains("-C and --connect-header-command both set Authorization"), "\(result)")
    }

    /// If others can write a profile, they could run any command.
    @Test func aProfileThatOthersCanWriteRunsNothing() async throws {
        try await ServedBroker.run { broker in
            try await withTemporaryFolder { home in
                let folder = home.appending(path: "stomptap")
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                let file = folder.appending(path: "here.json")
                let ran = home.appending(path: "ran").path
                for option in ["connect-header-command", "http-header-command"] {
                    let json = #"{"url": "\#(broker.webSocket)", "\#(option)": ["X-Own: touch \#(ran); echo a value"]}"#
                    try Data(json.utf8).write(to: file)
                    for (mode, status) in [(0o620, Int32(78)), (0o602, 78), (0o666, 78), (0o644, 0), (0o600, 0)] {
                        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
                        var program = Program.stomptap("publish", "here", "/topic/a", "hi")
                        program.environment["XDG_CONFIG_HOME"] = home.path
                        let result = try await program.run()
                        #expect(result.status == .exited(status), "\(mode): \(result)")
                        #expect(FileManager.default.fileExists(atPath: ran) == (status == 0))
                        try? FileManager.default.removeItem(atPath: ran)
                        guard status == 78 else { continue }
                        #expect(
                            result.errors == "stomptap: profile here: \(file.path) has \"\(option)\", which runs a "
                                + "command, but others can write the file; chmod go-w it; the command was not run\n")
                    }
                }
            }
        }
    }
}
