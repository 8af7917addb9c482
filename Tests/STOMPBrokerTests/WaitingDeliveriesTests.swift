import NIOCore
import STOMPCore
import Testing

@testable import STOMPBroker

@Suite struct WaitingDeliveriesTests {
    private func message(_ body: String) throws -> Message {
        let frame = try FrameEncoder(version: .v12).frame(.send, [:], body: ByteBuffer(string: body))
        return Message(destination: "/topic/a", frame: frame)
    }

    private func delivery(_ message: Message, to subscription: Int) -> Delivery {
        Delivery(
            message: message, connection: 1, subscription: "\(subscription)",
            id: Delivery.ID(subscription: subscription, number: 1), wantsAcknowledgement: false, isRedelivered: false)
    }

    @Test func aMessageForManySubscriptionsCountsOnce() throws {
        var waiting = WaitingDeliveries()
        let (first, second) = (try message("first"), try message("second"))
        for number in 1...3 { waiting.append(delivery(first, to: number)) }
        #expect(waiting.bytes == first.cost + 3 * BrokerLimits.messageOverhead)
        waiting.append(delivery(second, to: 1))
        #expect(waiting.bytes == first.cost + second.cost + 4 * BrokerLimits.messageOverhead)
        #expect((0..<3).map { _ in waiting.popFirst()?.id.subscription } == [1, 2, 3])
        #expect(waiting.bytes == second.cost + BrokerLimits.messageOverhead)
        #expect(waiting.popFirst()?.message === second)
        #expect(waiting.bytes == 0)
        #expect(waiting.isEmpty)
    }
}
