import NIOConcurrencyHelpers
import NIOCore
import STOMPCore
import TestSupport
import Testing

@testable import STOMPBroker

/// Denials that are decided asynchronously and may never be decided.
@Suite(.timeLimit(.minutes(2))) struct DenialTests {
    /// Decides when the test calls ``decide()``.
    private final class Decisions: Sendable {
        private let waiting = NIOLockedValueBox<[@Sendable () -> Void]>([])

        var runner: BrokerDenial.Runner {
            { [waiting] work, callBack in waiting.withLockedValue { $0.append { callBack(work()) } } }
        }

        /// Makes the first pending decision.
        func decide() async throws {
            let decision = try await eventually {
                waiting.withLockedValue { $0.isEmpty ? nil : $0.removeFirst() }
            } otherwise: {
                "nothing is asked"
            }
            decision()
        }
    }

    private func send(_ body: String, receipt: String) -> String {
        "SEND\ndestination:/topic/a\nreceipt:\(receipt)\n\n\(body)\0"
    }

    @Test(arguments: Way.allCases) func onlyItsOwnSessionWaits(way: Way) async throws {
        let decisions = Decisions()
        try await withBroker(way) {
            $0.denials = [
                BrokerDenial(.send, text: "bad") { String(buffer: $0.body).contains("bad") },
                BrokerDenial(
                    .send, text: "worse", matches: { String(buffer: $0.body).contains("worse") },
                    runner: decisions.runner),
            ]
        } _: { address, _ in
            let first = try await ScriptedClient.connected(to: address)
            let second = try await ScriptedClient.connected(to: address)
            // In one write, so that the later frames wait in the decoder.
            try await first.send(send("1", receipt: "1") + send("2", receipt: "2") + "DISCONNECT\nreceipt:3\n\n\0")
            try await second.send("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:s\n\n\0")
            #expect(try await second.next().contains("receipt-id:s"))
            #expect(first.contents.frames.isEmpty)
            try await decisions.decide()
            #expect(try await second.next().hasSuffix("\n\n1"))
            #expect(try await first.next().contains("receipt-id:1"))
            try await decisions.decide()
            #expect(try await second.next().hasSuffix("\n\n2"))
            for receipt in ["2", "3"] { #expect(try await first.next().contains("receipt-id:\(receipt)")) }

            try await second.send(send("worse", receipt: "4") + send("5", receipt: "5"))
            try await decisions.decide()
            let error = try await second.next()
            #expect(error.hasPrefix("ERROR\n") && error.contains("worse"))
        }
    }

    /// The client disconnects before the decision: the frames it sent still count.
    @Test func whatWasSentBeforeTheEndCounts() async throws {
        let decisions = Decisions()
        try await withBroker {
            $0.denials = [BrokerDenial(.send, text: "no", matches: { _ in false }, runner: decisions.runner)]
        } _: { address, _ in
            let listener = try await ScriptedClient.connected(to: address)
            try await listener.send("SUBSCRIBE\nid:0\ndestination:/topic/a\nreceipt:s\n\n\0")
            _ = try await listener.next()
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SEND\ndestination:/topic/a\n\nlast\0")
            try await Task.sleep(for: .milliseconds(100))
            try await client.abort()
            try await Task.sleep(for: .milliseconds(100))
            try await decisions.decide()
            #expect(try await listener.next().hasSuffix("\n\nlast"))
        }
    }
}
