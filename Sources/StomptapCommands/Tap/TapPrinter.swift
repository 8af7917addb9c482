import NIOCore
import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization

/// Prints what passes a tap, on a thread of its own: the apps never wait for whoever reads it.
///
/// What waits to be printed is bounded; what finds no room is counted, and said once there is room again.
final class TapPrinter: Sendable {
    /// The most bytes that wait, and what each thing counts for beside its own.
    private static let limit = 4 << 20
    private static let itemCost = 256
    /// What is no frame may take so much more: it says why there are none.
    private static let reserve = 1 << 20
    /// How long the end waits for a slow reader.
    private static let timeout = TimeAmount.seconds(2)

    private struct Item: Sendable {
        var time: Timestamp
        var event: TapEvent
    }

    private struct Waiting {
        var items: [Item] = []
        var bytes = 0
        /// How many found no room.
        var missed = 0
        /// How many the thread has taken and not yet printed.
        var taken = 0
        var isPrinting = false

        /// Adds what there is room for. Something that is larger than all room passes alone.
        mutating func add(_ event: TapEvent, at time: Timestamp) {
            let cost = (event.content.bytes?.readableBytes ?? 0) + TapPrinter.itemCost
            let limit = event.content.isTraffic ? TapPrinter.limit : TapPrinter.limit + TapPrinter.reserve
            guard items.isEmpty || bytes + cost <= limit else {
                missed += 1
                return
            }
            items.append(Item(time: time, event: event.detached))
            bytes += cost
        }

        /// All that waits, and how many found no room behind it; nil, and the thread is done, where nothing does.
        mutating func drain() -> (items: [Item], missed: Int)? {
            defer {
                items = []
                bytes = 0
                missed = 0
            }
            isPrinting = !items.isEmpty || missed > 0
            taken = items.count
            return isPrinting ? (items, missed) : nil
        }
    }

    private struct Output: Sendable {
        var renderer: TrafficRenderer
        var buffer: OutputBuffer
        var notices: TapNotices
        /// Whether stdout takes no more.
        var isOver = false
    }

    private let filter: TapFilter
    private let printsTraffic: Bool
    private let notices: TapNotices
    private let waiting = Mutex(Waiting())
    private let output: Mutex<Output>
    private let thread: BlockingThread
    private let tell: @Sendable ([UInt8]) -> Void
    private let end: @Sendable (Failure) -> Void

    /// - Parameters:
    ///   - form: how frames are printed.
    ///   - style: how stdout looks.
    ///   - notices: what is told beside the frames, and how.
    ///   - writer: where frames go.
    ///   - tell: writes what is no frame.
    ///   - end: ends the program, where nothing can be printed any more.
    init(
        _ form: OutputForm, style: OutputStyle, notices: TapNotices, filter: TapFilter,
        to writer: DescriptorWriter = .standardOutput, on thread: BlockingThread = .output,
        tell: @escaping @Sendable ([UInt8]) -> Void = { Diagnostics.write($0) },
        end: @escaping @Sendable (Failure) -> Void = { Interrupts.end(with: $0) }
    ) {
        self.filter = filter
        printsTraffic = !form.isNone
        self.notices = notices
        self.thread = thread
        self.tell = tell
        self.end = end
        output = Mutex(
            Output(
                renderer: TrafficRenderer(form: form, style: style), buffer: OutputBuffer(to: writer), notices: notices)
        )
    }

    /// Takes what came together, and returns at once.
    func offer(_ events: [TapEvent], at time: Timestamp) {
        let mustStart = waiting.withLock { waiting in
            for event in events where isWanted(event) { waiting.add(event, at: time) }
            guard !waiting.isPrinting, !waiting.items.isEmpty else { return false }
            waiting.isPrinting = true
            return true
        }
        if mustStart { thread.start { [self] in print() } }
    }

    private func isWanted(_ event: TapEvent) -> Bool {
        event.content.isTraffic ? printsTraffic && filter.mayTake(event.content) : notices.tells(event.content)
    }

    /// Prints until nothing waits.
    private func print() {
        while let (items, missed) = waiting.withLock({ $0.drain() }) {
            BodyPattern.watching(filter.grep.map { [$0] } ?? []) {
                output.withLock { output in
                    for item in items { write(item, to: &output) }
                    flush(&output)
                }
            }
            if missed > 0 {
                let line = "printing could not keep up: \(Readable.count(missed)) frames and lines were not shown"
                tell(Array(ErrorLine.text("warning: \(line)").utf8))
            }
        }
    }

    private func write(_ item: Item, to output: inout Output) {
        if item.event.content.isTraffic {
            guard !output.isOver, filter.takes(item.event.content) else { return }
            output.renderer.append(item.event, at: item.time, to: &output.buffer)
        } else {
            // On a terminal both are seen, in their order.
            flush(&output)
            var lines = OutputBuffer()
            output.notices.append(item.event, at: item.time, to: &lines)
            tell(Array(lines.bytes))
        }
    }

    private func flush(_ output: inout Output) {
        guard !output.isOver else { return }
        do throws(OutputError) {
            try output.buffer.flush()
        } catch {
            output.isOver = true
            end(error == .readerGone ? Failure(.success, nil) : Failure(.writeFailed, error.description))
        }
    }

    /// Waits for what waits to be printed, as long as is decent, and returns how much is left.
    func finish() async -> Int {
        // Also where the task is cancelled, as the end mostly is.
        await Task { [thread, filter] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await thread.run {} }
                // A pattern that is slow may be so for ever.
                if let grep = filter.grep {
                    group.addTask {
                        while !grep.isSlow, (try? await Task.sleep(nanoseconds: 50_000_000)) != nil {}
                    }
                }
                group.addTask { try? await Task.sleep(nanoseconds: UInt64(Self.timeout.nanoseconds)) }
                await group.next()
                group.cancelAll()
            }
        }.value
        return waiting.withLock { $0.isPrinting ? $0.items.count + $0.missed + $0.taken : 0 }
    }
}
