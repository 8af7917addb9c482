import Foundation
import Synchronization
import SystemC

/// A running program, in its own process group.
public final class RunningProgram: Sendable {
    public enum Stream: Sendable { case stdout, stderr }

    public let pid: pid_t
    private let program: Program
    private let deadline: ContinuousClock.Instant
    private let stdout: PipeReader
    private let stderr: PipeReader
    private let stdin: PipeWriter
    private let status = Mutex<ProgramResult.Status?>(nil)

    init(_ program: Program, home: URL) throws {
        self.program = program
        deadline = .now + program.limit
        // A program may close its input before it has received all of it.
        signal(SIGPIPE, SIG_IGN)
        let input = try Pipe(), output = try Pipe(), errors = try Pipe()
        defer { [input.reading, output.writing, errors.writing].forEach { close($0) } }
        stdin = PipeWriter(input.writing)
        stdout = PipeReader(output.reading)
        stderr = PipeReader(errors.reading)
        if case .closed = program.output { stdout.close() }
        pid = try spawn(program, home: home) { actions in
            for (number, descriptor) in [input.reading, output.writing, errors.writing].enumerated() {
                posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
            }
        }
        stderr.start()
        switch program.output {
        case .collected: stdout.start()
        case .firstLine: stdout.start(stopsAtLineEnd: true)
        case .held, .closed: break
        }
        switch program.input {
        case .nothing: stdin.close()
        case .bytes(let bytes):
            stdin.write(bytes)
            stdin.close()
        case .open: break
        }
    }

    /// Waits until the program has ended and both outputs are closed, and returns the result.
    ///
    /// - Throws: ``TestFailure`` with its output if the time limit is reached; the program is killed then.
    public func result() async throws -> ProgramResult {
        try await wait(otherwise: "has not ended") {
            guard let status = endStatus(), stdout.isAtEnd, stderr.isAtEnd else { return nil }
            return ProgramResult(status: status, stdout: stdout.bytes, stderr: stderr.bytes)
        }
    }

    /// Waits until the program has written `text`, and returns everything that it has written to that stream so far.
    ///
    /// - Throws: ``TestFailure`` with its output if it ends before that, or the time limit is reached.
    @discardableResult
    public func waitFor(_ text: String, count: Int = 1, in stream: Stream = .stdout) async throws -> String {
        let reader = stream == .stdout ? stdout : stderr
        return try await wait(otherwise: "has not written \(text.debugDescription)") {
            // Read before the search, so that text written just before the end is found.
            let isAtEnd = reader.isAtEnd
            let written = String(decoding: reader.bytes, as: UTF8.self)
            if written.components(separatedBy: text).count > count { return written }
            if isAtEnd { throw failure("has ended without writing \(text.debugDescription)") }
            return nil
        }
    }

    /// Waits for an effect outside the program's output, such as a new file.
    public func wait<Value>(
        otherwise complaint: String, until condition: () async throws -> Value?
    ) async throws -> Value {
        do {
            return try await eventually(within: deadline - .now, condition) { complaint }
        } catch let late as TestFailure {
            throw failure(late.description)
        }
    }

    /// Everything that it has written so far.
    public var written: ProgramResult {
        ProgramResult(status: endStatus() ?? .running, stdout: stdout.bytes, stderr: stderr.bytes)
    }

    /// Queues text for the program's input; needs ``Program/Input/open``.
    public func write(_ text: String) { stdin.write(Array(text.utf8)) }

    public func closeInput() { stdin.close() }

    /// Starts to read the held output.
    public func readOutput() { stdout.start() }

    public func send(signal number: Int32) {
        status.withLock { status in
            // Not after the process has been waited for: its process ID may have been reused.
            if status == nil { _ = SystemC.kill(pid, number) }
        }
    }

    /// Its peak memory in bytes; nil if it has ended.
    public var peakMemory: Int? { memory("VmHWM:") }

    /// Its current memory in bytes; nil if it has ended.
    public var memory: Int? { memory("VmRSS:") }

    private func memory(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let kilobytes = line.split(separator: " ").dropLast().last.flatMap({ Int($0) })
        else { return nil }
        return kilobytes * 1024
    }

    /// Kills it, with all processes that it has started, and waits for it.
    func kill() {
        stdin.close()
        status.withLock { status in
            _ = SystemC.kill(-pid, SIGKILL)
            if status == nil { status = ProgramResult.Status.of(pid, options: 0) }
        }
        stdout.close()
        stderr.close()
    }

    private func endStatus() -> ProgramResult.Status? {
        status.withLock { status in
            if status == nil { status = ProgramResult.Status.of(pid, options: WNOHANG) }
            return status
        }
    }

    private func failure(_ complaint: String) -> TestFailure {
        let call = ([(program.path as NSString).lastPathComponent] + program.arguments).joined(separator: " ")
        return TestFailure("\(call): \(complaint); it is \(written)")
    }
}
