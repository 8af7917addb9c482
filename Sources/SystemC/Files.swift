/// Writes all bytes, however often that takes, and waits where the descriptor takes no more for now.
///
/// - Returns: false, and `errno` set, where it cannot.
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

/// Puts a file of mode 600 in place of another, whole or not at all: it is written next to it and renamed.
///
/// - Returns: false, and `errno` set, where it cannot. The old file is as it was then.
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

/// Locks a folder, as programs do that read one of its files and replace it. The lock ends when the caller closes the
/// descriptor.
///
/// - Parameter milliseconds: how long it waits for others at most.
/// - Returns: nil, and `errno` set, where it cannot; that is `EWOULDBLOCK` where others still hold it.
package func lockFolder(_ path: String, waiting milliseconds: Int) -> CInt? {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return nil }
    let pause = 5
    for attempt in 0...max(0, milliseconds / pause) {
        if attempt > 0 { usleep(useconds_t(pause * 1000)) }
        if flock(folder, LOCK_EX | LOCK_NB) == 0 { return folder }
        // Some file systems know no locks: better a file without them than none.
        if errno != EWOULDBLOCK, errno != EINTR { return folder }
    }
    close(folder)
    errno = EWOULDBLOCK
    return nil
}
