import NIOCore
import SystemC

/// Certificates and keys as they lie in files.
enum TLSFile {
    /// The most bytes taken of a file: the certificates of all public authorities are a quarter of a mebibyte.
    static let limit = 8 << 20

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether this process may read a file or folder.
    static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

    /// Reads the file once and whole, so that a pipe will do.
    ///
    /// - Parameter content: what the file should hold.
    static func bytes(of path: String, holding content: TLSFileContent) throws(TransportError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .tls(.cannotRead(content, from: path, SystemError(code: errno))) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .tls(.cannotRead(content, from: path, SystemError(code: errno)))
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > limit {
                throw .tls(.tooLarge(content, in: path, limit: limit))
            }
        }
    }
}

extension SystemError {
    /// Whether there is no such file or folder.
    var isNoSuchFile: Bool { code == ENOENT }
}
