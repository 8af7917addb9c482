import Foundation
import TestSupport

/// The editor in a separate program, in a pseudo-terminal.
struct Fixture {
    let program: TerminalProgram
    /// The folder with the program's files.
    let folder: URL
    private let control: FileHandle

    var history: String { folder.path + "/state/history" }

    static func run(
        columns: Int = 60, rows: Int = 12, editrc: String? = nil, folder: URL? = nil, shell: String? = nil,
        environment: [String: String] = [:], _ body: (Fixture) async throws -> Void
    ) async throws {
        let own = try folder ?? makeTemporaryFolder()
        defer { if folder == nil { try? FileManager.default.removeItem(at: own) } }
        let pipe = own.path + "/control-\(UUID().uuidString)"
        guard mkfifo(pipe, 0o600) == 0, let control = FileHandle(forUpdatingAtPath: pipe) else {
            throw TestFailure("no pipe at \(pipe)")
        }
        if let editrc { try Data(editrc.utf8).write(to: own.appending(path: "editrc")) }
        let path = Program.productsFolder + "/LineEditorFixture"
        var program = shell.map { Program("/bin/sh", ["-c", $0, path]) } ?? Program(path)
        program.environment = [
            "CONTROL": pipe, "HISTORY": own.path + "/state/history", "EDITRC": own.path + "/editrc",
        ].merging(environment) { $1 }
        try await TerminalProgram.run(program, columns: columns, rows: rows) { running in
            try await running.wait(for: "no editor") { $0.bracketsPastes && $0.shown.last == ">" }
            try await body(Fixture(program: running, folder: own, control: control))
        }
    }

    /// Sends a command to the program.
    func command(_ line: String) throws {
        try control.write(contentsOf: Data("\(line)\n".utf8))
    }

    func type(_ keys: String) { program.type(keys) }

    /// Waits until the last rows shown are these, and, if `column` is given, the cursor is there.
    func wait(for rows: String..., column: Int? = nil, rowsAbove: Int = 0) async throws {
        try await program.wait(for: "not shown: \(rows), cursor \(column.map(String.init) ?? "anywhere")") { model in
            let isPlaced = column == nil || model.cursor == (model.shown.count - 1 - rowsAbove, column)
            return model.shown.suffix(rows.count).elementsEqual(rows) && isPlaced
        }
    }
}

enum Keys {
    static let left = "\u{1b}[D", right = "\u{1b}[C", up = "\u{1b}[A", down = "\u{1b}[B"
    static let home = "\u{1b}[H", end = "\u{1b}[F", delete = "\u{1b}[3~", wordLeft = "\u{1b}[1;5D"
    static let backspace = "\u{7f}", enter = "\r", tab = "\t", escape = "\u{1b}"

    static func control(_ letter: Unicode.Scalar) -> String { String(Character(Unicode.Scalar(letter.value & 0x1f)!)) }

    static func pasted(_ text: String) -> String {
        "\u{1b}[200~" + text.replacing("\n", with: "\r") + "\u{1b}[201~"
    }
}
