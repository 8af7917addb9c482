import NIOCore
import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Passes what a tap observes to the record, the summary and the printer.
struct TapWatch: Sendable {
    private let printer: TapPrinter
    private let record: TapRecord?
    private let summary: Shared<TapSummary>
    private let mask: SecretMask
    private let refusals = Shared(RefusalFilter())

    init(printer: TapPrinter, record: TapRecord?, summary: TapSummary, mask: SecretMask) {
        self.mask = mask
        self.printer = printer
        self.record = record
        self.summary = Shared(summary)
    }

    /// Handles events that occurred together, on the tap's event loop.
    func see(_ events: [TapEvent]) {
        let hasRefusals = events.contains { if case .refused = $0.content { true } else { false } }
        let events = hasRefusals ? events.compactMap(filtered) : events
        let time = Timestamp.now()
        record?.append(events, at: time)
        summary.update { $0.count(events, at: .now()) }
        printer.offer(events, at: time)
    }

    /// The event, or what replaces it: repeated refusals are dropped or summarized.
    private func filtered(_ event: TapEvent) -> TapEvent? {
        guard case .refused(let refusal) = event.content else { return event }
        switch refusals.update({ $0.check(refusal) }) {
        case .new: return event
        case .skipped: return nil
        case .overflow:
            var event = event
            event.content = .note(.moreRefusals)
            return event
        }
    }

    /// Writes and prints the rest, then the summary.
    func finish() async {
        record?.write()
        let left = await printer.finish()
        if left > 0 {
            Diagnostics.warn("output was too slow: \(Readable.count(left)) frames and lines were not printed")
        }
        let summary = summary.value
        if summary.isDetailed {
            let lines = TapSummaryTable(summary: summary, mask: mask).lines
            Diagnostics.write(Array(lines.map { $0 + "\n" }.joined().utf8))
        }
        Diagnostics.note(summary.line(at: .now()))
    }
}
