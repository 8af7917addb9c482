/// Writes all bytes, with as many calls as needed, and waits while the descriptor is not writable.
///
/// - Returns: false on failure, with `errno` set.
package func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
    bytes.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, -1)
            default: return false
            }
        }
        return true
    }
}

/// Replaces a file with a new one of mode 600, atomically: it writes a temporary file next to it and renames that.
///
/// - Returns: false on failure, with `errno` set. The old file is then unchanged.
package func replaceFile(_ path: String, with bytes: [UInt8]) -> Bool {
    var template = Array("\(path).XXXXXX".utf8CString)
    let file = mkstemp(&template)
    guard file >= 0 else { return false }
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    let isWritten = writeAll(bytes, to: file)
    let number = errno
    close(file)
    if isWritten, rename(template, path) == 0 { return true }
    let reason = isWritten ? errno : number
    unlink(template)
    errno = reason
    return false
}

/// Locks a folder, so that programs that read and replace a file in it exclude each other. Closing the descriptor
/// releases the lock.
///
/// - Parameter milliseconds: the longest time to wait for the lock.
/// - Returns: nil on failure, with `errno` set; `EWOULDBLOCK` if another program still holds the lock.
package func lockFolder(_ path: String, waiting milliseconds: Int) -> CInt? {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return nil }
    let pause = 5
    for attempt in 0...max(0, milliseconds / pause) {
        if attempt > 0 { usleep(useconds_t(pause * 1000)) }
        if flock(folder, LOCK_EX | LOCK_NB) == 0 { return folder }
        // Some file systems do not support locks: an unlocked file is better than no file.
        if errno != EWOULDBLOCK, errno != EINTR { return folder }
    }
    close(folder)
    errno = EWOULDBLOCK
    return nil
}
