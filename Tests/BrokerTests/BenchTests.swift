import Foundation
import TestSupport
import Testing

/// A short run of `bench` with real servers.
@Suite(.spawning, .timeLimit(.minutes(5)))
struct BenchTests {
    private struct Figures: Decodable {
        struct Latency: Decodable { var count: Int }
        struct Receipts: Decodable { var asked, arrived: Int }

        var sent, received, lost, duplicated, outOfOrder: Int
        var latencyMicros: Latency
        var receipts: Receipts
        var errors: [String: Int]
    }

    private func bench(_ way: Way, _ arguments: String...) async throws -> Figures {
        var program = Program.stomptap("bench", try await way.url())
        program.arguments += arguments + ["--virtual-host", "/", "--json", "-"]
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        return try JSONDecoder().decode(Figures.self, from: Data(result.stdout))
    }

    @Test(arguments: Way.allCases, ["topic", "queue"])
    func nothingIsLost(_ way: Way, kind: String) async throws {
        let figures = try await bench(
            way, way.destination(kind), "--messages", "5000", "--publishers", "2", "--subscribers", "2")
        #expect(figures.sent == 5000)
        #expect(figures.received == (kind == "topic" ? 10_000 : 5000))
        #expect(figures.lost == 0)
        #expect(figures.duplicated == 0)
        #expect(figures.latencyMicros.count == figures.received)
        #expect(figures.errors.isEmpty)
    }

    @Test(arguments: Way.allCases)
    func receiptsComeAndHeadersCarryTheStamp(_ way: Way) async throws {
        let figures = try await bench(
            way, way.destination("topic"), "--messages", "500", "--receipts", "--stamp", "header", "--rate", "1000/s")
        #expect(figures.received == 500)
        #expect(figures.lost == 0)
        #expect(figures.receipts.asked == 500)
        #expect(figures.receipts.arrived == 500)
    }
}
