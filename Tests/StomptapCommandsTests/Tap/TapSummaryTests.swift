import LineEditor
import NIOCore
import OutputFixtures
import STOMPCore
import STOMPTap
import Testing

@testable import StomptapCommands

struct TapSummaryTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func summary(_ batches: [(milliseconds: Int64, events: [TapEvent])], isDetailed: Bool = true) -> TapSummary
    {
        var summary = TapSummary(isDetailed: isDetailed, start: Self.start)
        for batch in batches { summary.count(batch.events, at: Self.start + .milliseconds(batch.milliseconds)) }
        return summary
    }

    private func conversation() throws -> TapSummary {
        summary([
            (0, [.sample(.local, .opened(.tcp)), try .sent("CONNECT"), .sample(.heartBeat)]),
            (2, [try .came("CONNECTED"), .sample(.incoming, .heartBeat), .sample(.incoming, .heartBeat)]),
            (10, [try .sent("SEND", ["destination:/topic/가", "receipt:1"], "hello")]),
            (11, [try .sent("SEND", ["destination:/topic/가", "receipt:2"], "hello")]),
            (14, [try .came("RECEIPT", ["receipt-id:1"]), try .came("RECEIPT", ["receipt-id:unasked"])]),
            (31, [try .came("RECEIPT", ["receipt-id:2"]), try .came("MESSAGE", ["destination:/topic/가"], "hello")]),
            (
                40,
                [
                    .sample(.local, .opened(.tcp)),
                    .sample(connection: 4, app: "[::1]:7", .bytes(ByteBuffer(string: "?"))),
                ]
            ),
        ])
    }

    @Test func everythingIsCounted() throws {
        let summary = try conversation()
        #expect(summary.opened == 2)
        #expect(
            summary.total.frames == [.connect: 1, .connected: 1, .send: 2, .receipt: 3, .message: 1])
        #expect(summary.total.others == 1)
        #expect(summary.total.toServer.heartBeats == 1 && summary.total.toApp.heartBeats == 2)
        let send = "SEND\ndestination:/topic/가\nreceipt:1\n\nhello\0".utf8.count
        #expect(summary.total.toServer.bytes == "CONNECT\n\n\0".utf8.count + 2 * send + 1)
        #expect(summary.connections.sorted.map(\.name) == [3, 4])
        let destination = try #require(summary.destinations.sorted.first)
        #expect(destination.name == "/topic/가" && summary.destinations.sorted.count == 1)
        #expect(destination.account.frames == [.send: 2, .message: 1])
        #expect(destination.account.toServer.bytes == 2 * send)
        #expect(
            summary.line(at: Self.start + .milliseconds(1500)).hasPrefix("2 connections, 8 frames, 1 not STOMP, "))
        #expect(summary.line(at: Self.start + .milliseconds(1500)).hasSuffix(" B, in 1.5 s"))
    }

    @Test func roundTripsAreMeasuredFromTheReceiptAskedFor() throws {
        let summary = try conversation()
        for account in [
            summary.total, summary.connections.sorted[0].account, summary.destinations.sorted[0].account,
        ] {
            let times = try #require(account.roundTrips)
            #expect(times.count == 2)
            #expect(times.min == 4_000_000 && times.max == 20_000_000)
            // Exact to two digits.
            #expect((4_000_000...4_040_000).contains(times.value(at: 50)))
            #expect(times.value(at: 99) == 20_000_000)
        }
        #expect(summary.connections.sorted[1].account.roundTrips == nil)
    }

    /// A receipt counts only on its own connection: not on another with the same receipt id, and not on a later one.
    @Test func receiptsBelongToTheirConnection() throws {
        let summary = summary([
            (0, [try .sent("SEND", ["receipt:1"], on: 1), try .sent("SEND", ["receipt:2"], on: 1)]),
            (1, [try .came("RECEIPT", ["receipt-id:1"], on: 2), .sample(.local, connection: 1, .ended(.over))]),
            (2, [try .came("RECEIPT", ["receipt-id:1"], on: 1)]),
        ])
        #expect(summary.total.roundTrips == nil)
    }

    @Test func whoSaysNothingHasNoRow() throws {
        let summary = summary([
            (
                0,
                [
                    .sample(.local, connection: 1, .opened(.webSocket(path: "/"))),
                    .sample(connection: 1, .wire(.http, .request(method: "GET", target: "/"), nil)),
                    .sample(.local, connection: 2, .fault(.connectionRefused)),
                    .sample(.local, connection: 1, .ended(.over)),
                    try .sent("SEND", on: 3),
                ]
            )
        ])
        #expect(summary.opened == 1)
        #expect(summary.connections.sorted.map(\.name) == [3])
    }

    @Test func withoutDetailsOnlyTheTotalIsKept() throws {
        let summary = summary([(0, [try .sent("SEND", ["destination:/a"])])], isDetailed: false)
        #expect(summary.total.frames == [.send: 1])
        #expect(summary.connections.sorted.isEmpty && summary.destinations.sorted.isEmpty)
    }

    @Test func namesAreBounded() throws {
        let limit = TapAccounts<Int>.limit
        let long = String(repeating: "x", count: 10_000)
        let events = try (1...(limit + 50)).map { number in
            try TapEvent.sent("SEND", ["destination:/topic/\(number)/\(long)"], on: number)
        }
        let summary = summary([(0, events), (1, events)])
        #expect(summary.connections.sorted.count == limit && summary.destinations.sorted.count == limit)
        #expect(summary.connections.others?.frames == [.send: 100])
        #expect(summary.destinations.others?.frames == [.send: 100])
        #expect(summary.total.frames == [.send: 2 * (limit + 50)])
        #expect(summary.destinations.sorted.allSatisfy { $0.name.utf8.count < 300 })
        let lines = TapSummaryTable(summary: summary).lines
        #expect(lines.filter { $0.hasPrefix("others") }.count == 2)
        #expect(lines.allSatisfy { $0.count < 200 })
    }

    @Test func secretsInDestinationsAreHidden() throws {
        let summary = summary([(0, [try .sent("SEND", ["destination:/a?token=t1"])])])
        let shown = TapSummaryTable(summary: summary).lines.joined(separator: "\n")
        #expect(shown.contains("/a?token=****") && !shown.contains("t1"))
        #expect(TapSummaryTable(summary: summary, mask: .none).lines.joined().contains("/a?token=t1"))
    }

    @Test func theTableIsAligned() throws {
        let lines = TapSummaryTable(summary: try conversation()).lines
        #expect(
            lines == [
                "connection          CONNECT  SEND  CONNECTED  MESSAGE  RECEIPT  not STOMP  bytes >  bytes <  "
                    + "heart-beats >  heart-beats <",
                "3  127.0.0.1:51234        1     2          1        1        3          0      100      125  "
                    + "            1              2",
                "4  [::1]:7                0     0          0        0        0          1        1        0  "
                    + "            0              0",
                "all                       1     2          1        1        3          1      101      125  "
                    + "            1              2",
                "",
                "destination  SEND  MESSAGE  bytes >  bytes <",
                "/topic/가       2        1       90       38",
                "",
                "round trip                     receipts      min   median      p99      max",
                "connection 3  127.0.0.1:51234         2  4.00 ms  4.01 ms  20.0 ms  20.0 ms",
                "/topic/가                             2  4.00 ms  4.01 ms  20.0 ms  20.0 ms",
                "all                                   2  4.00 ms  4.01 ms  20.0 ms  20.0 ms",
            ])
        // All lines of a table have the same width in terminal columns, not in characters.
        #expect(Set(lines[0..<4].map { DisplayWidth.of($0) }).count == 1)
        #expect(Set(lines[8..<12].map { DisplayWidth.of($0) }).count == 1)
    }

    @Test func nothingMakesNoTable() {
        #expect(TapSummaryTable(summary: summary([])).lines.isEmpty)
    }
}
