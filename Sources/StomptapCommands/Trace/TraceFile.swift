import NIOCore
import StomptapOutput

/// A file that is written as things happen, for as long as the program runs. Only its owner may read it.
///
/// Where it cannot be written, the command ends with status 74, as what is missing may be what was wanted.
struct TraceFile: Sendable {
    private let buffer: Shared<OutputBuffer>

    /// Makes the file, or empties the one that is there.
    ///
    /// - Throws: ``Failure`` with 73.
    init(_ path: String, of option: String) throws {
        let descriptor = try OutputFile.opened(path, of: option, mode: 0o600)
        buffer = Shared(OutputBuffer(to: DescriptorWriter(descriptor: descriptor, name: path)))
    }

    /// Appends what `write` appends.
    func append(_ write: (inout OutputBuffer) -> Void) {
        buffer.update { buffer in
            write(&buffer)
            do throws(OutputError) {
                try buffer.flush()
            } catch {
                Interrupts.end(with: Failure(.writeFailed, error.description))
            }
        }
    }

    func append(_ octets: ByteBuffer) {
        append { buffer in octets.withUnsafeReadableBytes { buffer.append($0) } }
    }
}
