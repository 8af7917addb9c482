import NIOCore
import STOMPTransport
import StomptapOutput
import SystemC

/// A header whose value is printed by a command, typed as `NAME: COMMAND`.
package struct HeaderCommand: Sendable, Equatable {
    /// The longest value, in bytes; no server accepts a header of this size.
    package static let longestValue = 64 << 10

    package let name: String
    package let command: String

    package init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].contains(where: { !$0.isWhitespace }) else {
            throw InvalidValue("expected one quoted argument, 'NAME: COMMAND'")
        }
        guard parts[0].utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw InvalidValue("a header name cannot contain spaces or control characters")
        }
        // A URL was typed by mistake; the shell's error message would quote it, with its secrets.
        guard !parts[1].hasPrefix("//") else { throw InvalidValue("expected 'NAME: COMMAND', not a URL") }
        guard !parts[1].utf8.contains(0) else { throw InvalidValue("a command cannot contain NUL") }
        name = String(parts[0])
        command = String(parts[1].drop(while: \.isWhitespace))
    }

    /// Runs the command and returns the first line of its output, which is hidden in all of stomptap's output from
    /// then on.
    ///
    /// - Parameters:
    ///   - option: the option that names the command, for the failure.
    ///   - deadline: when the command is killed, with all processes that it started.
    /// - Throws: ``HeaderCommandFailure``, or `CancellationError`; in both cases the command has ended.
    package func value(of option: String, until deadline: NIODeadline) async throws -> String {
        func failure(_ reason: HeaderCommandFailure.Reason) -> HeaderCommandFailure {
            HeaderCommandFailure(option: option, header: name, reason)
        }
        let start = NIODeadline.now()
        var line = FirstLine(limit: Self.longestValue)
        let status: ShellCommand.Status?
        do {
            status = try await ShellCommand.run(command, until: deadline) { line.append($0) }
        } catch let error as ShellCommand.NotStarted {
            throw failure(.notStarted(cause: systemMessage(error.errno)))
        }
        switch status {
        case nil: throw failure(.timedOut(within: deadline - start))
        case .killed(let signal): throw failure(.killed(signal: signal))
        case .exited(let status) where status != 0: throw failure(.exited(status))
        case .exited: break
        }
        do throws(HeaderCommandFailure.Reason) {
            let value = try line.value()
            KnownSecrets.add(value: value)
            return value
        } catch {
            throw failure(error)
        }
    }
}

/// Collects the first line of a stream, up to its limit and two bytes.
struct FirstLine {
    private let limit: Int
    private var bytes: [UInt8] = []
    private var isComplete = false

    init(limit: Int) { self.limit = limit }

    mutating func append(_ chunk: some Collection<UInt8>) {
        guard !isComplete else { return }
        let line = chunk.prefix { $0 != UInt8(ascii: "\n") }
        isComplete = line.count < chunk.count
        // A CR before the LF is not part of the line, so there is room for it.
        bytes += line.prefix(max(0, limit + 2 - bytes.count))
    }

    /// The line as the value of a header.
    func value() throws(HeaderCommandFailure.Reason) -> String {
        let line = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes[...]
        guard line.count <= limit else { throw .tooLong(limit: limit) }
        guard let text = String(validating: line, as: UTF8.self) else { throw .notUTF8 }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .controlCharacter
        }
        guard text.contains(where: { $0 != " " }) else { throw .noOutput }
        return text
    }
}

extension ShellCommand {
    /// The interval of the loop below, short enough not to slow a fast command down.
    private static let pause = TimeAmount.milliseconds(5)
    /// The most bytes that are read per iteration, so that the deadline also stops a command that prints endlessly.
    private static let chunk = 64 << 10

    /// Runs a script without input and reads its output, in a process group of its own.
    ///
    /// If the deadline passes or the task is cancelled, the group is killed.
    ///
    /// - Parameter read: called with the output, in pieces.
    /// - Returns: the exit status; nil if the deadline passed.
    /// - Throws: ``NotStarted``, `CancellationError`.
    package static func run(
        _ script: String, until deadline: NIODeadline, _ read: (ArraySlice<UInt8>) -> Void
    ) async throws -> Status? {
        let (id, output) = try start(script)
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: chunk)
        func drain() {
            let count = SystemC.read(output, &buffer, buffer.count)
            if count > 0 { read(buffer[..<count]) }
        }
        do {
            while true {
                drain()
                if hasEnded(id) {
                    drain()
                    return status(of: id)
                }
                if .now() >= deadline { break }
                try await Task.sleep(nanoseconds: UInt64(pause.nanoseconds))
            }
        } catch {
            killGroup(id)
            throw error
        }
        killGroup(id)
        return nil
    }

    private static func start(_ script: String) throws -> (id: pid_t, output: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw NotStarted(errno: errno) }
        defer { close(ends[1]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        do {
            let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard nothing >= 0 else { throw NotStarted(errno: errno) }
            defer { close(nothing) }
            var shell = ShellCommand(script: script)
            shell.input = nothing
            shell.output = ends[1]
            shell.hasOwnGroup = true
            return (try shell.start(), ends[0])
        } catch {
            close(ends[0])
            throw error
        }
    }

    private static func killGroup(_ id: pid_t) {
        kill(-id, SIGKILL)
        _ = status(of: id)
    }
}
