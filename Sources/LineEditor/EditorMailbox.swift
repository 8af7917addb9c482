import Synchronization
import SystemC

/// The communication between the editor's thread and other tasks.
final class EditorMailbox: Sendable {
    private struct Requests {
        var prompt: String
        var closing = false
        var closed = false
        var closers: [CheckedContinuation<Void, Never>] = []
        /// The number of callers that use the released terminal, or wait for it.
        var borrowers = 0
        var waitingBorrowers: [CheckedContinuation<Void, Never>] = []
    }

    let pipe: WakePipe
    let output: OutputQueue
    let events: EventChannel
    private let requests: Mutex<Requests>

    init(prompt: String) throws(LineEditorError) {
        let pipe = try WakePipe()
        self.pipe = pipe
        output = OutputQueue { pipe.wake() }
        events = EventChannel { pipe.wake() }
        requests = Mutex(Requests(prompt: prompt))
    }

    // MARK: For other tasks

    func setPrompt(_ prompt: String) {
        requests.withLock { $0.prompt = prompt }
        pipe.wake()
    }

    /// Asks the thread to end; returns at once.
    func requestClose() {
        requests.withLock { $0.closing = true }
        pipe.wake()
    }

    func waitUntilClosed() async {
        await withCheckedContinuation { continuation in
            let closed = requests.withLock { requests in
                if !requests.closed { requests.closers.append(continuation) }
                return requests.closed
            }
            if closed { continuation.resume() }
        }
    }

    /// Returns when the terminal has its original modes again.
    func borrow() async {
        await withCheckedContinuation { continuation in
            let closed = requests.withLock { requests in
                requests.borrowers += 1
                if !requests.closed { requests.waitingBorrowers.append(continuation) }
                return requests.closed
            }
            if closed { continuation.resume() }
            pipe.wake()
        }
    }

    func giveBack() {
        requests.withLock { $0.borrowers -= 1 }
        pipe.wake()
    }

    // MARK: For the thread

    var prompt: String { requests.withLock { $0.prompt } }

    var isClosing: Bool { requests.withLock { $0.closing } }

    var isBorrowed: Bool { requests.withLock { $0.borrowers > 0 } }

    /// Resumes the callers that wait for the terminal.
    func lend() {
        let borrowers = requests.withLock { requests in
            defer { requests.waitingBorrowers = [] }
            return requests.waitingBorrowers
        }
        for borrower in borrowers { borrower.resume() }
    }

    func finish() {
        let closers = requests.withLock { requests in
            requests.closed = true
            defer { requests.closers = [] }
            return requests.closers
        }
        lend()
        events.finish()
        for closer in closers { closer.resume() }
    }
}

/// Wakes a thread that sleeps in poll(2), from any thread or from a signal handler.
final class WakePipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws(LineEditorError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .failed(.openPipe) }
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
        var byte: UInt8 = 0
        // If the pipe is full, the thread is woken anyway.
        _ = SystemC.write(writeEnd, &byte, 1)
    }

    /// Removes all pending wake-ups.
    func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(readEnd, &bytes, bytes.count) > 0 {}
    }
}

/// Starts a thread for blocking system calls: the threads of Swift tasks must never block.
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
        throw .system(.startThread, errno: status)
    }
    pthread_detach(thread)
}
