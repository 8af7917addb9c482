import SystemC

/// Wakes a thread that sleeps in poll(2): from any thread, and from a signal handler.
final class WakePipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws(LineEditorError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("cannot open a pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        _ = SystemC.close(readEnd)
        _ = SystemC.close(writeEnd)
    }

    func wake() {
        var octet: UInt8 = 0
        // A full pipe wakes as well as one octet more would.
        _ = SystemC.write(writeEnd, &octet, 1)
    }

    /// Takes the wake-ups that have come so far.
    func drain() {
        var octets = [UInt8](repeating: 0, count: 64)
        while read(readEnd, &octets, octets.count) > 0 {}
    }
}

extension LineEditorError {
    /// A failure that errno explains.
    static func system(_ what: String, _ number: Int32 = errno) -> LineEditorError {
        LineEditorError(.systemFailure, "\(what): \(errorText(number))")
    }
}

func errorText(_ number: Int32) -> String {
    var text = [CChar](repeating: 0, count: 256)
    _ = strerror_r(number, &text, text.count)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Starts a thread of its own for what waits in system calls: Swift's own threads must never be blocked.
func startThread(_ body: @escaping @Sendable () -> Void) throws(LineEditorError) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { box in
            guard let box else { return nil }
            Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        box.release()
        throw .system("cannot start a thread", status)
    }
    pthread_detach(thread)
}
