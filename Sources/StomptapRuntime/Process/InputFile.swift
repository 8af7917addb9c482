import STOMPTransport
import StomptapOutput
import SystemC

/// Files that the user names.
package enum InputFile {
    /// The largest body of a message, in octets. A larger one has no broker that takes it, and would fill the memory.
    package static let largestBody = 1 << 30

    /// Reads a file whole; `-` is stdin.
    ///
    /// - Parameters:
    ///   - option: the option that names it, for the message.
    ///   - isNamed: whether messages name the file; not where a secret is easily typed in its place.
    /// - Throws: ``Failure`` with 66 where it is not there or cannot be read, 65 where it is larger than `limit` octets.
    package static func read(_ path: String, of option: String? = nil, isNamed: Bool = true, limit: Int) throws -> [UInt8] {
        let name = !isNamed && path != "-" ? option ?? "file" : path
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let place = isNamed ? option.map { "\($0): " } ?? "" : ""
            throw Failure(.noInput, "\(place)\(name): \(systemMessage(errno))")
        }
        defer { if path != "-" { close(descriptor) } }
        var content: [UInt8] = []
        while let chunk = try read(descriptor, name: name) {
            content += chunk
            guard content.count <= limit else {
                throw Failure(.badInput, "\(path == "-" ? "stdin" : name): holds more than \(limit) octets")
            }
        }
        return content
    }

    /// The next octets of a descriptor, or nil at its end.
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
