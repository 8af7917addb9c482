import Foundation
import TestSupport
import Testing

/// The output of `-v`, `--trace-file` and `--pcap` for a session.
@Suite(.spawning) struct TraceTests {
    /// The transports to the embedded broker; the names match the files in `Traces`.
    static let ways = [
        "tcp", "websocket", "sockjs-websocket", "sockjs-xhr-streaming", "sockjs-eventsource", "sockjs-xhr-polling",
    ]

    private func publish(_ way: String, at broker: ServedBroker, _ arguments: [String] = []) -> Program {
        let url =
            switch way {
            case "tcp": broker.tcp
            case "websocket": broker.webSocket
            default: broker.sockJS
            }
        var program = Program.stomptap("publish", url, "/topic/a", "안녕", "--heart-beat", "0,0")
        if way.hasPrefix("sockjs-") {
            program.arguments += ["--sockjs-transport", String(way.dropFirst("sockjs-".count))]
        }
        program.arguments += arguments
        return program
    }

    // MARK: What is shown

    /// With `STOMPTAP_RECORD=1` in the environment, the files are rewritten.
    @Test(arguments: ways) func aSessionIsShownLayerByLayer(way: String) async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Traces/\(way).txt")
        try await ServedBroker.run { broker in
            let result = try await publish(way, at: broker, ["-vv", "--timestamps", "none"]).run()
            #expect(result.status == .exited(0), "\(result)")
            let shown = normalized(result.errors, inOrder: !way.hasPrefix("sockjs-xhr") && way != "sockjs-eventsource")
            if ProcessInfo.processInfo.environment["STOMPTAP_RECORD"] != nil {
                try shown.write(to: file, atomically: true, encoding: .utf8)
            }
            let expected = try String(contentsOf: file, encoding: .utf8)
            #expect(shown == expected, "\(shown)")
        }
    }

    /// Masks what differs from run to run, and cuts the trace after the receipt of DISCONNECT. SockJS requests have
    /// no fixed order, so there only the set of events is compared.
    private func normalized(_ trace: String, inOrder: Bool) -> String {
        var text = trace
        for (pattern, cover) in [
            (#"127\.0\.0\.1:\d+"#, "HOST:PORT"), (#"mask [0-9a-f]{8}"#, "mask KEY"),
            (#"(?m)^(\s+Sec-WebSocket-(?:Key|Accept): ).*$"#, "$1..."),
            (#"/[0-9]{3}/[A-Za-z0-9]+/"#, "/SERVER/SESSION/"), (#"(?m)^(\s+Content-Length: ).*$"#, "$1..."),
        ] {
            text = text.replacingOccurrences(of: pattern, with: cover, options: .regularExpression)
        }
        // A port has four or five digits, which changes the size of the requests that contain it.
        text = text.replacingOccurrences(
            of: #"(?m)^([<>] http .*)  \d+ B$"#, with: "$1  SIZE", options: .regularExpression)
        var events: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.first.map({ "<>*".contains($0) }) == true { events.append("") }
            if !events.isEmpty { events[events.count - 1] += line + "\n" }
        }
        if let end = events.firstIndex(where: { $0.contains("receipt-id:receipt-2") && $0.hasPrefix("< stomp") }) {
            events = Array(events[...end])
        }
        if !inOrder { events = Array(Set(events.filter { !$0.hasPrefix("* tcp") })).sorted() }
        return events.map { $0.hasSuffix("\n\n") ? String($0.dropLast()) : $0 }.joined()
    }

    // MARK: What is not shown

    private static let secrets = ["hunter22-xyzzy", "c00kie-value", "t0ken-of-query", "QmFzaWMtY3JlZGVudGlhbHM6"]

    @Test(arguments: ways, [nil, "7"]) func secretsAreNowhereInATrace(way: String, split: String?) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "trace.json").path
            try await ServedBroker.run { broker in
                var program = publish(
                    way, at: broker,
                    [
                        "-vvv", "--trace-file", file, "--login", "a", "--passcode", Self.secrets[0],
                        "--cookie", "session=\(Self.secrets[1])", "--http-header",
                        "Authorization: Basic \(Self.secrets[3])",
                    ] + (split.map { ["--split", $0] } ?? []))
                if way != "tcp" { program.arguments[1] += "?token=\(Self.secrets[2])" }
                let result = try await program.run()
                #expect(result.status == .exited(0), "\(result)")
                let written = try String(contentsOfFile: file, encoding: .utf8)
                #expect(result.errors.contains("****") && written.contains("****"))
                let seen = [result.errors, result.output, dumped(result.errors), written, decoded(written)]
                for secret in Self.secrets {
                    // No part of a secret either: the parts could be put together.
                    for part in parts(of: secret, length: split == nil ? 6 : 5) {
                        #expect(!seen.contains { $0.contains(part) }, "\(part) of \(secret) is in the trace")
                    }
                }
            }
        }
    }

    private func parts(of secret: String, length: Int) -> [String] {
        let characters = Array(secret)
        return (0...(characters.count - length)).map { String(characters[$0..<($0 + length)]) }
    }

    private func dumped(_ trace: String) -> String {
        let text = bytesOfDumps(in: trace)
        #expect(!text.isEmpty)
        return text
    }

    /// Decodes the base64 data of a trace file.
    private func decoded(_ trace: String) -> String {
        trace.matches(of: /"data":"([^"]*)","dataEncoding":"base64"/).map { match in
            String(decoding: Data(base64Encoded: String(match.output.1)) ?? Data(), as: UTF8.self)
        }.joined(separator: "\n")
    }

    @Test func theyAreShownToWhoAsksForThem() async throws {
        try await ServedBroker.run { broker in
            let result = try await publish(
                "websocket", at: broker, ["-vvv", "--passcode", Self.secrets[0], "--login", "a", "--show-secrets"]
            ).run()
            #expect(result.errors.contains("passcode:\(Self.secrets[0])"))
        }
    }

    // MARK: Files

    @Test func aTraceFileIsJSONLines() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "trace.json").path
            try await ServedBroker.run { broker in
                let result = try await publish("tcp", at: broker, ["--trace-file", file]).run()
                #expect(result.status == .exited(0) && result.errors.isEmpty, "\(result)")
                struct Line: Decodable {
                    var time, direction, layer, event: String
                    var connection, level: Int
                    var size: Int?
                    var data, dataEncoding: String?
                }
                let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
                    try JSONDecoder().decode(Line.self, from: Data($0.utf8))
                }
                #expect(lines.allSatisfy { $0.connection == 1 && $0.time.hasSuffix("Z") })
                #expect(Set(lines.map(\.layer)) == ["tcp", "stomp"])
                #expect(Set(lines.map(\.level)) == [1, 2, 3])
                let send = try #require(lines.first { $0.layer == "stomp" && $0.event == "SEND" })
                #expect(send.direction == "out" && send.dataEncoding == "utf-8" && send.size == send.data?.utf8.count)
                #expect(send.data?.hasSuffix("\n\n안녕\0") == true)
            }
        }
    }

    @Test func aTraceFileThatCannotBeMadeOrWrittenIsAStatus() async throws {
        try await ServedBroker.run { broker in
            let missing = try await publish("tcp", at: broker, ["--trace-file", "/no/such/folder/trace"]).run()
            #expect(missing.status == .exited(73), "\(missing)")
            for command in [["publish", broker.tcp, "/topic/a", "x"], ["subscribe", broker.tcp, "/topic/a"]] {
                var program = Program.stomptap()
                program.arguments = command + ["--trace-file", "/dev/full"]
                let full = try await program.run()
                #expect(full.status == .exited(74), "\(full)")
                #expect(full.errors.contains("stomptap: /dev/full: cannot write"), "\(full)")
            }
        }
    }

    @Test func aCaptureHoldsWhatWent() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "session.pcap").path
            try await ServedBroker.run { broker in
                let refused = try await publish("tcp", at: broker, ["--pcap", file]).run()
                #expect(refused.status == .exited(64), "it holds secrets, and says so")
                let result = try await publish("tcp", at: broker, ["--pcap", file, "--show-secrets"]).run()
                #expect(result.status == .exited(0), "\(result)")
                let octets = Array(try Data(contentsOf: URL(filePath: file)))
                // The magic number of a libpcap file, in this machine's byte order.
                #expect(octets.prefix(4) == [0xD4, 0xC3, 0xB2, 0xA1])
                let text = String(decoding: octets, as: UTF8.self)
                #expect(text.contains("CONNECT\naccept-version") && text.contains("CONNECTED\nversion"))
                #expect(text.contains("\n\n안녕\0"))
            }
        }
    }
}

/// Returns the bytes of all hex dumps in a text.
func bytesOfDumps(in text: String) -> String {
    let bytes = text.matches(of: #/(?m)^ +[0-9a-f]{8} ((?: {1,2}[0-9a-f]{2}){1,16}) /#).flatMap { match in
        match.output.1.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
    return String(decoding: bytes, as: UTF8.self)
}
