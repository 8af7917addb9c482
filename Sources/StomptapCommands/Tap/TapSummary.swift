import Histogram
import LineEditor
import NIOCore
import STOMPCore
import STOMPTap
import StomptapOutput

/// Counts the traffic of a tap, with bounded memory.
struct TapSummary: Sendable {
    /// The maximum length of a stored destination or receipt, in bytes.
    private static let longestName = 256
    /// The maximum number of pending receipts; the round trips of further ones are not measured.
    private static let mostReceipts = 10_000

    private struct Awaited {
        var since: NIODeadline
        var destination: String?
    }

    /// Whether counts by connection and destination are kept, not only the total.
    let isDetailed: Bool
    private let start: NIODeadline
    /// The number of connections opened.
    private(set) var opened = 0
    private(set) var total = TapAccount()
    private(set) var connections = TapAccounts<Int>()
    private(set) var destinations = TapAccounts<String>()
    /// The app's address of each connection that has its own account.
    private(set) var apps: [Int: String] = [:]
    /// The pending receipts, by connection and receipt id.
    private var awaited: [Int: [String: Awaited]] = [:]
    private var awaitedCount = 0

    init(isDetailed: Bool, start: NIODeadline = .now()) {
        self.isDetailed = isDetailed
        self.start = start
    }

    mutating func count(_ events: [TapEvent], at time: NIODeadline) {
        total.count(events)
        for event in events {
            if case .opened = event.content { opened += 1 }
            if isDetailed { countDetails(of: event, at: time) }
        }
    }

    private mutating func countDetails(of event: TapEvent, at time: NIODeadline) {
        switch event.content {
        case .frame(let frame):
            count(event)
            let destination = Self.name(frame.headers["destination"])
            if let destination { destinations.update(destination) { $0.count(event) } }
            if event.direction == .incoming {
                if frame.command == .receipt { endRoundTrip(frame, on: event.connection, at: time) }
            } else if let receipt = frame.headers["receipt"] {
                wait(for: receipt, Awaited(since: time, destination: destination), on: event.connection)
            }
        case .unfinished, .wire(_, .observedHeartBeat, _): count(event)
        case .wire where event.content.isTraffic: count(event)
        case .ended: awaitedCount -= awaited.removeValue(forKey: event.connection)?.count ?? 0
        // A connection without traffic, such as one that only loads a page, has no account.
        case .wire, .opened, .refused, .fault, .note: break
        }
    }

    private mutating func count(_ event: TapEvent) {
        connections.update(event.connection) { $0.count(event) }
        if apps.count < TapAccounts<Int>.limit { apps[event.connection] = event.app }
    }

    // MARK: Round trips

    private mutating func wait(for receipt: String, _ since: Awaited, on connection: Int) {
        guard awaitedCount < Self.mostReceipts, receipt.utf8.count <= Self.longestName else { return }
        if awaited[connection, default: [:]].updateValue(since, forKey: receipt) == nil { awaitedCount += 1 }
    }

    private mutating func endRoundTrip(_ frame: Frame, on connection: Int, at time: NIODeadline) {
        guard let receipt = frame.headers["receipt-id"],
            let awaited = awaited[connection]?.removeValue(forKey: receipt)
        else { return }
        awaitedCount -= 1
        let roundTrip = time - awaited.since
        total.count(roundTrip: roundTrip)
        connections.update(connection) { $0.count(roundTrip: roundTrip) }
        if let destination = awaited.destination { destinations.update(destination) { $0.count(roundTrip: roundTrip) } }
    }

    /// A name for storage, truncated if it is too long.
    private static func name(_ text: String?) -> String? {
        guard let text, text.utf8.count > longestName else { return text }
        return String(decoding: text.utf8.prefix(longestName), as: UTF8.self) + "…"
    }

    // MARK: Output

    /// `3 connections, 1,234 frames, 4.5 MiB, in 3.2 s`.
    func line(at time: NIODeadline) -> String {
        let frames = total.frames.values.reduce(0, +)
        let bytes = total.toServer.bytes + total.toApp.bytes
        var parts = ["\(Readable.count(opened)) connection\(opened == 1 ? "" : "s")"]
        parts.append("\(Readable.count(frames)) frame\(frames == 1 ? "" : "s")")
        if total.others > 0 { parts.append("\(Readable.count(total.others)) not STOMP") }
        parts.append(ByteCount.readable(bytes))
        return parts.joined(separator: ", ") + ", in \((time - start).readable)"
    }
}

/// The times until RECEIPT, with two significant digits, from a microsecond to an hour.
struct RoundTrips: Sendable {
    private static let longest: UInt64 = 3600 * 1_000_000_000

    // Hundreds of these are kept: with 32-bit counts and two digits they take a sixteenth of the memory of
    // `Latencies`.
    private var histogram = Histogram<UInt32>(
        lowestDiscernibleValue: 1000, highestTrackableValue: longest, numberOfSignificantValueDigits: .two)
    private(set) var count = 0
    /// In nanoseconds, exact.
    private(set) var min = UInt64.max
    private(set) var max: UInt64 = 0

    mutating func record(_ nanoseconds: Int64) {
        let value = UInt64(clamping: nanoseconds)
        count += 1
        min = Swift.min(min, value)
        max = Swift.max(max, value)
        histogram.record(Swift.min(value, Self.longest))
    }

    /// The value that `percentile` percent of the times did not exceed, in nanoseconds.
    func value(at percentile: Double) -> UInt64 {
        // A bucket of the histogram may extend beyond the measured values.
        Swift.max(min, Swift.min(max, histogram.valueAtPercentile(percentile)))
    }
}

/// The tables of a ``TapSummary``.
struct TapSummaryTable {
    private typealias Row = (name: String, account: TapAccount)

    /// The maximum length of a name in the output.
    private static let longestName = 60

    let summary: TapSummary
    /// A destination may contain a secret.
    var mask = SecretMask.hiding

    /// The lines, without line ends; empty if there was no traffic.
    var lines: [String] {
        let connections = rows(summary.connections) { number in
            "\(number)" + (summary.apps[number].map { "  \($0)" } ?? "")
        }
        let destinations = rows(summary.destinations) { Self.shortened(visible(mask.masked(summary: $0))) }
        let all = connections.count > 1 ? [(name: "all", account: summary.total)] : []
        let tables = [
            counts("connection", connections + all), counts("destination", destinations),
            roundTrips(
                connections.map { (name: "connection \($0.name)", account: $0.account) } + destinations + all),
        ]
        return Array(tables.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private func rows<Name>(_ accounts: TapAccounts<Name>, _ name: (Name) -> String) -> [Row] {
        accounts.sorted.map { (name: name($0.name), account: $0.account) }
            + (accounts.others.map { [(name: "others", account: $0)] } ?? [])
    }

    /// Frames by command, and bytes and heart-beats in each direction (`>` is to the server); empty columns are
    /// left out.
    private func counts(_ title: String, _ rows: [Row]) -> [String] {
        guard !rows.isEmpty else { return [] }
        var columns: [(head: String, value: (TapAccount) -> Int)] = []
        for command in Command.allCases { columns.append((command.rawValue, { $0.frames[command] ?? 0 })) }
        columns.append(("not STOMP", \.others))
        columns.append(("bytes >", \.toServer.bytes))
        columns.append(("bytes <", \.toApp.bytes))
        columns.append(("heart-beats >", \.toServer.heartBeats))
        columns.append(("heart-beats <", \.toApp.heartBeats))
        let shown = columns.filter { column in rows.contains { column.value($0.account) > 0 } }
        return TextTable.lines(
            [[title] + shown.map(\.head)]
                + rows.map { row in [row.name] + shown.map { Readable.count($0.value(row.account)) } })
    }

    private func roundTrips(_ rows: [Row]) -> [String] {
        let measured = rows.compactMap { row in row.account.roundTrips.map { (row.name, $0) } }
        guard !measured.isEmpty else { return [] }
        return TextTable.lines(
            [["round trip", "receipts", "min", "median", "p99", "max"]]
                + measured.map { name, times in
                    let values = [times.min, times.value(at: 50), times.value(at: 99), times.max]
                    return [name, Readable.count(times.count)] + values.map { Readable.time(Double($0)) }
                })
    }

    private static func shortened(_ name: String) -> String {
        name.count > longestName ? name.prefix(longestName - 1) + "…" : name
    }
}

extension TextTable {
    /// Lines with columns aligned by the width that a terminal displays.
    static func lines(_ rows: [[String]]) -> [String] { lines(rows, width: DisplayWidth.of) }
}
