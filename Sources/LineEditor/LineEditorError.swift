import SystemC

/// Why lines cannot be edited or read. Cases may be added: use a `default` in a `switch`.
public enum LineEditorError: Error, Sendable, Hashable {
    /// Input or output is not a terminal.
    case notATerminal
    /// The terminal cannot move its cursor (`TERM=dumb`), or is unknown.
    case terminalTooSimple
    /// Another editor uses this process's terminal.
    case alreadyOpen
    /// A system call failed with this error.
    case system(Action, errno: Int32)
    /// The path to read is a folder, a device or another special file.
    case notAFile(path: String)
    /// Another program has locked the history for too long.
    case historyLocked(folder: String)
    /// A line of a script is longer than the limit, in bytes. Lines count from 1.
    case lineTooLong(line: Int, limit: Int)
    /// A line of a script is not UTF-8.
    case invalidUTF8(line: Int)

    /// The operation that failed.
    public enum Action: Sendable, Hashable {
        case openPipe, openPseudoTerminal, openStream, startThread, startLibedit, allocateHistory, readTerminalModes
        case readInput
        case open(String), create(String), read(String), write(String)
    }

    /// A failure with the current errno.
    static func failed(_ action: Action) -> LineEditorError { .system(action, errno: errno) }
}

extension LineEditorError: CustomStringConvertible {
    /// One sentence, without a full stop.
    public var description: String {
        switch self {
        case .notATerminal: "input or output is not a terminal"
        case .terminalTooSimple: "this terminal type cannot move the cursor"
        case .alreadyOpen: "another line editor already uses this terminal"
        case .system(let action, let number): "\(action): \(errorText(number))"
        case .notAFile(let path): "\(path) is not a regular file"
        case .historyLocked(let folder): "\(folder) is locked by another program"
        case .lineTooLong(let line, let limit): "line \(line) of the input is longer than \(limit) bytes"
        case .invalidUTF8(let line): "line \(line) of the input is not UTF-8"
        }
    }
}

extension LineEditorError.Action: CustomStringConvertible {
    /// The failed operation, such as `cannot open a pipe`.
    public var description: String {
        switch self {
        case .openPipe: "cannot open a pipe"
        case .openPseudoTerminal: "cannot open a pseudo-terminal"
        case .openStream: "cannot open a stream"
        case .startThread: "cannot start a thread"
        case .startLibedit: "cannot start libedit"
        case .allocateHistory: "cannot allocate a history"
        case .readTerminalModes: "cannot read the terminal's modes"
        case .readInput: "cannot read the input"
        case .open(let path): "cannot open \(path)"
        case .create(let path): "cannot create \(path)"
        case .read(let path): "cannot read \(path)"
        case .write(let path): "cannot write \(path)"
        }
    }
}

private func errorText(_ number: Int32) -> String {
    var text = [CChar](repeating: 0, count: 256)
    _ = strerror_r(number, &text, text.count)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
