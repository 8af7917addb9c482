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

    // MARK: One screen, and all

    /// Each help at the usual width and on a narrow terminal. With `STOMPTAP_RECORD=1` the files are rewritten.
    @Test(arguments: [80, 40], ["-h", "--help"]) func helpIsAsReviewed(width: Int, option: String) async throws {
        for command in try await Program.commands().sorted() + [""] {
            let output = try await help([command, option].filter { !$0.isEmpty }, width: width)
            let kind = option == "-h" ? "short" : "whole"
            try Golden.expect(
                output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init),
                equal:
                    "help/\(["stomptap", command].filter { !$0.isEmpty }.joined(separator: "-")).\(kind).\(width).txt")
        }
    }

    @Test(arguments: [
        (
            ["subscribe", "-h"],
            [["sub", "-h"], ["-h", "sub"], ["sub", "demo", "/a", "-vh"], ["help", "sub", "-h"]]
        ),
        (["publish", "--help"], [["help", "publish"], ["help", "pub"], ["pub", "demo", "/a", "-l", "--help"]]),
        (["-h"], [[]]), (["--help"], [["help"]]),
    ]) func helpIsAskedForInManyWays(arguments: [String], others: [[String]]) async throws {
        let expected = try await help(arguments)
        for other in others { #expect(try await help(other) == expected, "\(other)") }
    }

    @Test(arguments: [
        ["publish", "demo", "/app/echo", "x", "-H", "-h"], ["subscribe", "demo", "/topic/clock", "-H", "--help"],
    ]) func helpAsAHeaderIsAValue(arguments: [String]) async throws {
        var program = Program.stomptap()
        program.arguments = arguments
        let result = try await program.run()
        #expect(result.status == .exited(64) && result.output.isEmpty, "\(result)")
        #expect(result.errors.contains("invalid value '\(arguments.last ?? "")' for -H"), "\(result)")
    }

    @Test func helpAfterTheEndOfTheOptionsIsABody() async throws {
        let result = try await Program.stomptap("publish", "demo", "/app/echo", "-v", "--", "-h").run()
        #expect(result.status == .exited(0) && result.output.isEmpty, "\(result)")
        #expect(result.errors.contains("-h"), "\(result)")
    }

    private func help(_ arguments: [String], width: Int = 80) async throws -> String {
        var program = Program.stomptap()
        program.arguments = arguments
        program.environment["COLUMNS"] = "\(width)"
        let result = try await program.run()
        #expect(result.status == .exited(0) && result.errors.isEmpty, "\(result)")
        return result.output
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
