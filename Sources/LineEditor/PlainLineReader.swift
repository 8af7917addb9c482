import Synchronization
import SystemC

/// Reads lines from a pipe, a file, or a terminal without editing: the same events as a `LineEditor` sends.
///
/// It queues at most 1 MiB and 256 lines that were not read from `lines` yet.
public final class PlainLineReader: Sendable {
    /// The longest line that is read, in bytes (16 MiB).
    public static let defaultLineLimit = 16 << 20

    /// `.line` events, then `.endOfInput` or `.failure`, and the end.
    public var lines: LineEvents { LineEvents(channel: events, sender: self) }

    private let pipe: WakePipe
    private let events: EventChannel
    private let closing: Flag

    /// Starts reading.
    ///
    /// - Parameters:
    ///   - descriptor: the descriptor to read; it is not closed.
    ///   - lineLimit: a longer line ends the input with `LineEditorError.lineTooLong`.
    public init(descriptor: Int32 = 0, lineLimit: Int = defaultLineLimit) throws(LineEditorError) {
        let pipe = try WakePipe()
        let events = EventChannel { pipe.wake() }
        let closing = Flag()
        self.pipe = pipe
        self.events = events
        self.closing = closing
        try startThread {
            var input = PlainInput(descriptor: descriptor, lineLimit: lineLimit, pipe: pipe, events: events)
            input.run { closing.value.load(ordering: .acquiring) }
            events.finish()
        }
    }

    deinit { close() }

    /// Stops reading, even in the middle of a line. `lines` ends.
    public func close() {
        closing.value.store(true, ordering: .releasing)
        pipe.wake()
        events.finish()
    }

    private final class Flag: Sendable {
        let value = Atomic<Bool>(false)
    }
}

/// The state of the reading thread.
private struct PlainInput {
    let descriptor: Int32
    let lineLimit: Int
    let pipe: WakePipe
    let events: EventChannel
    private var line: [UInt8] = []
    private var number = 0

    init(descriptor: Int32, lineLimit: Int, pipe: WakePipe, events: EventChannel) {
        self.descriptor = descriptor
        self.lineLimit = lineLimit
        self.pipe = pipe
        self.events = events
    }

    mutating func run(isClosing: () -> Bool) {
        do throws(LineEditorError) {
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while !isClosing() {
                guard events.hasRoom else {
                    sleep(readingInput: false)
                    continue
                }
                guard sleep(readingInput: true) else { continue }
                let count = read(descriptor, &chunk, chunk.count)
                if count < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    throw .failed(.readInput)
                }
                if count == 0 { break }
                try append(chunk[..<count])
            }
            if !line.isEmpty { try finishLine() }
            events.send(.endOfInput)
        } catch {
            events.send(.failure(error))
        }
    }

    /// Returns true if there is something to read.
    @discardableResult
    private func sleep(readingInput: Bool) -> Bool {
        var requests = [
            pollfd(fd: pipe.readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: readingInput ? descriptor : -1, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&requests, 2, -1)
        if requests[0].revents != 0 { pipe.drain() }
        return requests[1].revents != 0
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) throws(LineEditorError) {
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            try finishLine()
            rest = rest[(end + 1)...]
        }
        line += rest
        try checkLength()
    }

    private mutating func finishLine() throws(LineEditorError) {
        try checkLength()
        number += 1
        guard let text = String(validating: line, as: UTF8.self) else {
            throw LineEditorError.invalidUTF8(line: number)
        }
        line.removeAll(keepingCapacity: line.count < 64 << 10)
        events.send(.line(text))
    }

    private func checkLength() throws(LineEditorError) {
        if line.count > lineLimit {
            throw LineEditorError.lineTooLong(line: number + 1, limit: lineLimit)
        }
    }
}
