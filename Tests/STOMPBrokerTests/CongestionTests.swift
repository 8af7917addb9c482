import STOMPTransport
import Testing

@testable import STOMPBroker

@Suite struct CongestionTests {
    var congestion = Congestion()

    @Test mutating func aPublisherIsPausedOnceAndResumesWhenNothingHoldsIt() {
        #expect(congestion.hold(1, for: 2) == true)
        #expect(congestion.hold(1, for: 2) == false)
        #expect(congestion.hold(1, for: 3) == false)
        #expect(congestion.release(2) == [])
        #expect(congestion.release(3) == [1])
        #expect(congestion.release(3) == [])
        #expect(congestion.hold(1, for: 2) == true)
    }

    @Test mutating func aReceiverReleasesAllThatWaitForIt() {
        #expect(congestion.hold(5, for: 2) == true)
        #expect(congestion.hold(1, for: 2) == true)
        #expect(congestion.hold(2, for: 2) == true)
        #expect(congestion.release(2) == [1, 2, 5])
    }

    @Test mutating func whoIsGoneWaitsNoMore() {
        #expect(congestion.hold(1, for: 2) == true)
        congestion.forget(1)
        #expect(congestion.release(2) == [])
        #expect(congestion.hold(1, for: 2) == true)
    }
}

@Suite struct ClockTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_827_696, "2000-02-29T12:34:56Z"), (1_795_237_402, "2026-11-21T05:03:22Z"),
        ] as [(Int64, String)])
    func theTimeIsISO8601(_ seconds: Int64, _ text: String) {
        #expect(iso8601(Timestamp(nanoseconds: seconds * 1_000_000_000 + 999)) == text)
    }

    @Test func aTickIsJSON() throws {
        let message = try Message.clock(tick: 7, time: Timestamp(nanoseconds: 0))
        #expect(message.destination == "/topic/clock")
        #expect(message.frame.headers["content-type"] == "application/json")
        #expect(String(buffer: message.frame.body) == #"{"time":"1970-01-01T00:00:00Z","tick":7}"#)
    }
}
