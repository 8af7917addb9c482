import STOMPTransport
import StomptapOutput
import SystemC

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
    ///   - mode: who may do what with a file that was not there.
    /// - Throws: ``Failure`` with 73.
    package static func opened(_ path: String, of option: String? = nil, mode: mode_t = 0o644) throws -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw Failure(.cannotCreate, "\(option.map { "\($0): " } ?? "")\(path): \(systemMessage(errno))")
        }
        return descriptor
    }

    /// Makes a file, or replaces what is in it, by what `fill` appends.
    ///
    /// - Parameter mode: who may do what with a file that was not there.
    /// - Throws: ``Failure`` with 73 or 74.
    package static func write(_ path: String, mode: mode_t = 0o644, _ fill: (inout OutputBuffer) throws -> Void) throws {
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
    ///   - mode: who may do what with a file that was not there.
    /// - Throws: ``Failure`` with 73.
    package static func append(_ path: String, of option: String, mode: mode_t = 0o644) throws -> DescriptorWriter {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure(.cannotCreate, "\(option): \(path): \(systemMessage(errno))") }
        return DescriptorWriter(descriptor: descriptor, name: path)
    }

    /// Takes a file away, if it is there.
    package static func remove(_ path: String) {
        unlink(path)
    }
}
