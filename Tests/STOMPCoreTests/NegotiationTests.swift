import NIOCore
import Testing

@testable import STOMPCore

/// Versions and heart-beats: what both sides agree on.
@Suite struct NegotiationTests {
    @Test(arguments: [
        (nil, [STOMPVersion.v10, .v11, .v12], STOMPVersion?.some(.v10)),
        (nil, [.v11, .v12], nil),
        ("1.2", [.v10, .v11, .v12], .v12),
        ("1.0,1.1,1.2", [.v10, .v11, .v12], .v12),
        ("1.2,1.1,1.0", [.v12, .v10], .v12),
        ("1.0,1.1,2.0", [.v10, .v11, .v12], .v11),
        ("1.0, 1.1", [.v10, .v11, .v12], .v11),
        ("1.0,1.2", [.v11, .v10], .v10),
        ("1.0", [.v11, .v12], nil),
        ("2.0", [.v10, .v11, .v12], nil),
        ("", [.v10, .v11, .v12], nil),
        (",", [.v10, .v11, .v12], nil),
        ("1", [.v10, .v11, .v12], nil),
        ("1.20", [.v10, .v11, .v12], nil),
        ("11.2", [.v10, .v11, .v12], nil),
        ("1.0;1.1", [.v10, .v11, .v12], nil),
        ("1.1", [], nil),
    ])
    func theHighestCommonVersionIsAgreedOn(offered: String?, supported: [STOMPVersion], agreed: STOMPVersion?) {
        #expect(STOMPVersion.negotiate(offered: offered, supported: supported) == agreed)
    }

    @Test func versionsHaveTheirOrder() {
        #expect(STOMPVersion.allCases.map(\.rawValue) == ["1.0", "1.1", "1.2"])
        #expect(STOMPVersion.v10 < .v11 && STOMPVersion.v11 < .v12 && STOMPVersion.v10 < .v12)
        #expect(!(STOMPVersion.v12 < .v12) && !(STOMPVersion.v12 < .v10))
        #expect([STOMPVersion.v12, .v10, .v11].sorted() == [.v10, .v11, .v12])
    }

    @Test(arguments: [
        (nil, 0, 0), ("0,0", 0, 0), ("10000,20000", 10_000, 20_000), ("0,5", 0, 5), ("007,0", 7, 0), (" 1, 2", 1, 2),
        ("2147483647,2147483648", 2_147_483_647, 2_147_483_647),
        ("9223372036854775808,99999999999999999999999", 2_147_483_647, 2_147_483_647),
    ])
    func readsAHeartBeatHeader(header: String?, outgoing: Int, incoming: Int) throws {
        let heartBeat = try HeartBeat(header: header)
        #expect(heartBeat.outgoing == outgoing)
        #expect(heartBeat.incoming == incoming)
    }

    @Test(arguments: [
        "", ",", "1", "1,", ",1", "1,2,3", "-1,0", "+1,0", "a,b", "1.5,0", "1;2", "0x1,1", "１,1", "1 ,2\n",
    ])
    func refusesAMalformedHeartBeatHeader(header: String) {
        let error = #expect(throws: STOMPProtocolError.self) { try HeartBeat(header: header) }
        #expect(error?.code == .malformedHeartBeat)
    }

    @Test func writesWhatItReads() {
        #expect(HeartBeat(outgoing: 10_000, incoming: 0).description == "10000,0")
        #expect(HeartBeat(outgoing: -1, incoming: .min) == .none)
        #expect(HeartBeat(outgoing: Int.max, incoming: 1).description == "2147483647,1")
    }

    @Test(arguments: [
        (Duration.seconds(10), 10_000), (.zero, 0), (.milliseconds(-1), 0), (.seconds(Int64.min), 0),
        (.nanoseconds(1), 1), (.microseconds(1500), 2), (.seconds(Int64.max), Int(Int32.max)),
    ])
    func durationsBecomeWholeMilliseconds(duration: Duration, milliseconds: Int) {
        #expect(HeartBeat(outgoing: duration, incoming: .zero) == HeartBeat(outgoing: milliseconds, incoming: 0))
    }

    /// STOMP 1.2, "Heart-beating": no heart-beats in a direction that one side cannot send or does not want,
    /// otherwise the longer interval.
    @Test(arguments: [
        ((0, 0), (0, 0), (0, 0)), ((10, 20), (0, 0), (0, 0)), ((0, 0), (10, 20), (0, 0)),
        ((10, 20), (30, 40), (40, 30)), ((10, 20), (5, 6), (10, 20)), ((10, 0), (30, 40), (40, 0)),
        ((0, 20), (30, 40), (0, 30)), ((10, 20), (0, 40), (40, 0)), ((10, 20), (30, 0), (0, 30)),
    ])
    func agreesOnTheLongerInterval(mine: (Int, Int), peer: (Int, Int), agreed: (Int, Int)) {
        let one = HeartBeat(outgoing: mine.0, incoming: mine.1)
        let other = HeartBeat(outgoing: peer.0, incoming: peer.1)
        #expect(one.negotiated(with: other) == HeartBeat(outgoing: agreed.0, incoming: agreed.1))
        // The other side computes the same result with the directions swapped.
        #expect(other.negotiated(with: one) == HeartBeat(outgoing: agreed.1, incoming: agreed.0))
    }
}

/// When to send a heart-beat, and when a peer counts as silent, at given times.
@Suite struct HeartBeatMonitorTests {
    private func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
    }

    @Test func sendsBeforeThePromisedIntervalIsOver() {
        var monitor = HeartBeatMonitor(HeartBeat(outgoing: 1000, incoming: 0), now: time(0))
        #expect(monitor.nextCheck == time(900))
        #expect(monitor.due(at: time(899)) == .init(send: false, peerIsSilent: false))
        #expect(monitor.due(at: time(900)) == .init(send: true, peerIsSilent: false))
        #expect(monitor.due(at: time(999_999)) == .init(send: true, peerIsSilent: false))
        monitor.sent(at: time(950))
        #expect(monitor.nextCheck == time(1850))
        #expect(monitor.due(at: time(1849)).send == false)
        #expect(monitor.due(at: time(1850)).send)
        // Received data does not count as sent data.
        monitor.received(at: time(1850))
        #expect(monitor.due(at: time(1850)).send)
    }

    @Test func givesASilentPeerThreeIntervals() {
        var monitor = HeartBeatMonitor(HeartBeat(outgoing: 0, incoming: 1000), now: time(0))
        #expect(monitor.nextCheck == time(3000))
        #expect(monitor.due(at: time(2999)) == .init(send: false, peerIsSilent: false))
        #expect(monitor.due(at: time(3000)) == .init(send: false, peerIsSilent: true))
        #expect(monitor.silence(at: time(2500)) == .milliseconds(2500))
        monitor.received(at: time(2999))
        #expect(monitor.nextCheck == time(5999))
        #expect(monitor.silence(at: time(3000)) == .milliseconds(1))
        #expect(!monitor.due(at: time(5998)).peerIsSilent)
        #expect(monitor.due(at: time(5999)).peerIsSilent)
        monitor.sent(at: time(5999))
        #expect(monitor.due(at: time(5999)).peerIsSilent)
    }

    @Test func checksWhatComesFirst() {
        var monitor = HeartBeatMonitor(HeartBeat(outgoing: 10_000, incoming: 1000), now: time(0))
        #expect(monitor.nextCheck == time(3000))
        monitor.received(at: time(7000))
        #expect(monitor.nextCheck == time(9000))
        #expect(monitor.due(at: time(10_000)) == .init(send: true, peerIsSilent: true))
    }

    @Test func hasNothingToDoWhereNothingWasPromised() {
        let monitor = HeartBeatMonitor(.none, now: time(0))
        #expect(monitor.nextCheck == nil)
        #expect(monitor.due(at: time(1 << 40)) == .init(send: false, peerIsSilent: false))
    }

    @Test func countsTheLongestIntervals() {
        let monitor = HeartBeatMonitor(HeartBeat(outgoing: .max, incoming: .max), now: time(0))
        #expect(monitor.nextCheck == time(Int64(Int32.max) * 9 / 10) + .microseconds(300))
    }
}
