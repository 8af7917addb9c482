import Foundation
import TestSupport
import Testing

/// Files that may contain bodies or secrets are readable only by their owner, even if the file existed before.
@Suite(.spawning) struct PrivateFileTests {
    private func mode(_ file: URL) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
    }

    private func makeReadable(_ file: URL, _ text: String = "") throws {
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
    }

    /// `FILE` is created, or exists and is readable by others.
    @Test(
        arguments: [
            ["publish", "demo", "/topic/a", "hi", "--trace-file", "FILE"],
            ["publish", "demo", "/topic/a", "hi", "--show-secrets", "--pcap", "FILE"],
            ["subscribe", "demo", "/topic/clock", "-n", "1", "--record", "FILE"],
            ["connect", "demo", "-e", "sub /topic/clock", "-e", "wait", "-e", "save FILE"],
        ], [true, false])
    func aFileOfACommand(arguments: [String], exists: Bool) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "file")
            if exists { try makeReadable(file) }
            var program = Program.stomptap()
            program.arguments = arguments.map { $0.replacing("FILE", with: file.path) }
            let result = try await program.run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(try mode(file) == 0o600)
            #expect(try !Data(contentsOf: file).isEmpty)
        }
    }

    @Test func theRecordOfATapIsAppendedTo() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "record")
            try makeReadable(file, "{}\n")
            _ = try await RunningTap.run(to: "demo", ["--record", file.path]) { tap in
                let sent = try await Program.stomptap("publish", tap.url, "/topic/a", "hi").run()
                #expect(sent.status == .exited(0), "\(sent)")
                try await tap.program.waitFor("* end: ", in: .stderr)
                return try await tap.end()
            }
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.hasPrefix("{}\n{") && text.contains("SEND"), "\(text)")
            #expect(try mode(file) == 0o600)
        }
    }

    /// The mode of a file that the shell has created does not change.
    @Test(arguments: [
        "--record /dev/stdout > FILE", "--record /dev/fd/3 3> FILE", "--record >(cat > FILE; echo done >&2)",
        "--record /dev/stderr 2> FILE", "--trace-file /dev/fd/3 3> FILE",
    ])
    func aDescriptorOfTheShell(options: String) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "file")
            try makeReadable(file)
            let script = options.replacing("FILE", with: "'\(file.path)'")
            let program = Program(
                "/bin/bash",
                ["-c", "'\(Program.stomptap().path)' subscribe demo /topic/clock -o none -n 1 \(script); wait"])
            let result = try await program.run()
            #expect(result.status == .exited(0), "\(result)")
            #expect(try mode(file) == 0o644)
            let end = ContinuousClock.now + .seconds(10)
            while try Data(contentsOf: file).isEmpty, ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(
                try String(contentsOf: file, encoding: .utf8).contains(#""command":"MESSAGE"#)
                    == options.contains("record"))
        }
    }

    /// A link that exists before the command starts, and one that is created while the command connects.
    @Test func aLinkInPlaceOfTheReadyFileIsNotFollowed() async throws {
        try await withTemporaryFolder { folder in
            let ready = folder.appending(path: "ready"), target = folder.appending(path: "target")
            try makeReadable(target, "precious")
            try FileManager.default.createSymbolicLink(at: ready, withDestinationURL: target)
            let steps: [ScriptedServer.Step] = [.awaitText("\0")]
            try await ScriptedServer.run(script: { _ in steps }) { server in
                let url = "stomp://127.0.0.1:\(server.port)"
                let program = Program.stomptap("subscribe", url, "/topic/a", "-W", "2s", "--ready-file", ready.path)
                try await program.start { running in
                    _ = try await running.wait(otherwise: "has not removed the link") {
                        FileManager.default.fileExists(atPath: ready.path) ? nil : true
                    }
                    _ = try await running.result()
                }
            }
            #expect(try String(contentsOf: target, encoding: .utf8) == "precious")
            // Here the test creates the link again and again.
            var program = Program.stomptap("subscribe", "demo", "/topic/clock", "-n", "3", "--ready-file", ready.path)
            program.output = .collected
            try await program.start { running in
                let end = ContinuousClock.now + .seconds(3)
                while ContinuousClock.now < end {
                    symlink(target.path, ready.path)
                    try await Task.sleep(for: .milliseconds(1))
                }
                #expect(try await running.result().status == .exited(0))
            }
            #expect(try String(contentsOf: target, encoding: .utf8) == "precious")
        }
    }
}
