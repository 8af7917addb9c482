import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// What a server does to its messages shows in the figures: a server that passes on what it is told to.
@Suite(.spawning) struct BenchScriptTests {
    private func figures(_ relay: Relay, _ arguments: String...) async throws -> BenchTests.Figures {
        var program = Program.stomptap("bench", relay.url, "--json", "-")
        program.arguments += arguments
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        return try BenchTests.Figures(result)
    }

    /// Of 200 a second for two and a half, those that were due in a second of silence are late by up to that second: two
    /// fifths of all, so that even p90 shows it. A figure that counts from when a message left would show one late message.
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
            // What a closed loop of one message at a time would say: of as many messages, only one met the stall.
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
