#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files that the program makes.
enum OutputFile {
    /// Makes an empty file, or empties the one that is there.
    ///
    /// - Throws: ``Failure`` with 73.
    static func create(_ path: String) throws {
        close(try open(path))
    }

    /// Makes an empty file, or empties the one that is there, and leaves it open for the caller to write and close.
    ///
    /// - Throws: ``Failure`` with 73.
    static func open(_ path: String) throws -> Int32 {
        #if canImport(Glibc)
            let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        #elseif canImport(Musl)
            let descriptor = Musl.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        #else
            let descriptor = Darwin.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        #endif
        guard descriptor >= 0 else { throw Failure(.cannotCreate, "\(path): \(InputFile.reason())") }
        return descriptor
    }

    /// Makes a file that holds `text`, or replaces what is in the one that is there.
    ///
    /// - Throws: ``Failure`` with 73 or 74.
    static func write(_ text: String, to path: String) throws {
        let descriptor = try open(path)
        defer { close(descriptor) }
        do {
            try Array(text.utf8).withUnsafeBytes {
                try DescriptorWriter(descriptor: descriptor, name: path).write($0)
            }
        } catch let error as OutputError {
            throw Failure(.writeFailed, error.description)
        }
    }

    /// Makes a file, or replaces what is in it, by what `fill` appends.
    ///
    /// - Throws: ``Failure`` with 73 or 74.
    static func write(_ path: String, _ fill: (inout OutputBuffer) throws -> Void) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(.cannotCreate, "\(path): \(InputFile.reason())") }
        defer { close(descriptor) }
        var out = OutputBuffer(to: DescriptorWriter(descriptor: descriptor, name: path))
        try fill(&out)
        do throws(OutputError) {
            try out.flush()
        } catch {
            throw Failure(.writeFailed, error.description)
        }
    }

    /// Takes a file away, if it is there.
    static func remove(_ path: String) {
        unlink(path)
    }
}
