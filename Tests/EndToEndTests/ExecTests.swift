import Foundation
import TestSupport
import Testing

/// `subscribe --exec`.
@Suite(.spawning) struct ExecTests {
    /// The content of a message is always data; no shell interprets it.
    @Test func nothingIsInterpolated() async throws {
        try await withTemporaryFolder { folder in
            let trap = "\(folder.path)/hacked"
            let wicked = "a'b\"c\\d$(touch \(trap))`touch \(trap)`;touch \(trap)\n&& touch \(trap) # %s ${PATH} 한글"
            let escaped = wicked.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
                .replacing(":", with: "\\c")
            let headers =
                "destination:/topic/\(escaped)\nx-first:1\nx-first:2\nx.odd/name é:\(escaped)\npath:/evil\nempty:\n"
            let (result, _) = try await MessageSource.tail(
                [
                    "-n", "1", "-o", "none", "--exec",
                    #"printf '%s\0' "$STOMP_DESTINATION" "$STOMP_X_FIRST" "$STOMP_X_ODD_NAME___" "$STOMP_PATH" "${STOMP_EMPTY-unset}" "${STOMP_OWN-unset}"; test "$PATH" = "$SAVED"; echo $?; cat"#,
                ],
                environment: ["STOMP_OWN": "mine", "SAVED": ProcessInfo.processInfo.environment["PATH"] ?? ""],
                frames: [MessageSource.frame(Array(wicked.utf8), id: 1, headers: headers)])
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors == "")
            #expect(
                result.output
                    == ["/topic/\(wicked)", "1", wicked, "/evil", "", "unset", "0\n\(wicked)"]
                    .joined(separator: "\0"))
            #expect(!FileManager.default.fileExists(atPath: trap))
        }
    }

    @Test func commandsRunOneAtATimeAfterTheirMessage() async throws {
        let bodies = (1...8).map { "message \($0)" }
        let (result, _) = try await MessageSource.tail(
            [
                "-n", "8", "-o", "body", "--exec",
                "mkdir \"$HOME/lock\" || echo overlapped; sed 's/^/ran /'; echo; sleep 0.02; rmdir \"$HOME/lock\"",
            ], frames: MessageSource.frames(bodies))
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == bodies.map { "\($0)\nran \($0)\n" }.joined())
    }

    @Test func onlyWhatIsPrintedIsRun() async throws {
        let (result, received) = try await MessageSource.tail(
            ["-n", "1", "-o", "none", "--grep", "b", "--ack", "client-individual", "--exec", "cat"],
            frames: MessageSource.frames(["a", "b", "c"]))
        #expect(result.output == "b", "\(result)")
        #expect(MessageSource.answers(in: received) == ["ACK 0", "ACK 1"])
    }

    @Test func whatItFailsForIsNotAcknowledged() async throws {
        let (result, received) = try await MessageSource.tail(
            [
                "-n", "4", "-o", "none", "--ack", "client-individual", "--exec",
                #"case $(cat) in bad) exit 3;; worse) kill -9 $$;; esac"#,
            ], frames: MessageSource.frames(["good", "bad", "worse", "good"]))
        #expect(result.status == .exited(0), "\(result)")
        #expect(MessageSource.answers(in: received) == ["ACK 0", "NACK 1", "NACK 2", "ACK 3"])
        #expect(
            result.errors == """
                stomptap: warning: --exec: the command exited with 3 for message 1, which is not acknowledged
                stomptap: warning: --exec: the command was killed by signal 9 for message 2, which is not acknowledged

                """)
    }

    /// A body much larger than a pipe can hold, which the command reads, reads in part, or ignores.
    @Test(arguments: [
        ("wc -c | tr -d ' '", "5000000\n"), ("head -c 3", "xxx"), ("true", ""), ("exec 0<&-; echo on", "on\n"),
    ])
    func aHugeBodyDoesNotHang(command: String, output: String) async throws {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 5_000_000)
        let (result, _) = try await MessageSource.tail(
            ["-n", "1", "-o", "none", "--exec", command], frames: [MessageSource.frame(body, id: 0)])
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == output)
        #expect(result.errors == "")
    }

    /// A background process of the command may keep its stdin open without reading it.
    @Test func whatACommandLeavesBehindIsNotWaitedFor() async throws {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000)
        let (result, _) = try await MessageSource.tail(
            ["-n", "1", "-o", "none", "--exec", "exec 3<&0; sleep 90 <&3 >/dev/null 2>&1 & echo done"],
            frames: [MessageSource.frame(body, id: 0)])
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == "done\n")
    }

    /// The command has the default signal actions, as when started from a shell: a closed pipe ends it.
    @Test func itsSignalsAreAsUsual() async throws {
        let (result, _) = try await MessageSource.tail(
            ["-n", "1", "-o", "none", "--exec", "(yes; echo \"$?\" >&2) | head -n 1"],
            frames: MessageSource.frames(["a"]))
        #expect(result.output == "y\n")
        #expect(!result.errors.contains("pipe") && result.status == .exited(0), "\(result)")
    }

    /// A socket inherited by a command would keep the connection open.
    @Test func itGetsNoDescriptorsButItsOwnThree() async throws {
        let (result, _) = try await MessageSource.tail(
            ["-n", "1", "-o", "none", "--exec", "ls -l /proc/$$/fd; echo; ls -l /proc/$PPID/fd"],
            frames: MessageSource.frames(["a"]))
        let lists = result.output.components(separatedBy: "\n\n")
        try #require(result.status == .exited(0) && lists.count == 2, "\(result)")
        let its = lists[0].matches(of: #/(\d+) -> /#).map(\.output.1)
        #expect(its == ["0", "1", "2"], "\(result)")
        #expect(!lists[0].contains("socket:") && lists[1].contains("socket:"), "\(result)")
    }

    /// The output of `subscribe` ends only when the command has ended too; otherwise this would take an hour.
    @Test(
        arguments: [
            ("", 1, SIGINT, 130), ("trap '' TERM; ", 1, SIGINT, 130), ("trap '' TERM; ", 2, SIGINT, 130),
            ("", 1, SIGTERM, 143), ("", 1, SIGHUP, 129), ("trap '' TERM HUP; ", 1, SIGHUP, 129),
            ("trap '' TERM HUP; ", 2, SIGHUP, 129),
        ] as [(String, Int, Int32, Int32)])
    func aSignalLeavesNothingBehind(shield: String, times: Int, signal: Int32, status: Int32) async throws {
        try await MessageSource.run(frames: MessageSource.frames(["a"])) { _, url in
            let program = Program.stomptap(
                "subscribe", url, "/topic/a", "-o", "none", "--exec", "\(shield)echo started; sleep 3600; sleep 3600")
            try await program.start { running in
                try await running.waitFor("started")
                for _ in 0..<times {
                    running.send(signal: signal)
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(try await running.result().status == .exited(status))
            }
        }
    }

    /// As with nohup(1).
    @Test func anIgnoredHangUpStaysIgnored() async throws {
        try await MessageSource.run(frames: MessageSource.frames(["a"])) { _, url in
            let program = Program(
                "/bin/sh",
                [
                    "-c", "trap '' HUP; exec \"$0\" \"$@\"", Program.stomptap().path, "subscribe", url, "/topic/a",
                    "-n",
                    "1", "-o", "none", "--exec", "echo started; cat >/dev/null; sleep 1; echo done",
                ])
            try await program.start { running in
                try await running.waitFor("started")
                running.send(signal: SIGHUP)
                let result = try await running.result()
                #expect(result.status == .exited(0) && result.output == "started\ndone\n", "\(result)")
            }
        }
    }

    /// A header whose name differs from STOMP's by case or by one character does not replace it.
    @Test func theExactNameWins() async throws {
        let headers =
            "Destination:/evil\nDESTINATION:/worse\ndestination:/topic/a\ndestination:/late\nreply_to:1\nreply-to:2\n"
            + "Only:upper\n"
        let (result, _) = try await MessageSource.tail(
            [
                "-n", "1", "-o", "none", "--exec",
                #"printf '%s ' "$STOMP_DESTINATION" "$STOMP_REPLY_TO" "$STOMP_ONLY"; env | grep -c STOMP_DESTINATION"#,
            ],
            frames: [MessageSource.frame(Array("a".utf8), id: 1, headers: headers)])
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == "/topic/a 2 upper 1\n")
    }

    /// The same error would occur for every message, so no NACK is sent.
    @Test func aCommandThatIsNotThereEndsIt() async throws {
        let (result, received) = try await MessageSource.tail(
            ["-o", "none", "--ack", "client", "--exec", "/nonexistent/command"],
            frames: MessageSource.frames(["a", "b"]))
        #expect(result.status == .exited(66), "\(result)")
        #expect(
            result.errors.hasSuffix("stomptap: --exec: command not found: /nonexistent/command (status 127)\n"),
            "\(result)")
        #expect(!received.contains("ACK"), "\(received)")
    }

    @Test func theTimeOfACommandIsNoSilence() async throws {
        let (result, _) = try await MessageSource.tail(
            ["-o", "none", "--idle-timeout", "3s", "--exec", "sleep 4; cat; echo"],
            frames: MessageSource.frames(["a", "b"]))
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == "a\nb\n")
    }
}
