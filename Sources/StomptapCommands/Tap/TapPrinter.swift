import NIOCore
import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization

/// Prints the traffic of a tap on its own thread, so that the apps never wait for the reader of the output.
///
/// The queue is bounded. Events that do not fit are counted, and the number is printed once there is room again.
final class TapPrinter: Sendable {
    /// The maximum size of the queue, in bytes, and the additional cost of each event.
    private static let limit = 4 << 20
    private static let itemCost = 256
    /// Events that are not traffic may exceed the limit by this much, because they explain why traffic is missing.
    private static let reserve = 1 << 20
    /// How long to wait at the end for a slow reader.
    private static let timeout = TimeAmount.seconds(2)

    private struct Item: Sendable {
        var time: Timestamp
        var event: TapEvent
    }

    private struct Waiting {
        var items: [Item] = []
        var bytes = 0
        /// The number of events that did not fit.
        var missed = 0
        /// The number of events that the thread has taken and not yet printed.
        var taken = 0
        var isPrinting = false

        /// Adds an event if there is room. An event larger than the limit is accepted if the queue is empty.
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

        /// Removes and returns all queued events, and how many were missed; nil, which ends the thread's work, if
        /// there are none.
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
        /// Whether stdout cannot be written any more.
        var isOver = false
    }

    private let filter: TapFilter
    private let printsTraffic: Bool
    private let notices: TapNotices
    private let waiting = Mutex(Waiting())
    private let output: Mutex<Output>
    private let thread: BlockingThread
    private let report: @Sendable ([UInt8]) -> Void
    private let end: @Sendable (Failure) -> Void

    /// - Parameters:
    ///   - form: how frames are printed.
    ///   - style: the style of stdout.
    ///   - notices: which events other than frames are printed, and how.
    ///   - writer: the output for frames.
    ///   - report: writes everything except frames.
    ///   - end: ends the program when nothing can be printed any more.
    init(
        _ form: OutputForm, style: OutputStyle, notices: TapNotices, filter: TapFilter,
        to writer: DescriptorWriter = .standardOutput, on thread: BlockingThread = .output,
        report: @escaping @Sendable ([UInt8]) -> Void = { Diagnostics.write($0) },
        end: @escaping @Sendable (Failure) -> Void = { Interrupts.end(with: $0) }
    ) {
        self.filter = filter
        printsTraffic = !form.isNone
        self.notices = notices
        self.thread = thread
        self.report = report
        self.end = end
        output = Mutex(
            Output(
                renderer: TrafficRenderer(form: form, style: style), buffer: OutputBuffer(to: writer), notices: notices)
        )
    }

    /// Queues events that occurred together, and returns at once.
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
        event.content.isTraffic ? printsTraffic && filter.mayMatch(event.content) : notices.prints(event.content)
    }

    /// Prints until the queue is empty.
    private func print() {
        while let (items, missed) = waiting.withLock({ $0.drain() }) {
            output.withLock { output in
                for item in items { write(item, to: &output) }
                flush(&output)
            }
            if missed > 0 {
                let line = "output was too slow: \(Readable.count(missed)) frames and lines were not printed"
                report(Array(ErrorLine.text("warning: \(line)").utf8))
            }
        }
    }

    private func write(_ item: Item, to output: inout Output) {
        if item.event.content.isTraffic {
            guard !output.isOver, filter.matches(item.event.content) else { return }
            output.renderer.append(item.event, at: item.time, to: &output.buffer)
        } else {
            // On a terminal both outputs are shown, and must stay in order.
            flush(&output)
            var lines = OutputBuffer()
            output.notices.append(item.event, at: item.time, to: &lines)
            report(Array(lines.bytes))
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

    /// Waits for a limited time until the queue is printed, and returns how many events are left.
    func finish() async -> Int {
        // In its own task, because this task is usually already cancelled.
        await Task { [thread, filter] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await thread.run {} }
                // A slow pattern may never end.
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
