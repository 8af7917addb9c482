import STOMPTransport
import StomptapOutput
import SystemC

/// Files that the user names.
package enum InputFile {
    /// The largest body of a message, in bytes. A larger one has no broker that takes it, and would fill the memory.
    package static let largestBody = 1 << 30

    /// Reads a file whole; `-` is stdin.
    ///
    /// - Parameters:
    ///   - option: the option that names it, for the message.
    ///   - isNamed: whether messages name the file; not where a secret is easily typed in its place.
    ///   - inspect: given the descriptor that is read from.
    /// - Throws: ``Failure`` with 66 where it is not there or cannot be read, 65 where it is larger than `limit` bytes.
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
                throw Failure(.badInput, "\(path == "-" ? "stdin" : name): holds more than \(limit) octets")
            }
        }
        return content
    }

    /// The next bytes of a descriptor, or nil at its end.
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

/// Files that the program makes.
package enum OutputFile {
    /// Makes an empty file, or empties the one that is there.
    ///
    /// - Throws: ``Failure`` with 73.
    package static func create(_ path: String, of option: String) throws {
        close(try opened(path, of: option))
    }

    /// Makes an empty file, or empties the one that is there, and leaves it open for the caller to write and close.
    ///
    /// - Parameters:
    ///   - option: the option that names it, for the message.
    ///   - mode: who may do what with a file that was not there; where that is its owner alone, also with one that was.
    /// - Throws: ``Failure`` with 73.
    package static func opened(_ path: String, of option: String? = nil, mode: mode_t = 0o644) throws -> Int32 {
        try opened(path, .truncating, of: option, mode: mode)
    }

    /// Makes a file, or replaces what is in it, by what `fill` appends.
    ///
    /// - Parameter mode: who may do what with a file that was not there.
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

    /// Opens a file to write behind what is in it, and makes it where it is not there; the caller closes it.
    ///
    /// - Parameters:
    ///   - option: the option that names it, for the message.
    ///   - mode: who may do what with a file that was not there; where that is its owner alone, also with one that was.
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

    /// Takes a ready file of an earlier run away, or what has its name. A device or a pipe stays.
    package static func removeReadyFile(_ path: String) {
        guard !FileCreation.isOpenAlready(path), let type = fileType(at: path) else { return }
        if ![S_IFCHR, S_IFBLK, S_IFIFO].contains(type) { unlink(path) }
    }

    /// Makes a ready file, unless this run has made it. A link that was put in its place is replaced, never followed.
    ///
    /// - Throws: ``Failure`` with 73.
    package static func makeReadyFile(_ path: String) throws {
        // What the system made is never taken away.
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
                    // Whoever reads from it sees its end.
                    let pipe = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                    if pipe >= 0 { close(pipe) }
                    return
                case S_IFLNK? where attempts < 10: unlink(path)
                default: throw Failure(.cannotCreate, "--ready-file: \(path): \(systemMessage(error.errno))")
                }
            }
        }
    }

    /// The type of what is there, of a link its own; nil where there is nothing.
    private static func fileType(at path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}

/// The program's folders in its user's home, by the XDG Base Directory Specification, whether they exist or not. Nil where
/// there is no home.
package enum UserFolders {
    /// Profiles: `$XDG_CONFIG_HOME/stomptap`, by default in `~/.config`.
    package static var configuration: String? { folder("XDG_CONFIG_HOME", or: ".config") { variable($0) } }
    /// What is kept between runs: `$XDG_STATE_HOME/stomptap`, by default in `~/.local/state`.
    package static var state: String? { folder("XDG_STATE_HOME", or: ".local/state") { variable($0) } }

    /// - Parameter environment: looks a variable up.
    package static func folder(_ name: String, or standard: String, _ environment: (String) -> String?) -> String? {
        // A relative path is none, by the specification.
        if let base = environment(name), base.hasPrefix("/") { return "\(base)/stomptap" }
        return environment("HOME").map { "\($0)/\(standard)/stomptap" }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
