import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// The person's own text editor.
enum TextEditor {
    /// Opens `text` in `$VISUAL`, `$EDITOR` or vi, and returns what was saved, without the line end that editors put
    /// behind the last line.
    ///
    /// - Throws: ``Failure`` where the editor cannot be run, or says that it failed.
    static func edit(_ text: String) async throws -> String {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var path = Array("\(folder)/stomptap-XXXXXX.txt".utf8CString)
        let descriptor = mkstemps(&path, 4)
        guard descriptor >= 0 else { throw Failure(.cannotCreate, "edit: \(folder): \(systemMessage(errno))") }
        let name = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(name) }
        let written = Result {
            try Array(text.utf8).withUnsafeBytes { octets in
                try DescriptorWriter(descriptor: descriptor, name: name).write(octets)
            }
        }
        close(descriptor)
        try written.get()
        let status = try await Interrupts.leftToOthers {
            try await BlockingThread.input.run { try run(on: name) }
        }
        guard status == 0 else { throw Failure(.failed, "edit: the editor ended with \(status); nothing was sent") }
        let saved = String(decoding: try InputFile.read(name, limit: InputFile.largestBody), as: UTF8.self)
        return saved.hasSuffix("\n") ? String(saved.dropLast()) : saved
    }

    /// Returns the exit status, as a shell has it. The variable may hold arguments, so it is the shell's to read.
    private static func run(on file: String) throws -> Int32 {
        let command = ShellCommand(script: #"exec ${VISUAL:-${EDITOR:-vi}} "$1""#, arguments: [file])
        do throws(ShellCommand.NotStarted) {
            switch ShellCommand.status(of: try command.start()) {
            case .exited(let status): return status
            case .killed(let signal): return 128 + signal
            }
        } catch {
            throw Failure(.failed, "edit: /bin/sh: \(systemMessage(error.errno))")
        }
    }
}
