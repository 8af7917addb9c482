import NIOCore
import StomptapOutput
import StomptapRuntime

/// Shows the progress of a longer publication on stderr, if that is a terminal.
struct PublishProgress: Sendable {
    /// The total amount to send.
    enum Total: Sendable, Equatable {
        case messages(Int)
        /// The bytes of a file.
        case bytes(Int)
        case unknown
    }

    /// The amount done, including skipped messages.
    struct Counts: Sendable {
        var sent = 0
        var confirmed = 0
        /// The bytes of the input that have been sent.
        var bytes = 0
    }

    /// No line is shown for publications shorter than this.
    private static let timeout = TimeAmount.milliseconds(700)
    private static let interval = TimeAmount.milliseconds(100)

    let total: Total
    let counts = Shared(Counts())

    /// Runs `work` with a progress line, which is removed when `work` ends.
    func shown<Result: Sendable>(during work: () async throws -> Result) async rethrows -> Result {
        guard StatusLine.width != nil else { return try await work() }
        let start = NIODeadline.now()
        let skipped = counts.value.sent
        let painter = Task {
            try await Task.sleep(nanoseconds: UInt64(Self.timeout.nanoseconds))
            while !Task.isCancelled {
                let seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
                if let width = StatusLine.width {
                    StatusLine.show(
                        Self.line(counts.value, of: total, skipped: skipped, seconds: seconds, width: width))
                }
                try await Task.sleep(nanoseconds: UInt64(Self.interval.nanoseconds))
            }
        }
        defer { StatusLine.erase() }
        do {
            let result = try await work()
            await Self.end(painter)
            return result
        } catch {
            await Self.end(painter)
            throw error
        }
    }

    private static func end(_ painter: Task<Void, any Error>) async {
        painter.cancel()
        _ = await painter.result
    }

    /// The line, at most `width` columns wide: less important parts are left out first.
    static func line(_ counts: Counts, of total: Total, skipped: Int, seconds: Double, width: Int) -> String {
        var parts = ["\(counts.sent) sent"]
        let share: Double? =
            switch total {
            case .messages(let count): Double(counts.sent) / Double(max(1, count))
            case .bytes(let size): Double(counts.bytes) / Double(max(1, size))
            case .unknown: nil
            }
        if case .messages(let count) = total { parts[0] = "\(counts.sent) of \(count) sent" }
        if let share {
            let share = min(1, share)
            parts[0] = "\(StatusLine.bar(share)) \(Int(share * 100))%  \(parts[0])"
        }
        if counts.confirmed > skipped { parts.append("\(counts.confirmed) confirmed") }
        if seconds > 0 { parts.append("\(Int(Double(counts.sent - skipped) / seconds))/s") }
        return StatusLine.fitted(parts, width: width)
    }
}
