import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// `bench` with a server that drops, repeats, reorders and delays messages: the figures must show it.
@Suite(.spawning) struct BenchScriptTests {
    private func figures(_ relay: Relay, _ arguments: String...) async throws -> BenchTests.Figures {
        var program = Program.stomptap("bench", relay.url, "--json", "-")
        program.arguments += arguments
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        return try BenchTests.Figures(result)
    }

    /// At 200 messages a second for 2.5 s, all messages that are due during a stall of 1 s are late by up to 1 s.
    /// They are two fifths of all, so even p90 shows the stall. If latency were measured from the actual send time,
    /// only one message would be late.
    @Test func aStallOfASecondShowsInThePercentiles() async throws {
        try await Relay.run({ number in number == 40 ? .stall(.seconds(1)) : .pass }) { relay in
            let figures = try await figures(relay, "--rate", "200/s", "--duration", "2500ms")
            #expect(figures.sent == 500)
            #expect(figures.lost == 0)
            let (p50, p90, p99) = (
                try #require(figures.latencyMicros.p50), try #require(figures.latencyMicros.p90),
                try #require(figures.latencyMicros.p99)
            )
            #expect(p99 > 900_000)
            #expect(p90 > 700_000)
            #expect(p50 < p90)
            // A closed loop, with one message at a time, would report less: only one of as many messages meets the
            // stall.
            #expect(relay.latenciesOfAClosedLoop(percentile: 99) < p99 / 2)
        }
    }

    @Test func whatIsLostDoubledAndSwappedIsCountedExactly() async throws {
        try await Relay.run({ number in
            switch number {
            case 100, 101, 500, 1999: .drop
            case 7, 8, 9, 1500: .double
            case 30, 60, 90, 120, 150: .swap
            default: .pass
            }
        }) { relay in
            let figures = try await figures(relay, "--messages", "2000", "--drain", "3s")
            #expect(figures.sent == 2000)
            #expect(figures.received == 2000)
            #expect(figures.lost == 4)
            #expect(figures.duplicated == 4)
            #expect(figures.outOfOrder == 5)
            #expect(figures.isExact)
        }
    }
}
