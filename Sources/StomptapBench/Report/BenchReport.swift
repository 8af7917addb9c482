import StomptapOutput

/// The table and the plot at the end of a run.
struct BenchReport: Sendable {
    /// The width of a line, in cells.
    let width: Int
    /// Whether to draw with block characters; only on a terminal.
    let draws: Bool

    /// The width if it is not known how wide the output is.
    static let standardWidth = 80
    /// Below this width the values of a table are printed one below the other.
    private static let narrow = 72
    private static let mostSeconds = 15

    func text(_ result: BenchResult) -> String {
        var lines = head(result)
        lines += [""] + counts(result)
        lines += [""] + times(result)
        let seconds = seconds(result)
        if !seconds.isEmpty { lines += [""] + seconds }
        let plot = LatencyPlot(width: width, draws: draws).lines(result.latencies)
        if !plot.isEmpty { lines += ["", "latency"] + plot }
        let remarks = remarks(result)
        if !remarks.isEmpty { lines += [""] + remarks }
        return lines.map { visible($0) + "\n" }.joined()
    }

    private func head(_ result: BenchResult) -> [String] {
        guard !result.isMerged else { return [result.endpoint + " merged"] }
        let plan = result.plan
        var parts: [String] = []
        if plan.role.publishes { parts.append(plural(plan.publishers, "publisher")) }
        if plan.role.subscribes {
            parts.append(plural(plan.subscribers, "subscriber"))
            if plan.connections > 0 { parts.append("\(Readable.count(plan.connections)) more connections") }
        }
        if plan.role.publishes {
            parts.append("\(Readable.count(plan.body.readableBytes)) B")
            parts.append(plan.rate.map { "\(Readable.count($0))/s" } ?? "no rate limit")
        }
        let first = plan.destinations.first ?? ""
        let place = plan.destinations.count == 1 ? first : "\(plan.destinations.count) destinations, first \(first)"
        return wrap([result.endpoint, place, result.transport], separator: "  ") + wrap(parts, separator: ", ")
    }

    private func plural(_ count: Int, _ noun: String) -> String {
        "\(Readable.count(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    // MARK: Tables

    private func counts(_ result: BenchResult) -> [String] {
        var rows: [[String]] = [["", "messages", "per second"]]
        if result.plan.role.publishes || result.sent > 0 {
            let rate = result.plan.role.publishes ? Readable.count(result.sentPerSecond) : ""
            rows.append(["sent", Readable.count(result.sent), rate])
        }
        if result.plan.role.subscribes {
            rows.append(["received", Readable.count(result.received), Readable.count(result.receivedPerSecond)])
            if let lost = result.lost { rows.append(["lost", Readable.count(lost), ""]) }
            rows.append(["duplicated", Readable.count(result.duplicated), ""])
            rows.append(["out of order", Readable.count(result.outOfOrder), ""])
        }
        if result.receiptsAsked > 0 {
            rows.append(["receipts expected", Readable.count(result.receiptsAsked), ""])
            rows.append(["receipts received", Readable.count(result.receiptsArrived), ""])
        }
        for (kind, count) in result.errors.sorted(by: { $0.key < $1.key }) {
            rows.append([kind, Readable.count(count), ""])
        }
        return TextTable.lines(rows)
    }

    private func times(_ result: BenchResult) -> [String] {
        let all = [
            ("latency", result.latencies), ("receipt", result.receiptTimes), ("connect", result.connectTimes),
            ("sent late", result.lateness),
        ].filter { $0.1.count > 0 }
        guard width < Self.narrow else {
            return TextTable.lines(
                [["", "p50", "p90", "p99", "p99.9", "max", "mean"]]
                    + all.map { [$0.0] + figures($0.1).map(\.value) })
        }
        // Three next to each other, one row for each metric.
        return stride(from: 0, to: all.count, by: 3).flatMap { start in
            let some = all[start..<min(start + 3, all.count)]
            let columns = some.map { figures($0.1) }
            return TextTable.lines(
                [[""] + some.map(\.0)]
                    + (columns.first ?? []).indices.map { row in [columns[0][row].name] + columns.map { $0[row].value }
                    })
        }
    }

    private func figures(_ latencies: Latencies) -> [(name: String, value: String)] {
        let percentiles = [("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9)].map { name, percentile in
            (name, latencies.value(at: percentile).map { Double($0) })
        }
        let ends = [("max", latencies.count > 0 ? Double(latencies.max) : nil), ("mean", latencies.mean)]
        return (percentiles + ends).map { (name: $0.0, value: $0.1.map(Readable.time) ?? "-") }
    }

    /// The rate in each second, with a bar relative to the highest rate.
    private func seconds(_ result: BenchResult) -> [String] {
        let intervals = result.timeline.condensed(to: Self.mostSeconds)
        guard intervals.count > 1 else { return [] }
        let shown = result.plan.role.subscribes ? "received" : "sent"
        let rates = intervals.map { result.plan.role.subscribes ? $0.receivedPerSecond : $0.sentPerSecond }
        let most = rates.max() ?? 0
        var rows: [[String]] = [["second", result.plan.role == .both ? "sent/s" : "", "\(shown)/s"]]
        for (interval, rate) in zip(intervals, rates) {
            rows.append([
                Readable.decimal(Double(interval.start + interval.length) / 1e9, digits: 1),
                result.plan.role == .both ? Readable.count(interval.sentPerSecond) : "", Readable.count(rate),
            ])
        }
        let lines = TextTable.lines(rows)
        let room = min(40, width - (lines.map(\.count).max() ?? 0) - 2)
        guard room >= 5 else { return lines }
        return zip(lines, [0] + rates).map { line, rate in
            let bar = Bar.text(rate, of: most, cells: room, draws: draws)
            return bar.isEmpty ? line : line + "  " + bar
        }
    }

    // MARK: Remarks

    private func remarks(_ result: BenchResult) -> [String] {
        var remarks: [String] = []
        if result.isInterrupted { remarks.append("The run was interrupted: messages still in transit count as lost.") }
        if result.plan.role == .both, result.plan.rate == nil, !result.isMerged {
            remarks.append("Without --rate, latency is mostly the time that messages wait in queues.")
        }
        if result.isMerged, !result.isExact {
            remarks.append("Some logs do not contain the counts of their run.")
        } else if !result.isExact {
            remarks.append(
                result.plan.role == .subscribe
                    ? "Not every publisher reported how many messages it sent, so more may be lost at the end."
                    : "Too many messages are missing: the numbers for lost and out of order are not exact.")
        }
        if result.foreign > 0 {
            remarks.append("\(Readable.count(result.foreign)) messages that are not from this run were ignored.")
        }
        if result.plan.role != .both { remarks += clocks(result) }
        return remarks.flatMap { wrap($0.split(separator: " ").map(String.init), separator: " ") }
    }

    private func clocks(_ result: BenchResult) -> [String] {
        guard result.plan.role == .subscribe else { return [] }
        var lines = result.clocks.map { clock in
            let way = clock.offset < 0 ? "behind" : "ahead of"
            let error = Readable.time(Double(clock.uncertainty))
            return
                "The clock of publisher \(clock.run) is \(Readable.time(Double(clock.offset.magnitude))) \(way) ours "
                + "(accurate to \(error), by \(plural(clock.exchanges, "exchange"))); "
                + "latencies are too \(clock.offset < 0 ? "long" : "short") by that amount."
        }
        if lines.isEmpty {
            let place = ClockComparison.destination(for: result.plan.destinations.first ?? "")
            lines.append("The clocks were not compared: no publisher answered on \(place).")
        }
        if result.negative > 0 {
            let count = Readable.count(result.negative)
            lines.append("\(count) messages arrived before they were sent, according to the clocks.")
        }
        return lines
    }

    /// Joins parts into lines that fit the width, if possible.
    private func wrap(_ parts: [String], separator: String) -> [String] {
        var lines: [String] = []
        for part in parts where !part.isEmpty {
            if let last = lines.last, last.count + separator.count + part.count <= width {
                lines[lines.count - 1] = last + separator + part
            } else {
                if !lines.isEmpty, separator == ", " { lines[lines.count - 1] += "," }
                lines.append(part)
            }
        }
        return lines
    }
}

extension TextTable {
    /// Lines of words and numbers in which every character is one cell wide.
    fileprivate static func lines(_ rows: [[String]]) -> [String] { lines(rows, width: \.count) }
}

/// The distribution of latencies, as one bar for each step of 1, 2 and 5.
struct LatencyPlot: Sendable {
    let width: Int
    let draws: Bool

    /// The upper bounds of the steps, up to an hour, in nanoseconds.
    private static let bounds: [UInt64] = {
        var bounds: [UInt64] = []
        var decade: UInt64 = 1000
        while decade <= Latencies.highest {
            bounds += [decade, 2 * decade, 5 * decade]
            decade *= 10
        }
        return bounds
    }()

    /// One line for each step, from the first to the last that has latencies.
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
        // A bar is preceded by ` to 500 us   12.50%` and two blanks.
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
    /// Empty for zero; at least one character for any other value.
    static func text(_ value: Double, of most: Double, cells: Int, draws: Bool) -> String {
        guard value > 0, most > 0, cells > 0 else { return "" }
        guard draws else { return String(repeating: "#", count: max(1, Int((value / most * Double(cells)).rounded()))) }
        let eighths = max(1, Int((value / most * Double(cells * 8)).rounded()))
        let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return String(repeating: "█", count: eighths / 8) + rest
    }
}
