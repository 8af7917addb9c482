import Foundation

/// A program to run, and all it can see.
public struct Program: Sendable {
    /// What the program reads from.
    public enum Input: Sendable {
        case nothing
        case bytes([UInt8])
        /// What ``RunningProgram/write(_:)`` gives, until ``RunningProgram/closeInput()``.
        case open

        public static func text(_ text: String) -> Input { .bytes(Array(text.utf8)) }
    }

    /// What becomes of what the program writes.
    public enum Output: Sendable {
        case collected
        /// Nobody reads until ``RunningProgram/readOutput()``, so that the pipe fills up.
        case held
        /// Read up to the end of the first line, and then closed: `| head -1`.
        case firstLine
        /// A pipe whose other end is closed already.
        case closed
    }

    public var path: String
    public var arguments: [String]
    /// Beside ``cleanEnvironment(home:)``.
    public var environment: [String: String] = [:]
    public var input = Input.nothing
    public var output = Output.collected
    /// How long it may run, before it is killed and the test fails.
    public var limit = Duration.seconds(240)

    public init(_ path: String, _ arguments: [String] = []) {
        self.path = path
        self.arguments = arguments
    }

    /// The built `stomptap`, from the folder in which the build put the test bundle.
    public static func stomptap(_ arguments: String..., input: Input = .nothing) -> Program {
        var program = Program(productsFolder + "/stomptap", arguments)
        program.input = input
        return program
    }

    /// A shell script that plays a CI job at an endpoint.
    public static func ciJob(_ url: String, options: String...) -> Program {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return Program(
            "/bin/sh", ["-e", tests.appending(path: "Fixtures/ci-job.sh").path, stomptap().path, url] + options)
    }

    /// The script that the README has for CI jobs, at an endpoint.
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

    /// Runs it for as long as `body` does; then it is killed with all it has started, if it has not ended.
    public func start<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (RunningProgram) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryFolder { home in
            let running = try RunningProgram(self, home: home)
            defer { running.kill() }
            return try await body(running)
        }
    }

    /// Runs it until the caller ends it; nothing else will.
    ///
    /// - Parameter home: where it finds its home directory, which the caller removes.
    public func launch(home: URL) throws -> RunningProgram {
        try RunningProgram(self, home: home)
    }

    /// The environment with nothing of the developer's own in it.
    func cleanEnvironment(home: URL) -> [String: String] {
        var clean = [
            "HOME": home.path, "XDG_CONFIG_HOME": home.path + "/config", "XDG_STATE_HOME": home.path + "/state",
            "XDG_CACHE_HOME": home.path + "/cache", "TMPDIR": home.path, "LANG": "C.UTF-8", "TZ": "Asia/Seoul",
            // A crash must end the program, not start a debugger.
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
    /// The lines of ``output``, without their ends.
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
