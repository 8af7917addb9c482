import Foundation
import TestSupport
import Testing

/// `subscribe --record` and `publish --json-lines`.
@Suite(.spawning) struct RecordTests {
    private struct Line: Decodable {
        var time: String
        var body: String
        var headers: [String: String]
    }

    private static let bodies: [[UInt8]] = [
        Array("안녕 \u{1F600} \"quoted\" \\ line\nand \u{1B}[31m".utf8), [0, 0xFF, 0xFE, 0x0A, 0], [],
        Array("{\"total\": 10.50}".utf8), Array(0...255),
    ]
    private static let headers =
        "destination:/topic/a\nx:1\nx:2\\n\\c\\\\\n한글:값 \\c\ncontent-type:text/x-own\nx-token:abc\n"

    /// Publishes a recording, and returns what the server received.
    private func replayed(_ arguments: [String]) async throws -> (result: ProgramResult, frames: [[UInt8]]) {
        let script: [ScriptedServer.Step] = [
            .awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0"), .awaitText("DISCONNECT\n"), .awaitText("\0"),
            .answer { came in
                let text = String(decoding: came, as: UTF8.self)
                let id = text.components(separatedBy: "receipt:").last?.prefix { $0 != "\n" } ?? ""
                return Array("RECEIPT\nreceipt-id:\(id)\n\n\0".utf8)
            }, .stall,
        ]
        return try await ScriptedServer.run(script: { _ in script }) { server in
            var program = Program.stomptap("publish", "stomp://127.0.0.1:\(server.port)")
            program.arguments += arguments
            let result = try await program.run()
            let wire = try await server.receivedWhole()[0]
            let start = wire.firstRange(of: Array("SEND\n".utf8))?.lowerBound ?? wire.endIndex
            let end = wire.firstRange(of: Array("DISCONNECT\n".utf8))?.lowerBound ?? wire.endIndex
            return (result, [Array(wire[min(start, end)..<end])])
        }
    }

    @Test func bytesAndHeadersComeBackAsTheyWere() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "record.jsonl").path
            let frames = Self.bodies.enumerated().map {
                MessageSource.frame($1, id: $0, headers: Self.headers + "redelivered:true\n")
            }
            let (recorded, _) = try await MessageSource.tail(
                ["-n", "5", "-o", "body", "--record", file, "--show-secrets"], frames: frames)
            #expect(recorded.status == .exited(0), "\(recorded)")
            #expect(recorded.stdout == Array(Self.bodies.map { $0 + [0x0A] }.joined()))

            let own = "x:1\nx:2\\n\\c\\\\\n한글:값 \\c\ncontent-type:text/x-own\nx-token:abc\n"
            func sent(to destination: String, _ headers: String) -> [UInt8] {
                Array(
                    Self.bodies.map { body in
                        Array("SEND\ndestination:\(destination)\n\(headers)content-length:\(body.count)\n\n".utf8)
                            + body
                            + [0]
                    }.joined())
            }
            let plain = try await replayed(["--json-lines", file])
            #expect(plain.result.status == .exited(0), "\(plain.result)")
            #expect(plain.result.errors == "")
            #expect(plain.frames == [sent(to: "/topic/a", own)])
            let changed = try await replayed(["/queue/b", "--json-lines", file, "-H", "x: 3", "-t", ""])
            #expect(changed.frames == [sent(to: "/queue/b", "한글:값 \\c\nx-token:abc\nx:3\n")], "\(changed.result)")
        }
    }

    @Test func secretsAreMaskedAndNotSentAgain() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "record.jsonl").path
            let frame = MessageSource.frame([0x61], id: 0, headers: Self.headers)
            _ = try await MessageSource.tail(["-n", "1", "-o", "none", "--record", file], frames: [frame])
            #expect(try !String(contentsOfFile: file, encoding: .utf8).contains("abc"))
            let (result, frames) = try await replayed(["--json-lines", file])
            #expect(result.status == .exited(0))
            #expect(result.errors.contains("line 1: x-token was masked"), "\(result)")
            #expect(!String(decoding: frames[0], as: UTF8.self).contains("token"))
        }
    }

    @Test func aRecordIsAppendedTo() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "record.jsonl").path
            for body in ["a", "b"] {
                _ = try await MessageSource.tail(
                    ["-n", "1", "-o", "json", "--record", file], frames: MessageSource.frames([body]))
            }
            let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            #expect(
                try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)).body } == ["a", "b"])
        }
    }

    /// At speed 100, messages that were recorded a minute apart are sent 0.6 s apart; at speed 0, all at once.
    @Test(arguments: [("300", 400), ("100", 1200), ("0", 0)])
    func theTimingIsKept(speed: String, milliseconds: Int) async throws {
        let recording = (0...2).map { minute in
            #"{"time":"2026-11-21T05:0\#(minute):20Z","headers":{"destination":"/topic/a"},"body":"\#(minute)"}"#
        }
        let start = ContinuousClock.now
        let published = try await Program.stomptap(
            "publish", "demo", "--json-lines", "-", "--speed", speed, input: .text(recording.joined(separator: "\n"))
        ).run()
        #expect(published.status == .exited(0), "\(published)")
        #expect((.milliseconds(milliseconds)..<(.seconds(30))).contains(.now - start))
    }

    @Test func theLineThatIsWrongIsNamed() async throws {
        let good = #"{"headers":{"destination":"/topic/a"},"body":"x"}"#
        let result = try await Program.stomptap(
            "publish", "demo", "--json-lines", "-", input: .text("\(good)\n\(good)\nnonsense\n")
        ).run()
        #expect(result.status == .exited(65), "\(result)")
        #expect(result.errors.hasPrefix("stomptap: stdin: line 3: not a recorded message"))
        #expect(result.errors.hasSuffix("(2 sent, 2 confirmed; resume with --skip 2)\n"))
        for (line, part) in [
            (#"{"destination":"/topic/a","body":"x"}"#, #"no "destination" in "headers""#),
            (#"{"headers":{"destination":"/a"},"body":{}}"#, "expected a string at byte 39"),
        ] {
            let result = try await Program.stomptap(
                "publish", "demo", "--json-lines", "-", input: .text("\n \r\n\(line)\n\n")
            ).run()
            #expect(result.status == .exited(65), "\(result)")
            #expect(result.errors.hasPrefix("stomptap: stdin: line 3: ") && result.errors.contains(part), "\(result)")
        }
    }

    @Test func blankLinesAreNothing() async throws {
        let good = #"{"headers":{"destination":"/topic/a"},"body":"x"}"#
        let result = try await Program.stomptap(
            "publish", "demo", "--json-lines", "-", "-v", input: .text("\n\(good)\n\r\n\(good)\n\n")
        ).run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.errors.matches(of: /> stomp SEND/).count == 2, "\(result)")
    }
}
