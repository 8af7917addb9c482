import Foundation

/// A program to run, with its arguments, its environment and its input and output.
public struct Program: Sendable {
    /// What the program reads from.
    public enum Input: Sendable {
        case nothing
        case bytes([UInt8])
        /// Text from ``RunningProgram/write(_:)``, until ``RunningProgram/closeInput()``.
        case open

        public static func text(_ text: String) -> Input { .bytes(Array(text.utf8)) }
    }

    /// What the test does with the program's output.
    public enum Output: Sendable {
        case collected
        /// Not read until ``RunningProgram/readOutput()``, so that the pipe fills up.
        case held
        /// Read up to the end of the first line, then closed, as by `| head -1`.
        case firstLine
        /// A pipe whose other end is already closed.
        case closed
    }

    public var path: String
    public var arguments: [String]
    /// Added to ``cleanEnvironment(home:)``.
    public var environment: [String: String] = [:]
    public var input = Input.nothing
    public var output = Output.collected
    /// How long the program may run before it is killed and the test fails.
    public var limit = Duration.seconds(240)

    public init(_ path: String, _ arguments: [String] = []) {
        self.path = path
        self.arguments = arguments
    }

    /// The built `stomptap`, from the folder that contains the test bundle.
    public static func stomptap(_ arguments: String..., input: Input = .nothing) -> Program {
        var program = Program(productsFolder + "/stomptap", arguments)
        program.input = input
        return program
    }

    /// A shell script that acts as a CI job and uses an endpoint.
    public static func ciJob(_ url: String, options: String...) -> Program {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return Program(
            "/bin/sh", ["-e", tests.appending(path: "Fixtures/ci-job.sh").path, stomptap().path, url] + options)
    }

    /// The README's script for CI jobs, run with an endpoint.
    public static func smokeScript(_ url: String) throws -> Program {
        let blocks = try Repository.text("README.md").components(separatedBy: "```sh\n#!/bin/sh\n").dropFirst()
        guard let script = blocks.first?.components(separatedBy: "```").first, blocks.count == 1 else {
            throw TestFailure("the README has not one script")
        }
        var program = Program("/bin/sh", ["-c", script, "smoke.sh", url])
        program.environment["PATH"] = productsFolder + ":/usr/bin:/bin"
        return program
    }

    public static let productsFolder: String = {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (executable as NSString).deletingLastPathComponent
    }()

    /// Runs it to its end.
    public func run() async throws -> ProgramResult {
        try await start { try await $0.result() }
    }

    /// Runs it while `body` runs; afterwards kills it, with all processes that it has started, if it is still running.
    public func start<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (RunningProgram) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryFolder { home in
            let running = try RunningProgram(self, home: home)
            defer { running.kill() }
            return try await body(running)
        }
    }

    /// Starts it; the caller must end it.
    ///
    /// - Parameter home: its home directory, which the caller removes.
    public func launch(home: URL) throws -> RunningProgram {
        try RunningProgram(self, home: home)
    }

    /// An environment without any of the developer's own settings.
    func cleanEnvironment(home: URL) -> [String: String] {
        var clean = [
            "HOME": home.path, "XDG_CONFIG_HOME": home.path + "/config", "XDG_STATE_HOME": home.path + "/state",
            "XDG_CACHE_HOME": home.path + "/cache", "TMPDIR": home.path, "LANG": "C.UTF-8", "TZ": "Asia/Seoul",
            // A crash must end the program and not start a debugger.
            "SWIFT_BACKTRACE": "enable=no",
        ]
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            clean[name] = ProcessInfo.processInfo.environment[name]
        }
        return clean.merging(environment) { $1 }
    }
}

/// How a program ended, and what it printed.
public struct ProgramResult: Sendable, CustomStringConvertible {
    public enum Status: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
        case running
    }

    public var status: Status
    public var stdout: [UInt8]
    public var stderr: [UInt8]

    public var output: String { String(decoding: stdout, as: UTF8.self) }
    public var errors: String { String(decoding: stderr, as: UTF8.self) }
    /// The lines of ``output``, without line ends.
    public var lines: [String] {
        output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    public var description: String {
        "\(status)\n--- stdout\n\(shown(output))\n--- stderr\n\(shown(errors))"
    }

    private func shown(_ text: String) -> String {
        text.count <= 4000 ? text : text.prefix(2000) + "\n... \(text.utf8.count) octets ...\n" + text.suffix(2000)
    }
}
