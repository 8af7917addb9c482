import Foundation
import SystemC

/// A real terminal with a shell in it: tmux, without the user's configuration and on a separate socket.
public struct TmuxTerminal: Sendable {
    private let socket: String
    private let home: URL

    /// Runs `body` with a terminal of this size.
    public static func run(
        columns: Int, rows: Int, environment: [String: String] = [:], isolation: isolated (any Actor)? = #isolation,
        _ body: (TmuxTerminal) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { home in
            let terminal = TmuxTerminal(socket: home.path + "/tmux", home: home)
            // A prompt that differs from all other prompts in the tests.
            var variables = ["PS1": "shell$ ", "ENV": ""].merging(environment) { $1 }
            variables["TERM"] = "screen-256color"
            let assignments = variables.map { "\($0)=\($1)" }
            try await terminal.tmux(
                ["-u", "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "env"]
                    + assignments + ["/bin/sh"])
            do {
                try await body(terminal)
            } catch {
                _ = try? await terminal.tmux(["kill-server"])
                throw error
            }
            _ = try? await terminal.tmux(["kill-server"])
        }
    }

    /// Presses keys by their tmux names, such as `C-c`, `Left`, `BSpace`.
    public func press(_ keys: String...) async throws { try await tmux(["send-keys"] + keys) }

    public func type(_ text: String) async throws { try await tmux(["send-keys", "-l", "--", text]) }

    /// Pastes a text, as from the clipboard.
    public func paste(_ text: String) async throws {
        try await tmux(["set-buffer", "--", text])
        try await tmux(["paste-buffer", "-p"])
    }

    /// The process that was started in it: the shell, or the program that replaced it by `exec`.
    public func pid() async throws -> pid_t {
        pid_t(try await tmux(["display-message", "-p", "#{pane_pid}"]).lines.first ?? "") ?? 0
    }

    /// The foreground process: the shell, or the program that the shell waits for.
    public func foreground() async throws -> pid_t {
        let status = try await String(contentsOfFile: "/proc/\(pid())/stat", encoding: .utf8)
        // proc(5): the fields follow the name, which is in parentheses and may contain any character.
        let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 5, let group = pid_t(fields[5]), group > 0 else {
            throw TestFailure("no terminal: \(status)")
        }
        return group
    }

    /// Closes the window, and with it the terminal.
    public func close() async throws { try await tmux(["kill-server"]) }

    /// Changes the window's size, and waits until the program can see it: tmux waits 250 ms between two size changes.
    public func resize(columns: Int, rows: Int) async throws {
        try await tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
        let name = try await tmux(["display-message", "-p", "#{pane_tty}"]).lines.first ?? ""
        let device = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard device >= 0 else { throw TestFailure("cannot open \(name)") }
        defer { SystemC.close(device) }
        try await eventually {
            var size = winsize()
            _ = ioctl(device, UInt(TIOCGWINSZ), &size)
            return size.ws_col == columns && size.ws_row == rows ? () : nil
        } otherwise: {
            "\(name) has not got the size \(columns) x \(rows)"
        }
    }

    /// The rows shown, down to the last one that is not empty.
    public func rows() async throws -> [String] {
        var rows = try await tmux(["capture-pane", "-p"]).lines
        while rows.last == "" { rows.removeLast() }
        return rows
    }

    /// The rows that have scrolled off, and those that are shown.
    public func everything() async throws -> [String] { try await tmux(["capture-pane", "-p", "-S", "-"]).lines }

    /// Waits until the last rows shown are these, and, if `column` is given, the cursor is in that column.
    public func wait(for rows: String..., column: Int? = nil, within limit: Duration = .seconds(120)) async throws {
        try await wait(for: rows, column: column, within: limit)
    }

    public func wait(for rows: [String], column: Int? = nil, within limit: Duration = .seconds(120)) async throws {
        var seen = ""
        try await eventually(within: limit) {
            let shown = try await self.rows()
            let cursor = try await tmux(["display-message", "-p", "#{cursor_x}"]).lines.first ?? ""
            seen = shown.joined(separator: "\n") + "\nthe cursor in column \(cursor)"
            return shown.suffix(rows.count).elementsEqual(rows) && (column == nil || "\(column ?? 0)" == cursor)
                ? () : nil
        } otherwise: {
            "not shown: \(rows), cursor \(column.map(String.init) ?? "anywhere"); the screen:\n\(seen)"
        }
    }

    /// Waits until the last rows shown end with these texts, in any order.
    ///
    /// - Parameter last: the row below them, if there must be one.
    public func wait(forAll endings: [String], above last: String? = nil) async throws {
        try await eventually { () -> Void? in
            var shown = try await self.rows()
            if let last, shown.popLast() != last { return nil }
            let rows = shown.suffix(endings.count)
            return endings.allSatisfy { ending in rows.contains { $0.hasSuffix(ending) } } ? () : nil
        } otherwise: {
            "not shown: \(endings), \(last ?? "")"
        }
    }

    @discardableResult
    private func tmux(_ arguments: [String]) async throws -> ProgramResult {
        var program = Program("/usr/bin/tmux", ["-S", socket] + arguments)
        program.environment["HOME"] = home.path
        let result = try await program.run()
        guard result.status == .exited(0) else { throw TestFailure("tmux \(arguments): \(result)") }
        return result
    }
}
