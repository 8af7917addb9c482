import STOMPTransport
import StomptapOutput
import SystemC

/// Input files that the user names.
package enum InputFile {
    /// The largest body of a message, in bytes. No broker accepts a larger one, and it would fill the memory.
    package static let largestBody = 1 << 30

    /// Reads a whole file; `-` is stdin.
    ///
    /// - Parameters:
    ///   - option: the option that names the file, for the message.
    ///   - isNamed: whether messages name the file; false if a secret is easily typed in its place by mistake.
    ///   - inspect: called with the descriptor that is read from.
    /// - Throws: ``Failure`` with 66 if the file is missing or cannot be read, 65 if it is larger than `limit`
    ///   bytes.
    package static func read(
        _ path: String, of option: String? = nil, isNamed: Bool = true, limit: Int,
        inspecting inspect: (Int32) -> Void = { _ in }
    ) throws -> [UInt8] {
        let name = !isNamed && path != "-" ? option ?? "file" : path
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let place = isNamed ? option.map { "\($0): " } ?? "" : ""
            throw Failure(.noInput, "\(place)\(name): \(systemMessage(errno))")
        }
        defer { if path != "-" { close(descriptor) } }
        inspect(descriptor)
        var content: [UInt8] = []
        while let chunk = try read(descriptor, name: name) {
            content += chunk
            guard content.count <= limit else {
                throw Failure(.badInput, "\(path == "-" ? "stdin" : name): larger than the limit of \(limit) bytes")
            }
        }
        return content
    }

    /// Reads the next bytes of a descriptor; nil at the end.
    package static func read(_ descriptor: Int32, name: String) throws -> [UInt8]? {
        while true {
            var count = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, initialized in
                count = SystemC.read(descriptor, buffer.baseAddress, buffer.count)
                initialized = max(count, 0)
            }
            if count > 0 { return chunk }
            if count == 0 { return nil }
            guard errno == EINTR else {
                throw Failure(.noInput, "\(name == "-" ? "stdin" : name): \(systemMessage(errno))")
            }
        }
    }
}

/// Output files of the program.
package enum OutputFile {
    /// Creates an empty file, or truncates an existing one.
    ///
    /// - Throws: ``Failure`` with 73.
    package static func create(_ path: String, of option: String) throws {
        close(try opened(path, of: option))
    }

    /// Creates an empty file, or truncates an existing one, and leaves it open for the caller to write and close.
    ///
    /// - Parameters:
    ///   - option: the option that names the file, for the message.
    ///   - mode: the permissions of a new file; if they are for the owner only, an existing file gets them too.
    /// - Throws: ``Failure`` with 73.
    package static func opened(_ path: String, of option: String? = nil, mode: mode_t = 0o644) throws -> Int32 {
        try opened(path, .truncating, of: option, mode: mode)
    }

    /// Creates a file, or replaces its contents, with what `fill` appends.
    ///
    /// - Parameter mode: the permissions of a new file.
    /// - Throws: ``Failure`` with 73 or 74.
    package static func write(
        _ path: String, mode: mode_t = 0o644, _ fill: (inout OutputBuffer) throws -> Void
    ) throws {
        let descriptor = try opened(path, mode: mode)
        defer { close(descriptor) }
        var out = OutputBuffer(to: DescriptorWriter(descriptor: descriptor, name: path))
        try fill(&out)
        do throws(OutputError) {
            try out.flush()
        } catch {
            throw Failure(.writeFailed, error.description)
        }
    }

    /// Opens a file for appending, and creates it if it does not exist; the caller closes it.
    ///
    /// - Parameters:
    ///   - option: the option that names the file, for the message.
    ///   - mode: the permissions of a new file; if they are for the owner only, an existing file gets them too.
    /// - Throws: ``Failure`` with 73.
    package static func append(_ path: String, of option: String, mode: mode_t = 0o644) throws -> DescriptorWriter {
        DescriptorWriter(descriptor: try opened(path, .appending, of: option, mode: mode), name: path)
    }

    private static func opened(
        _ path: String, _ creation: FileCreation, of option: String?, mode: mode_t
    ) throws -> Int32 {
        do throws(FileCreation.Failure) {
            return try creation.opened(path, mode: mode)
        } catch {
            throw Failure(.cannotCreate, "\(option.map { "\($0): " } ?? "")\(path): \(systemMessage(error.errno))")
        }
    }

    // MARK: Ready files

    /// Removes the ready file of an earlier run, or another file with its name. Devices and pipes are kept.
    package static func removeReadyFile(_ path: String) {
        guard !FileCreation.isOpenAlready(path), let type = fileType(at: path) else { return }
        if ![S_IFCHR, S_IFBLK, S_IFIFO].contains(type) { unlink(path) }
    }

    /// Creates the ready file, unless this run has created it already. A symbolic link in its place is replaced, not
    /// followed.
    ///
    /// - Throws: ``Failure`` with 73.
    package static func makeReadyFile(_ path: String) throws {
        // The path names a descriptor of a process, so there is no file to create.
        guard !FileCreation.isOpenAlready(path) else { return }
        var attempts = 0
        while true {
            attempts += 1
            do throws(FileCreation.Failure) {
                close(try FileCreation.exclusive.opened(path, mode: 0o644))
                return
            } catch {
                switch error.errno == EEXIST ? fileType(at: path) : nil {
                case S_IFREG?, S_IFCHR?: return
                case S_IFIFO?:
                    // The reader of the pipe gets end of file.
                    let pipe = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                    if pipe >= 0 { close(pipe) }
                    return
                case S_IFLNK? where attempts < 10: unlink(path)
                default: throw Failure(.cannotCreate, "--ready-file: \(path): \(systemMessage(error.errno))")
                }
            }
        }
    }

    /// The type of the file at a path, without following a link; nil if it does not exist.
    private static func fileType(at path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}

/// The program's folders in the user's home, by the XDG Base Directory Specification, whether they exist or not. Nil
/// if there is no home.
package enum UserFolders {
    /// Profiles: `$XDG_CONFIG_HOME/stomptap`, by default in `~/.config`.
    package static var configuration: String? { folder("XDG_CONFIG_HOME", or: ".config") { variable($0) } }
    /// State that is kept between runs: `$XDG_STATE_HOME/stomptap`, by default in `~/.local/state`.
    package static var state: String? { folder("XDG_STATE_HOME", or: ".local/state") { variable($0) } }

    /// - Parameter environment: looks up a variable.
    package static func folder(_ name: String, or standard: String, _ environment: (String) -> String?) -> String? {
        // The specification says to ignore a relative path.
        if let base = environment(name), base.hasPrefix("/") { return "\(base)/stomptap" }
        return environment("HOME").map { "\($0)/\(standard)/stomptap" }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
