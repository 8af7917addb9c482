import Foundation
import TestSupport

/// The editor in its fixture program, started from a shell.
struct EditorSession {
    let terminal: TmuxTerminal
    /// The folder with the program's files.
    let folder: URL
    private let control: String

    /// - Parameters:
    ///   - folder: the folder of an earlier session, to use its history and `.editrc`.
    ///   - start: the line that starts the program.
    static func run(
        columns: Int = 60, rows: Int = 14, folder: URL? = nil, editrc: String = "", start: String = "LineEditorFixture",
        _ body: (EditorSession) async throws -> Void
    ) async throws {
        let own = try folder ?? makeTemporaryFolder()
        defer { if folder == nil { try? FileManager.default.removeItem(at: own) } }
        try Data(editrc.utf8).write(to: own.appending(path: "editrc"))
        let control = own.path + "/control-\(UUID().uuidString)"
        guard mkfifo(control, 0o600) == 0 else { throw TestFailure("no pipe at \(control)") }
        let environment = [
            "CONTROL": control, "HISTORY": own.path + "/history", "EDITRC": own.path + "/editrc",
            "PATH": Program.productsFolder + ":/usr/bin:/bin",
        ]
        try await TmuxTerminal.run(columns: columns, rows: rows, environment: environment) { terminal in
            try await terminal.wait(for: "shell$", column: 7)
            try await terminal.enter(start)
            try await terminal.wait(for: ">", column: 2)
            try await body(EditorSession(terminal: terminal, folder: own, control: control))
        }
    }

    /// Sends a command to the program.
    func command(_ line: String) throws {
        guard let pipe = FileHandle(forUpdatingAtPath: control) else { throw TestFailure("no pipe at \(control)") }
        try pipe.write(contentsOf: Data("\(line)\n".utf8))
    }
}

extension TmuxTerminal {
    func enter(_ line: String) async throws {
        try await type(line)
        try await press("Enter")
    }

    /// Checks that the shell has its terminal modes back: echo and line input are on, bracketed paste is off.
    func checkShell() async throws {
        try await wait(for: "shell$", column: 7)
        try await paste("stty -a | grep -c ' icanon.* echo '\n")
        try await wait(for: "shell$ stty -a | grep -c ' icanon.* echo '", "1", "shell$")
    }
}
