import NIOCore
import NIOEmbedded
import Testing

@testable import STOMPTransport

/// Peers that read nothing, in virtual time.
@Suite struct WriteWatchTests {
    private final class Peer {
        let loop = EmbeddedEventLoop()
        let watch: WriteWatch
        var left: Int? = 0
        var stalls = 0

        init() { watch = WriteWatch(every: .seconds(5), on: loop) }

        func start() { watch.start(left: { self.left }, stalled: { self.stalls += 1 }) }
    }

    @Test func aPeerThatTakesNothingIsGivenUpOnceAfterTheInterval() {
        let peer = Peer()
        peer.start()
        peer.loop.advanceTime(by: .milliseconds(4999))
        #expect(peer.stalls == 0)
        peer.loop.advanceTime(by: .milliseconds(1))
        #expect(peer.stalls == 1)
        peer.loop.advanceTime(by: .seconds(60))
        #expect(peer.stalls == 1)
    }

    @Test func oneThatTakesSomethingInEachIntervalIsNot() {
        let peer = Peer()
        peer.start()
        for second in 1...40 {
            if second.isMultiple(of: 4) { peer.left = second }
            peer.loop.advanceTime(by: .seconds(1))
        }
        #expect(peer.stalls == 0)
        peer.loop.advanceTime(by: .seconds(10))
        #expect(peer.stalls == 1)
    }

    @Test func itEndsWhereNothingWaitsAndMayStartAgain() {
        let peer = Peer()
        peer.start()
        peer.left = nil
        peer.loop.advanceTime(by: .seconds(5))
        peer.start()
        peer.loop.advanceTime(by: .seconds(60))
        #expect(peer.stalls == 0, "nothing waited")
        peer.left = 7
        peer.start()
        peer.loop.advanceTime(by: .seconds(4))
        // It is already running, so the interval does not start again.
        peer.start()
        peer.loop.advanceTime(by: .seconds(1))
        #expect(peer.stalls == 1)
    }

    @Test func whatIsCancelledTellsNothing() {
        let peer = Peer()
        peer.start()
        peer.watch.cancel()
        peer.loop.advanceTime(by: .seconds(60))
        #expect(peer.stalls == 0)
    }
}
