import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct ProfileTests {
    /// Runs `body` with profiles: JSON texts by profile name.
    private func withProfiles<Value>(
        _ profiles: [String: String], isolation: isolated (any Actor)? = #isolation,
        _ body: (_ run: ([String]) async throws -> ProgramResult, _ folder: URL) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryFolder { home in
            let folder = home.appending(path: "stomptap")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in profiles {
                let file = folder.appending(path: "\(name).json")
                try Data(text.utf8).write(to: file)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            }
            return try await body(
                { arguments in
                    var program = Program.stomptap()
                    program.arguments = arguments
                    program.environment["XDG_CONFIG_HOME"] = home.path
                    return try await program.run()
                }, folder)
        }
    }

    @Test func aNameIsAServerWithItsOptions() async throws {
        try await ServedBroker.run(["--login", "app:geheim", "--clock"]) { broker in
            let profile = """
                {"url": "\(broker.tcp)", "login": "app", "passcode": "geheim", "output": "body", "count": 1,
                 "connect-header": ["x-a: 1", "x-b: 2"], "verbose": 1, "no-content-length": false}
                """
            try await withProfiles(["local": profile]) { run, _ in
                let result = try await run(["subscribe", "local", "/topic/clock"])
                #expect(result.status == .exited(0), "\(result)")
                #expect(result.lines.count == 1 && result.output.hasPrefix("{\"time\""), "\(result)")
                #expect(result.errors.contains("x-a:1\n") && result.errors.contains("x-b:2\n"))
                let published = try await run(["publish", "local", "/topic/a", "hi"])
                #expect(published.status == .exited(0), "\(published)")
            }
        }
    }

    @Test func theCommandLineOverridesAProfile() async throws {
        try await withProfiles(["here": #"{"url": "demo", "output": "json", "count": 5, "passcode-env": "NONE"}"#]) {
            run, _ in
            let result = try await run([
                "subscribe", "here", "/topic/clock", "-F", "%d", "-n", "1", "--passcode", "x",
            ])
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.output == "/topic/clock\n")
        }
    }

    @Test(arguments: [
        (#"{"url": "stomp://h", "pascode": "x"}"#, #"unknown option "pascode"; did you mean "passcode"?"#),
        (#"{"url": "stomp://h", "insecure": "yes"}"#, #""insecure": expected true or false"#),
        (#"{"url": "stomp://h", "login": ["a", "b"]}"#, #""login": expected one value"#),
        (#"{"url": "stomp://h", "login": true}"#, #""login": expected a string or a number"#),
        (#"{"url": "stomp://h", "login": null}"#, #""login": expected a string, a number, true, false or"#),
        (#"{"url": "stomp://h", "connect-timeout": "soon"}"#, "expected a duration such as 250ms"),
        (#"{"login": "x"}"#, #"has no "url""#), (#"{"url": "other"}"#, "is not a URL"),
        (#"{"url": "localhost:61613"}"#, #""url": "localhost:61613": missing scheme"#),
        (#"{"url": "stomp://h", "heart-beat": 5}"#, "two numbers of milliseconds"),
        (#"["url"]"#, "expected a JSON object of options"), ("{", "invalid JSON"),
    ])
    func whatIsWrongIsNamed(profile: String, reason: String) async throws {
        try await withProfiles(["bad": profile]) { run, _ in
            let result = try await run(["subscribe", "bad", "/topic/a"])
            #expect(result.status == .exited(78), "\(result)")
            #expect(result.errors.hasPrefix("stomptap: profile bad: ") && result.errors.contains(reason), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1)
            let list = try await run(["profiles"])
            #expect(list.status == .exited(78), "\(list)")
            #expect(list.output == "" && list.errors == result.errors, "\(list)")
        }
    }

    /// A profile may have an option that only some commands accept.
    @Test func aProfileThatOnlySomeCommandsCanUseIsFine() async throws {
        try await withProfiles(["tail": #"{"url": "demo", "output": "body", "size": "1KiB", "count": 2}"#]) { run, _ in
            let result = try await run(["profiles"])
            #expect(result.status == .exited(0), "\(result)")
        }
    }

    @Test func aReservedNameIsReported() async throws {
        try await withProfiles(["demo": #"{"url": "stomp://h"}"#]) { run, _ in
            let result = try await run(["profiles"])
            #expect(result.status == .exited(78), "\(result)")
            #expect(result.errors.contains("is never used, because demo is the built-in broker"), "\(result)")
        }
    }

    @Test func aMistypedNameIsGuessed() async throws {
        try await withProfiles(["staging": #"{"url": "stomp://h"}"#]) { run, _ in
            let result = try await run(["subscribe", "stagign", "/topic/a"])
            #expect(result.status == .exited(78))
            #expect(result.errors.contains("did you mean staging?"), "\(result)")
            #expect(try await run(["subscribe", "dmeo", "/topic/a"]).errors.contains("did you mean demo?"))
        }
    }

    @Test func theyAreListedWithoutTheirSecrets() async throws {
        let profiles = [
            "a": #"{"url": "stomp://me:geheim1@h", "passcode": "geheim2", "cookie": "geheim3"}"#,
            "b": #"{"url": "ws://h?token=geheim4", "http-header": "Authorization: Bearer geheim5", "insecure": true}"#,
        ]
        try await withProfiles(profiles) { run, _ in
            let result = try await run(["profiles"])
            #expect(result.status == .exited(0), "\(result)")
            #expect(!result.description.contains("geheim"), "\(result)")
            #expect(result.lines.filter { !$0.hasPrefix(" ") } == ["a  stomp://me:****@h", "b  ws://h?token=****"])
            #expect(result.lines.contains("    --insecure"))
            #expect(try await run(["profiles", "--show-secrets"]).output.contains("geheim2"))
        }
    }

    @Test func aPasscodeThatOthersCanReadIsWarnedOf() async throws {
        try await withProfiles(["open": #"{"url": "demo", "passcode": "x"}"#]) { run, folder in
            let file = folder.appending(path: "open.json").path
            #expect(try await run(["publish", "open", "/topic/a", "hi"]).errors == "")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
            let result = try await run(["publish", "open", "/topic/a", "hi"])
            #expect(result.status == .exited(0), "\(result)")
            #expect(result.errors.contains("contains a passcode that others can read"))
            try Data(#"{"url": "stomp://app:geheim@h"}"#.utf8).write(to: URL(filePath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
            let list = try await run(["profiles"])
            #expect(list.errors.contains("contains a passcode that others can read"), "\(list)")
        }
    }

    @Test(arguments: [
        (#""cookie": "a=b""#, "cookie"), (#""http-header": ["X-A: 1", "X-Auth: geheim"]"#, "http-header"),
        (#""connect-header": "x: Bearer geheim""#, "connect-header"), (#""connect-header": "x-tenant: 7""#, nil),
        (#""proxy": "http://u:geheim@h""#, "proxy"), (#""login": "app""#, nil),
    ])
    func anotherSecretThatOthersCanReadIsWarnedOf(setting: String, option: String?) async throws {
        try await withProfiles(["open": "{\"url\": \"stomp://h\", \(setting)}"]) { run, folder in
            #expect(try await run(["profiles"]).errors == "")
            let file = folder.appending(path: "open.json").path
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
            let list = try await run(["profiles"])
            #expect(list.status == .exited(0), "\(list)")
            #expect(list.errors.contains("that others can read") == (option != nil), "\(list)")
            if let option { #expect(list.errors.contains("contains a secret in \"\(option)\""), "\(list)") }
        }
    }
}
