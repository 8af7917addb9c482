import SystemC

/// Resolves the symbolic links in a path; nil if nothing exists there.
func resolvedPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// Creates a folder and its missing parents, accessible only to their owner.
func makeFolder(_ path: String) throws(LineEditorError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    let number = errno
    guard number == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw .system(.create(path), errno: number)
    }
    try makeFolder(String(path[..<slash]))
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw .failed(.create(path)) }
}

/// Reads the last `limit` bytes of a file, from the beginning of a line; nil if the file does not exist.
func readFile(_ path: String, limit: Int) throws(LineEditorError) -> [UInt8]? {
    // O_NONBLOCK: do not wait for the writer if the path is a pipe.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
        if errno == ENOENT { return nil }
        throw .failed(.read(path))
    }
    defer { SystemC.close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw LineEditorError.notAFile(path: path)
    }
    let skipped = max(0, Int(status.st_size) - limit)
    _ = lseek(file, off_t(skipped), SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size) - skipped)
    var count = 0
    while count < bytes.count {
        let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress?.advanced(by: count), $0.count - count) }
        if got < 0 {
            if errno == EINTR { continue }
            throw .failed(.read(path))
        }
        if got == 0 { break }
        count += got
    }
    bytes.removeLast(bytes.count - count)
    if skipped > 0 { bytes.removeFirst((bytes.firstIndex(of: UInt8(ascii: "\n")) ?? -1) + 1) }
    return bytes
}
