#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

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
        guard descriptor >= 0 else { throw Failure(.cannotCreate, "edit: \(folder): \(InputFile.reason())") }
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
        let saved = String(decoding: try InputFile.read(name, limit: BodySource.largestBody), as: UTF8.self)
        return saved.hasSuffix("\n") ? String(saved.dropLast()) : saved
    }

    /// Returns the exit status. The variable may hold arguments, so it is the shell's to read.
    private static func run(on file: String) throws -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this program ignores is not for the editor to ignore.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        let words = ["/bin/sh", "-c", #"exec ${VISUAL:-${EDITOR:-vi}} "$1""#, "sh", file]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let failure = posix_spawn(&process, "/bin/sh", nil, &attributes, &arguments, environ)
        guard failure == 0 else { throw Failure(.failed, "edit: /bin/sh: \(systemMessage(failure))") }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}
