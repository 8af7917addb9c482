import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct HelpTests {
    @Test func helpLeadsANewcomer() async throws {
        let result = try await Program.stomptap("--help").run()
        #expect(result.status == .exited(0))
        for part in ["subscribe", "publish", "serve", "demo", "stomp://", "ws://"] {
            #expect(result.output.contains(part), "\(part) is missing")
        }
    }

    @Test func eachCommandHasHelpWithExamples() async throws {
        let commands = try await commands()
        #expect(
            commands.isSuperset(of: ["subscribe", "publish", "request", "raw", "bench", "check", "serve", "profiles"]))
        for command in commands.union(["sub", "pub"]) {
            let result = try await Program.stomptap(command, "--help").run()
            #expect(result.status == .exited(0))
            #expect(result.output.contains("EXAMPLES"), "\(command)")
        }
    }

    /// All commands, as the program lists them.
    private func commands() async throws -> Set<String> {
        let help = try await Program.stomptap("--help").run().output
        let list = help.components(separatedBy: "SUBCOMMANDS:").last ?? ""
        return Set(list.matches(of: /(?m)^  ([a-z]+)/).map { String($0.output.1) })
    }

    @Test func helpWarnsOfAPasscodeInTheArguments() async throws {
        let result = try await Program.stomptap("subscribe", "--help").run()
        #expect(result.output.contains("'ps'"))
    }

    @Test func theVersionIsOneLine() async throws {
        let result = try await Program.stomptap("--version").run()
        #expect(result.lines.count == 1)
        #expect(result.output.hasPrefix("stomptap "))
    }

    /// Whoever copies a line of the README must not meet an option that is not there.
    @Test func theREADMENamesOnlyOptionsThatAre() async throws {
        let readme = try String(
            contentsOf: URL(filePath: #filePath.replacing("Tests/EndToEndTests/HelpTests.swift", with: "README.md")),
            encoding: .utf8)
        var known: Set<String> = []
        for command in try await commands() {
            let help = try await Program.stomptap(command, "--help").run().output
            known.formUnion(help.matches(of: /--[a-z][a-z-]+/).map { String($0.output) })
        }
        let code = readme.components(separatedBy: "\n").filter { $0.contains("stomptap ") }.joined(separator: "\n")
        let named = Set(code.matches(of: /--[a-z][a-z-]+/).map { String($0.output) })
        #expect(!named.isEmpty)
        #expect(named.subtracting(known) == [])
    }
}
