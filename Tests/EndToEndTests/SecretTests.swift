import Foundation
import TestSupport
import Testing

/// No output may show a secret, even if the command line is wrong. Each command line contains the secret or its two
/// halves.
@Suite(.spawning) struct SecretTests {
    private static let halves = ["Qz7x", "wV9k"]
    private static let secret = "Qz7xwV9k"
    private static let host = "127.0.0.1:9"
    private static let endpoint = "stomp://\(host)"
    /// Replaces placeholders: `${S}` is the secret, `${1}` and `${2}` its halves, `${H}` an address that refuses
    /// connections, `${U}` its URL.
    private static func filled(_ text: String) -> String {
        [("${S}", secret), ("${1}", halves[0]), ("${2}", halves[1]), ("${H}", host), ("${U}", endpoint)]
            .reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }

    private func expect(
        _ status: Int32, _ word: String, _ arguments: [String], environment: [String: String] = [:], input: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var program = Program.stomptap(input: .text(Self.filled(input)))
        program.arguments = arguments.map(Self.filled)
        program.environment = environment.mapValues(Self.filled)
        let result = try await program.run()
        #expect(result.status == .exited(status), "\(arguments): \(result)", sourceLocation: sourceLocation)
        let text = result.output + result.errors
        #expect(text.contains(word), "\(arguments): \(result)", sourceLocation: sourceLocation)
        for half in Self.halves {
            #expect(!text.contains(half), "\(arguments): \(result)", sourceLocation: sourceLocation)
        }
    }

    // MARK: URLs

    /// A URL in which the end of the passcode is unclear is rejected with the correct encoding; a URL that can be
    /// parsed is used.
    @Test(arguments: [
        ("stomp://user:${1}/${2}@${H}", 64, "%2F"), ("stomp://user:${1}#${2}@${H}", 64, "%23"),
        ("stomp://user:${1}?${2}@${H}", 64, "%3F"), ("ws://user:${1}/${2}@${H}/ws", 64, "%2F"),
        ("stomp://user:${1}'${2}@${H}", 69, "refused"), ("stomp://user:${1}@${2}@${H}", 69, "refused"),
        ("stomp://user:${1} ${2}@${H}", 69, "refused"), ("stomp://user:${1}%zz${2}@${H}", 69, "refused"),
        ("stomp://${1}/${2}@${H}", 64, "%2F"), ("user:${S}@${H}", 64, "missing scheme"),
        ("stomp:/user:${S}@${H}", 64, "missing scheme"), ("stomp:user:${S}@${H}", 64, "missing scheme"),
        ("stop://user:${S}@${H}", 64, "unknown scheme"), ("stomp://user:${S}", 64, "invalid port"),
        ("stomp://user:${1}/${2}", 64, "invalid port"), ("user:${S}", 64, "missing scheme"),
        ("stomp://a:${1}/${2}@${H},ws://b:c@${H}", 64, "%2F"), ("stomp://a:b@${H},user:${S}@${H}", 69, "refused"),
        ("stomp://a:${1},${2}@${H}", 69, "refused"), ("stomp://a:b@${H},ws//b:${S}@${H}", 64, "%2F"),
        ("ws://${H}/ws?token=${1}'${2}", 69, "?token=****"), ("ws://${H}/ws?access_token=${1};${2}", 69, "token=****"),
        ("ws://${H}/ws?token=${1},${2}", 69, "?token=****"), ("ws://${H}/ws?token=${1}#${2}", 64, "fragment"),
        ("stomp://h?token=${S}", 64, "query"),
    ])
    func aURL(url: String, status: Int32, word: String) async throws {
        try await expect(status, word, ["check", url])
        try await expect(status, status == 64 ? word : #"{"url":""#, ["check", url, "-o", "json"])
        try await expect(64, "unknown command", [url, "/topic/a"])
        try await expect(64, "nexpected argument", ["publish", "demo", "/topic/a", "hi", url])
    }

    @Test(arguments: [
        ["subscribe", "stomp://u:${1}/${2}@${H}", "/topic/a"], ["connect", "stomp://u:${1}/${2}@${H}"],
        ["raw", "ws://u:${1}/${2}@${H}"], ["bench", "stomp://u:${1}/${2}@${H}"],
        ["request", "stomp://u:${1}/${2}@${H}", "/a", "--reply", "/b"],
        ["tap", "stomp://u:${1}/${2}@${H}", "--listen", "127.0.0.1:0"],
        ["publish", "stomp://u:${1}/${2}@${H}", "/topic/a", "hi", "-vvv"],
    ])
    func aURLOfEachCommand(arguments: [String]) async throws {
        try await expect(64, "write / as %2F, # as %23 and ? as %3F", arguments)
    }

    // MARK: Options

    /// Errors of the argument parser, and our own.
    @Test(arguments: [
        (["-C", "Authorization Bearer ${S}"], 64, " for -C"), (["-C", "${S}"], 64, " for -C"),
        (["-C${S}"], 64, " for -C"),
        (["-H", "passcode ${S}"], 64, " for -H"), (["--http-header", "Cookie ${S}"], 64, "--http-header"),
        (["--connect-header=${S}"], 64, "--connect-header"), (["--passcod", "${S}"], 64, "--passcod"),
        (["--passcod=${S}"], 64, "--passcod"), (["--passcode", "-${S}"], 64, "--passcode"),
        (["--passcode", "${1}", "${2}"], 64, "nexpected argument"),
        (["--login", "u", "${S}"], 64, "nexpected argument"),
        (["-p${S}"], 64, "nknown option '-p"), (["-uu:${S}"], 64, "nknown option '-u"),
        (["-u", "u:${S}"], 64, "-u"),
        (["--token", "${S}"], 64, "--token"), (["--passcode-prompt=${S}"], 64, "--passcode-prompt"),
        (["--passcode-prompt", "${S}"], 64, "nexpected argument"), (["-passcode", "${S}"], 64, "option"),
        (["-C", "Authorization:", "Bearer", "${S}"], 64, "in quotes"),
        (["-C", "Authorization", "Bearer", "${S}"], 64, " for -C"), (["--passcode-env", "${S}"], 64, "--passcode-env"),
        (["--passcode-file", "${S}"], 66, "--passcode-file"),
        (["--cert", "/dev/null", "--key-passphrase-env", "${S}"], 64, "--key-passphrase-env"),
        (["--cert", "/dev/null", "--key=-----BEGIN PRIVATE KEY-----\n${S}"], 66, "--key"),
        (["--cookie", "${1}\n${2}"], 69, "refused"), (["--http-header", "Cookie: ${1}\n${2}"], 69, "refused"),
        (["--proxy", "http://u:${1}/${2}@${H}"], 64, "%2F"), (["--proxy", "http://u:${1}#${2}@${H}"], 64, "%23"),
        (["--proxy", "http://u:${S}"], 64, "proxy"), (["--proxy", "http:/u:${1}/${2}@${H}"], 64, "proxy"),
        (["--proxy", "ftp://u:${S}@${H}"], 64, "scheme"), (["--proxy", "http://u:${1}%zz${2}@${H}"], 64, "percent"),
        (["--proxy", "socks5://u:${S}@${H}"], 69, "refused"),
        (["--proxy", "socks5://:${S}@${H}"], 64, "SOCKS"), (["--proxy", "u:${S}"], 64, "proxy"),
        (["--trace-file", "/nonexistent/stomp://u:${1}/${2}@h"], 73, "--trace-file"),
    ])
    func anOption(options: [String], status: Int32, word: String) async throws {
        try await expect(status, word, ["publish", "${U}", "/topic/a", "hi"] + options)
    }

    /// Options before the command, and option values that are split or missing.
    @Test(arguments: [
        (["--passcode", "${S}", "subscribe", "${U}", "/a"], 64, "--passcode"),
        (["-C", "Authorization Bearer ${S}", "check", "${U}"], 64, "nknown option '-C'"),
        (["subscribe", "--passcode", "${1}", "${2}", "${U}", "/a"], 78, "quotes"),
        (["subscribe", "--passcode-prompt", "${S}", "${U}", "/a"], 78, "quotes"),
        (["subscribe", "-C", "Authorization:", "Bearer", "${S}", "${U}", "/a"], 64, "in quotes"),
        (["serve", "--login", "${S}"], 64, "--login"), (["serve", "--login", ":${S}"], 64, "--login"),
        (["serve", "--login", "u", "${S}"], 64, "--login"), (["serve", "--logn", "u:${S}"], 64, "--logn"),
        (["serve", "u:${S}"], 64, "nexpected argument"), (["serve", "-C", "${S}"], 64, " for -C"),
        (["profiles", "stomp://u:${1}/${2}@h"], 64, "nexpected argument"),
        (["tap", "${U}", "--listen", "127.0.0.1:0", "--cookie", "${1}", "${2}"], 64, "nexpected argument"),
        (["tap", "${U}", "--listen", "ws://u:${1}/${2}@${H}"], 64, "--allow-remote"),
        (["help", "stomp://u:${1}/${2}@h"], 64, "unknown command"),
    ])
    func aCommandLine(arguments: [String], status: Int32, word: String) async throws {
        try await expect(status, word, arguments)
    }

    @Test func anArgumentThatIsNotUTF8() async throws {
        let script = "exec \"$0\" publish demo /topic/a hi --passcode \"$(printf 'Qz7x\\377wV9k')\""
        let result = try await Program("/bin/sh", ["-c", script, Program.stomptap().path]).run()
        #expect(result.status == .exited(65), "\(result)")
        #expect(result.errors.contains("argument 6 is not UTF-8"), "\(result)")
        #expect(!result.errors.contains("Qz7x"), "\(result)")
    }

    /// Each command with its required arguments, and an address at which no server answers and on which none can
    /// listen.
    private static let commands = [
        ["connect", "${U}"], ["subscribe", "${U}", "/topic/a"], ["publish", "${U}", "/topic/a", "hi"],
        ["request", "${U}", "/a", "--reply", "/b"], ["raw", "${U}"], ["bench", "${U}"], ["check", "${U}"],
        ["tap", "${U}", "--listen", "192.0.2.1:1"], ["serve", "--tcp", "192.0.2.1:1"],
    ]

    /// Returns the options of a command that have a value, from its help.
    private static func options(of command: String) async throws -> [String] {
        struct Dump: Decodable {
            struct Name: Decodable { var kind: String, name: String }
            struct Argument: Decodable { var kind: String, preferredName: Name? }
            struct Command: Decodable { var arguments: [Argument] }
            var command: Command
        }
        let dump = try await Program.stomptap(command, "--experimental-dump-help").run()
        return try JSONDecoder().decode(Dump.self, from: Data(dump.output.utf8)).command.arguments
            .filter { $0.kind == "option" }.compactMap(\.preferredName)
            .map { ($0.kind == "long" ? "--" : "-") + $0.name }
    }

    /// A URL with a passcode and a token, as the value of every option.
    @Test(arguments: commands) func everyOptionOfACommand(_ command: [String]) async throws {
        let options = try await Self.options(of: command[0])
        #expect(options.count > 10, "\(options)")
        // Options that several commands share are parsed by the same code.
        let shared = command[0] == "publish" ? [] : try await Self.options(of: "publish")
        for option in options where !shared.contains(option) || command[0] == "serve" {
            var program = Program.stomptap()
            program.arguments = (command + [option, "stomp://u:${1}/${2}@${H}?token=${S}"]).map(Self.filled)
            let result = try await program.run()
            #expect(result.status != .exited(0) && !result.errors.isEmpty, "\(option): \(result)")
            let text = result.output + result.errors
            #expect(!Self.halves.contains(where: text.contains), "\(command) \(option): \(result)")
        }
    }

    // MARK: Environment and profiles

    @Test(arguments: ["http://u:${1}/${2}@${H}", "http://u:${S}", "http:/u:${1}/${2}@${H}", "ftp://u:${S}@${H}"])
    func aProxyOfTheEnvironment(url: String) async throws {
        try await expect(64, "HTTPS_PROXY: ", ["check", "wss://${H}/ws"], environment: ["HTTPS_PROXY": url])
        try await expect(64, "ALL_PROXY: ", ["check", "${U}"], environment: ["ALL_PROXY": url])
    }

    @Test(arguments: [
        (#"{"url": "stomp://u:${1}/${2}@${H}"}"#, 78, "%2F"), (#"{"url": "u:${S}@${H}"}"#, 78, "missing scheme"),
        (#"{"url": "${S}"}"#, 78, "not a URL"), (#"{"url": "${U}", "passcode": ["${1}", "${2}"]}"#, 78, "one value"),
        (#"{"url": "${U}", "passcode": {"a": "${S}"}}"#, 78, "passcode"),
        (#"{"url": "${U}", "passcod": "${S}"}"#, 78, "passcod"),
        (#"{"url": "${U}", "passcode:${S}": 1}"#, 78, "unknown option"),
        (#"{"url": "${U}", "connect-header": "Authorization Bearer ${S}"}"#, 78, "--connect-header"),
        (#"{"url": "${U}", "http-header": ["x-a: 1", "${S}"]}"#, 78, "--http-header"),
        (#"{"url": "${U}", "passcode-prompt": "${S}"}"#, 78, "passcode-prompt"),
        (#"{"url": "${U}", "passcode-env": "${S}"}"#, 64, "--passcode-env"),
        (#"{"url": "${U}", "passcode": "${S}", "passcode-env": "X"}"#, 78, "cannot be combined"),
        (#"{"url": "${U}", "proxy": "http://u:${1}/${2}@${H}"}"#, 64, "%2F"),
        (#"{"url": "${U}", "passcode": "${S}}"#, 78, "invalid JSON"),
        (#"{"url": "${U}", "passcode": ${S}}"#, 78, "invalid JSON"), (#"["${S}"]"#, 78, "expected a JSON object"),
    ])
    func aProfile(json: String, status: Int32, word: String) async throws {
        try await withTemporaryFolder { home in
            try Self.write(json, to: home)
            try await expect(status, word, ["check", "broken"], environment: ["XDG_CONFIG_HOME": home.path])
        }
    }

    @Test func profilesThatAreListed() async throws {
        try await withTemporaryFolder { home in
            let json = #"""
                {"url": "stomp://a:${1}@h,stomp://b:${2}@h", "proxy": "http://u:${1}'${2}@${H}", "passcode": "${S}",
                 "cookie": "${S}", "login": "u:${S}", "http-header": "Authorization: Bearer ${S}"}
                """#
            try Self.write(json, to: home)
            try await expect(
                0, "stomp://a:****@h,stomp://b:****@h", ["profiles"], environment: ["XDG_CONFIG_HOME": home.path])
        }
    }

    private static func write(_ json: String, to home: URL) throws {
        let folder = home.appending(path: "stomptap")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "broken.json")
        try Data(filled(json).utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }

    // MARK: The prompt's lines

    @Test(arguments: [
        ("connect stomp://user:${1}/${2}@${H}", 64, "%2F"), ("connect user:${S}@${H}", 64, "missing scheme"),
        ("connect stomp://user:${1} ${2}@${H}", 64, "connect"), ("connect stomp:/user:${S}@${H}", 64, "missing scheme"),
        ("connect stomp://user:${1}'${2}@${H}", 64, "missing closing '"),
        (
            "stomp://user:${S}@${H}", 64,
            "unknown "
                + "command"
        ),
        ("send -H 'passcode ${S}' /a b", 64, "'name: value'"), ("sub -H Authorization: Bearer ${S} /a", 64, "quotes"),
        ("sub /a --passcode=${S}", 64, "unknown option"), ("sub /a -H 'token ${S}", 64, "missing closing '"),
        ("passcode:${S}", 64, "unknown command"), ("send /a @/nonexistent/ws://u:${1}/${2}@h", 66, "no such file"),
        ("help ws://u:${1}/${2}@h", 64, "unknown command"), ("wait ws://u:${S}@h", 64, "wait"),
    ])
    func aLine(line: String, status: Int32, word: String) async throws {
        try await expect(status, word, ["connect", "demo", "-e", line])
        try await expect(status, word, ["connect", "demo"], input: line + "\n")
    }

    // MARK: Output about a session

    /// The trace, and the steps and hints of `check`.
    @Test func aTokenInAQuery() async throws {
        try await ServedBroker.run(["--login", "app:Qz7xwV9k"]) { broker in
            let url = broker.webSocket + "?access_token=Qz7x'wV9k"
            try await withTemporaryFolder { home in
                let trace = home.appending(path: "trace.jsonl").path
                let options = ["--login", "app", "--passcode", "${S}", "-C", "Authorization: Bearer ${S}"]
                try await expect(
                    0, "access_token=****",
                    ["publish", url, "/topic/a", "hi", "-vvv", "--trace-file", trace, "--cookie", "a=${S}"] + options)
                let content = try String(contentsOfFile: trace, encoding: .utf8)
                #expect(content.contains("access_token=*") && content.contains("CONNECT"), "\(content)")
                #expect(!Self.halves.contains(where: content.contains), "\(content)")
                try await expect(0, "access_token=****", ["check", url, "-vvv"] + options)
                try await expect(0, "access_token=****", ["check", url, "-o", "json"] + options)
            }
        }
    }

    @Test func anEndpointThatIsElsewhere() async throws {
        try await ServedBroker.run([]) { broker in
            for url in [broker.webSocket, broker.sockJS] {
                let url = url.replacingOccurrences(of: "/ws", with: "/elsewhere") + "?token=${S}"
                try await expect(76, "/elsewhere?token=****", ["check", url])
                try await expect(76, "/elsewhere?token=****", ["check", url, "-o", "json"])
            }
        }
    }

    /// The server's answer contains a URL, and the hint repeats it.
    @Test func anAdvice() async throws {
        let reply = ScriptedHTTP.Reply.json(#"{"websocket":true,"base_url":"http://other/ws?token=Qz7xwV9k"}"#)
        let server = try await ScriptedHTTP { _ in reply }
        let url = "http://127.0.0.1:\(server.port)/ws"
        for options in [[], ["-o", "json"]] {
            try await expect(76, "try http://other/ws?token=****", ["check", url] + options)
        }
        await server.stop()
    }

    // MARK: Every form of output

    /// The forms that show headers; bodies, and `-o raw`, are not masked.
    private static let forms = [
        ["-o", "pretty"], ["-o", "json"], ["-F", "%j"], ["-F", "%J"], ["-F", "%c %{x-token} %{passcode} %{Cookie}"],
    ]

    private func expectNone(
        of text: String, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(text.contains("***"), "\(what): \(text)", sourceLocation: sourceLocation)
        for half in Self.halves {
            #expect(!text.contains(half), "\(what): \(text)", sourceLocation: sourceLocation)
            // The rows of a hex dump may split a word.
            #expect(!bytesOfDumps(in: text).contains(half), "\(what): \(text)", sourceLocation: sourceLocation)
        }
    }

    private func read(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

    /// A message from a server, in each form, in the record and in the trace.
    @Test(arguments: forms) func aMessage(form: [String]) async throws {
        let headers = "destination:/topic/a\nx-token:\(Self.secret)\npasscode:\(Self.secret)\nCookie:a=\(Self.secret)\n"
        try await withTemporaryFolder { home in
            let record = home.appending(path: "record.jsonl"), trace = home.appending(path: "trace.jsonl")
            let (result, _) = try await MessageSource.tail(
                form + ["-n", "1", "-vvv", "--record", record.path, "--trace-file", trace.path],
                frames: [MessageSource.frame(Array("hi".utf8), id: 0, headers: headers)])
            #expect(result.status == .exited(0), "\(result)")
            expectNone(of: result.output, "the output")
            expectNone(of: result.errors, "the trace")
            expectNone(of: try read(record), "the record")
            expectNone(of: try read(trace), "the trace file")
        }
    }

    @Test(arguments: forms) func whatRawShows(form: [String]) async throws {
        try await ServedBroker.run { broker in
            let frame = "CONNECT\naccept-version:1.2\nhost:/\npasscode:\(Self.secret)\nx-token:\(Self.secret)\n\n^@\n"
            let line = frame.replacing("\n^@\n", with: "\n\0").replacing("\n", with: #"\n"#)
            for (url, input, options) in [
                (broker.tcp, frame, []), (broker.sockJS, frame, []),
                (broker.webSocket, line.replacing("\0", with: #"\0"#) + "\n", ["--text", "--escapes"]),
            ] {
                var program = Program.stomptap("raw", url, "-n", "1", "-vvv", input: .text(input))
                program.arguments += form + options
                let result = try await program.run()
                #expect(result.status == .exited(0), "\(result)")
                expectNone(of: result.errors + (form[0] == "-o" ? result.output : ""), "raw \(url)")
                expectNone(of: result.output + "***", "raw \(url)")
            }
        }
    }

    @Test(arguments: forms) func whatATapShows(form: [String]) async throws {
        try await ServedBroker.run { broker in
            for url in [broker.tcp, broker.webSocket, broker.sockJS] {
                try await withTemporaryFolder { home in
                    let record = home.appending(path: "record.jsonl")
                    let options = form + ["-vvv", "--summary", "--record", record.path]
                    let result = try await RunningTap.run(to: url, options) { tap in
                        let sent = try await Program.stomptap(
                            "publish", tap.url, "/topic/a", "hi", "--login", "me", "--passcode", Self.secret, "-H",
                            "x-token: \(Self.secret)"
                        ).run()
                        #expect(sent.status == .exited(0), "\(sent)")
                        try await tap.program.waitFor("* end: ", in: .stderr)
                        return try await tap.end()
                    }
                    expectNone(of: result.output, "tap \(url)")
                    expectNone(of: result.errors + "***", "tap \(url)")
                    expectNone(of: try read(record), "the record")
                }
            }
        }
    }

    /// A server's error message, if it contains a URL.
    @Test func whatAServerSaysWithAnError() async throws {
        let message = "no such user at stomp://me:\(Self.secret)@h/ or ws://h/ws?token=\(Self.secret)"
        let steps: [ScriptedServer.Step] = [.awaitText("\0"), .sendText("ERROR\nmessage:\(message)\n\n\0")]
        try await ScriptedServer.run(script: { _ in steps }) { server in
            let url = "stomp://127.0.0.1:\(server.port)"
            for arguments in [
                ["publish", url, "/topic/a", "hi"], ["subscribe", url, "/topic/a"], ["check", url],
                ["check", url, "-o", "json"], ["connect", url, "-e", "wait"], ["bench", url, "--messages", "1"],
            ] {
                var program = Program.stomptap()
                program.arguments = arguments
                let result = try await program.run()
                #expect(result.status != .exited(0), "\(result)")
                expectNone(of: result.output + result.errors, "\(arguments)")
            }
        }
    }
}
