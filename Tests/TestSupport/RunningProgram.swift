import Foundation
import Synchronization
import SystemC

/// A program that runs, in a process group of its own.
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
        // A program may close its input before it was given all of it.
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

    /// Its end and what it printed, once both outputs have ended.
    ///
    /// - Throws: ``TestFailure`` with what it printed, if the time is up; it is killed then.
    public func result() async throws -> ProgramResult {
        try await wait(otherwise: "has not ended") {
            guard let status = endStatus(), stdout.isAtEnd, stderr.isAtEnd else { return nil }
            return ProgramResult(status: status, stdout: stdout.bytes, stderr: stderr.bytes)
        }
    }

    /// Waits until the program has written `text`, and gives all that it has written to that stream until then.
    ///
    /// - Throws: ``TestFailure`` with what it printed, if it ends before that or the time is up.
    @discardableResult
    public func waitFor(_ text: String, count: Int = 1, in stream: Stream = .stdout) async throws -> String {
        let reader = stream == .stdout ? stdout : stderr
        return try await wait(otherwise: "has not written \(text.debugDescription)") {
            // Asked before looking, so that what comes with the end is seen.
            let isAtEnd = reader.isAtEnd
            let written = String(decoding: reader.bytes, as: UTF8.self)
            if written.components(separatedBy: text).count > count { return written }
            if isAtEnd { throw failure("has ended without writing \(text.debugDescription)") }
            return nil
        }
    }

    /// Waits for something that the program does elsewhere, such as making a file.
    public func wait<Value>(
        otherwise complaint: String, until condition: () async throws -> Value?
    ) async throws -> Value {
        do {
            return try await eventually(within: deadline - .now, condition) { complaint }
        } catch let late as TestFailure {
            throw failure(late.description)
        }
    }

    /// What it has written until now.
    public var written: ProgramResult {
        ProgramResult(status: endStatus() ?? .running, stdout: stdout.bytes, stderr: stderr.bytes)
    }

    /// Queues what the program shall read; needs ``Program/Input/open``.
    public func write(_ text: String) { stdin.write(Array(text.utf8)) }

    public func closeInput() { stdin.close() }

    /// Starts to read what was held.
    public func readOutput() { stdout.start() }

    public func send(signal number: Int32) {
        status.withLock { status in
            // Not to a process that has been waited for: its id may be another's by now.
            if status == nil { _ = SystemC.kill(pid, number) }
        }
    }

    /// The most memory it has had at once, in bytes. Nil if it has ended.
    public var peakMemory: Int? { memory("VmHWM:") }

    /// The memory that it has now, in bytes. Nil if it has ended.
    public var memory: Int? { memory("VmRSS:") }

    private func memory(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let kilobytes = line.split(separator: " ").dropLast().last.flatMap({ Int($0) })
        else { return nil }
        return kilobytes * 1024
    }

    /// Kills it with all that it has started, and waits for it.
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
