import StomptapOutput

/// How latencies are spread, drawn with a bar for each step of 1, 2 and 5.
struct LatencyPlot: Sendable {
    let width: Int
    let draws: Bool

    /// Steps up to an hour, in nanoseconds.
    private static let bounds: [UInt64] = {
        var bounds: [UInt64] = []
        var decade: UInt64 = 1000
        while decade <= Latencies.highest {
            bounds += [decade, 2 * decade, 5 * decade]
            decade *= 10
        }
        return bounds
    }()

    /// A line for each step that has latencies, and for those between.
    func lines(_ latencies: Latencies) -> [String] {
        guard latencies.count > 0 else { return [] }
        var rows: [(bound: UInt64, count: UInt64)] = []
        var lower: UInt64 = 0
        for bound in Self.bounds {
            rows.append((bound, latencies.count(in: lower..<bound)))
            lower = bound
        }
        let filled = rows.indices.filter { rows[$0].count > 0 }
        guard let first = filled.first, let last = filled.last else { return [] }
        let most = rows.map(\.count).max() ?? 0
        // Before a bar stand ` to 500 us   12.50%` and two blanks.
        let room = min(60, max(1, width - 10 - 9 - 2))
        return rows[first...last].map { bound, count in
            let label = "to " + Self.label(bound)
            let share = Readable.decimal(Double(count) / Double(latencies.count) * 100, digits: 2) + "%"
            let bar = Bar.text(Double(count), of: Double(most), cells: room, draws: draws)
            return padded(label, 10) + padded(share, 9) + (bar.isEmpty ? "" : "  " + bar)
        }
    }

    private static func label(_ bound: UInt64) -> String {
        switch bound {
        case ..<1_000_000: "\(bound / 1000) us"
        case ..<1_000_000_000: "\(bound / 1_000_000) ms"
        default: "\(bound / 1_000_000_000) s"
        }
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// A bar of a chart.
enum Bar {
    /// Nothing for nothing; something, if little, for anything else.
    static func text(_ value: Double, of most: Double, cells: Int, draws: Bool) -> String {
        guard value > 0, most > 0, cells > 0 else { return "" }
        guard draws else { return String(repeating: "#", count: max(1, Int((value / most * Double(cells)).rounded()))) }
        let eighths = max(1, Int((value / most * Double(cells * 8)).rounded()))
        let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return String(repeating: "█", count: eighths / 8) + rest
    }
}
