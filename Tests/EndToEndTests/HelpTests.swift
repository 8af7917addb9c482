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
        let commands = try await Program.commands()
        #expect(
            commands.isSuperset(of: [
                "connect", "subscribe", "publish", "raw", "bench", "check", "tap", "serve", "profiles",
            ]))
        for command in commands.union(["sub", "pub"]) {
            let result = try await Program.stomptap(command, "--help").run()
            #expect(result.status == .exited(0))
            let examples = result.output.components(separatedBy: "EXAMPLES\n").last?.components(separatedBy: "\n\n")
                .first
            // A line that is too long would wrap to column 1 and look like a separate command.
            let lines = try #require(examples).split(separator: "\n")
            #expect(!lines.isEmpty && lines.allSatisfy { $0.hasPrefix("  ") }, "\(command): \(lines)")
        }
    }

    @Test func helpWarnsOfAPasscodeInTheArguments() async throws {
        let result = try await Program.stomptap("subscribe", "--help").run()
        #expect(result.output.contains("'ps'"))
    }

    @Test(arguments: [
        (["subscrbe", "demo", "/a"], #"unknown command "subscrbe"; did you mean subscribe?"#),
        (["help", "conect"], #"unknown command "conect"; did you mean connect?"#),
        (["ws://localhost/ws"], #"unknown command "ws://localhost/ws"; the command comes first, as in"#),
    ]) func anUnknownCommandIsNamed(arguments: [String], line: String) async throws {
        var program = Program.stomptap()
        program.arguments = arguments
        let result = try await program.run()
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.errors.contains(line), "\(result)")
    }

    @Test func theVersionIsOneLine() async throws {
        let result = try await Program.stomptap("--version").run()
        #expect(result.lines.count == 1)
        #expect(result.output.hasPrefix("stomptap "))
    }
}
