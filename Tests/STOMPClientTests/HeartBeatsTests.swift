import NIOCore
import STOMPCore
import Testing

@testable import STOMPClient

/// Actions for heart-beats, at given times. `HeartBeatMonitorTests` in STOMPCoreTests test when each is due.
@Suite struct HeartBeatsTests {
    private func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
    }

    private func heartBeats(outgoing: Int = 0, incoming: Int = 0) -> HeartBeats {
        HeartBeats(HeartBeat(outgoing: outgoing, incoming: incoming), at: time(0))
    }

    @Test func nothingIsDoneWhereNothingWasPromised() {
        var none = HeartBeats(at: time(0))
        #expect(none.nextCheck == nil)
        #expect(none.incoming == nil)
        #expect(none.outgoing == nil)
        #expect(none.check(at: time(1 << 40), isReading: true, isWritable: true) == .nothing)
        #expect(none.silence(at: time(70)) == .milliseconds(70))
    }

    @Test func oneIsSentWhenNothingElseWas() {
        var own = heartBeats(outgoing: 1000)
        #expect(own.outgoing == .milliseconds(1000))
        #expect(own.nextCheck == time(900))
        #expect(own.check(at: time(899), isReading: true, isWritable: true) == .nothing)
        #expect(own.check(at: time(900), isReading: true, isWritable: true) == .send)
        #expect(own.nextCheck == time(1800))
        own.sent(at: time(1700))
        #expect(own.check(at: time(1800), isReading: true, isWritable: true) == .nothing)
        #expect(own.nextCheck == time(2600))
    }

    /// Queued data will be sent anyway; another line feed after it would add nothing.
    @Test func noneIsSentAfterAFullQueue() {
        var own = heartBeats(outgoing: 1000)
        #expect(own.check(at: time(900), isReading: true, isWritable: false) == .nothing)
        #expect(own.nextCheck == time(1800))
    }

    @Test func aSilentServerEndsTheSession() {
        var theirs = heartBeats(incoming: 1000)
        #expect(theirs.incoming == .milliseconds(1000))
        #expect(theirs.nextCheck == time(3000))
        #expect(theirs.check(at: time(2999), isReading: true, isWritable: true) == .nothing)
        let action = HeartBeats.Action.endSilent(for: .milliseconds(3000), agreed: .milliseconds(1000))
        #expect(theirs.check(at: time(3000), isReading: true, isWritable: true) == action)
    }

    @Test func whatComesIsASignOfLife() {
        var theirs = heartBeats(incoming: 1000)
        theirs.received(at: time(2999))
        #expect(theirs.silence(at: time(3000)) == .milliseconds(1))
        #expect(theirs.check(at: time(3000), isReading: true, isWritable: true) == .nothing)
        #expect(theirs.nextCheck == time(5999))
        let action = HeartBeats.Action.endSilent(for: .milliseconds(3000), agreed: .milliseconds(1000))
        #expect(theirs.check(at: time(5999), isReading: true, isWritable: true) == action)
    }

    @Test func silenceMeansNothingWhileTheSocketIsNotRead() {
        var theirs = heartBeats(incoming: 1000)
        #expect(theirs.check(at: time(3000), isReading: false, isWritable: true) == .nothing)
        // The interval starts again.
        #expect(theirs.nextCheck == time(6000))
        #expect(theirs.check(at: time(5999), isReading: true, isWritable: true) == .nothing)
        #expect(theirs.check(at: time(6000), isReading: true, isWritable: true) != .nothing)
    }

    /// This side sends its heart-beat even while it is not reading.
    @Test func bothMayBeDueAtOnce() {
        var both = heartBeats(outgoing: 1000, incoming: 300)
        #expect(both.nextCheck == time(900))
        #expect(both.check(at: time(900), isReading: false, isWritable: true) == .send)
        var other = heartBeats(outgoing: 1000, incoming: 300)
        let action = HeartBeats.Action.endSilent(for: .milliseconds(900), agreed: .milliseconds(300))
        #expect(other.check(at: time(900), isReading: true, isWritable: true) == action)
    }
}
