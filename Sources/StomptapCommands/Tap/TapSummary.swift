import NIOCore
import STOMPCore
import STOMPTap
import StomptapOutput

/// Keeps account of what passes a tap. Memory is bounded, whatever passes.
struct TapSummary: Sendable {
    /// The longest destination, and the longest receipt, that is remembered, in bytes.
    private static let longestName = 256
    /// How many receipts may be awaited; the round trips of more are not measured.
    private static let mostReceipts = 10_000

    private struct Awaited {
        var since: NIODeadline
        var destination: String?
    }

    /// Whether more is kept than what everything comes to.
    let isDetailed: Bool
    private let start: NIODeadline
    /// The connections that were opened.
    private(set) var opened = 0
    private(set) var total = TapAccount()
    private(set) var connections = TapAccounts<Int>()
    private(set) var destinations = TapAccounts<String>()
    /// The apps' addresses of the connections that have a name.
    private(set) var apps: [Int: String] = [:]
    /// By connection and receipt.
    private var awaited: [Int: [String: Awaited]] = [:]
    private var awaitedCount = 0

    init(isDetailed: Bool, start: NIODeadline = .now()) {
        self.isDetailed = isDetailed
        self.start = start
    }

    mutating func count(_ events: [TapEvent], at time: NIODeadline) {
        for event in events {
            if case .opened = event.content { opened += 1 }
            total.count(event)
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
        case .wire(_, .observedHeartBeat, _): count(event)
        case .wire where event.content.isTraffic: count(event)
        case .ended: awaitedCount -= awaited.removeValue(forKey: event.connection)?.count ?? 0
        // A connection that has carried nothing else, such as a page's, has no account.
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

    /// A name as it is remembered: one that is too long to be one is cut.
    private static func name(_ text: String?) -> String? {
        guard let text, text.utf8.count > longestName else { return text }
        return String(decoding: text.utf8.prefix(longestName), as: UTF8.self) + "…"
    }

    // MARK: At the end

    /// `3 connections, 1,234 frames, 4.5 MiB, in 3.2 s`.
    func line(at time: NIODeadline) -> String {
        let frames = total.frames.values.reduce(0, +)
        let bytes = total.toServer.bytes + total.toApp.bytes
        var parts = ["\(Readable.count(opened)) connection\(opened == 1 ? "" : "s")"]
        parts.append("\(Readable.count(frames)) frame\(frames == 1 ? "" : "s")")
        if total.others > 0 { parts.append("\(Readable.count(total.others)) of no STOMP") }
        parts.append(ByteCount.readable(bytes))
        return parts.joined(separator: ", ") + ", in \((time - start).readable)"
    }
}
