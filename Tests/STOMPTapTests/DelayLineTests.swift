import NIOCore
import Testing

@testable import STOMPTap

@Suite struct DelayLineTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private static func line(_ shape: (inout TapFaults) -> Void) -> DelayLine<Int> {
        var faults = TapFaults()
        shape(&faults)
        return DelayLine(faults)
    }

    @Test func nothingWaitsWithoutFaults() {
        var line = Self.line { _ in }
        line.append(1, size: 1000, at: Self.start)
        #expect(line.next(at: Self.start) == 1)
        #expect(line.next(at: Self.start) == nil)
        #expect(line.portion == nil)
    }

    @Test func everythingWaitsForTheDelay() {
        var line = Self.line { $0.delay = .milliseconds(200) }
        line.append(1, size: 10, at: Self.start)
        line.append(2, size: 5, at: Self.start + .milliseconds(50))
        #expect(line.size == 15)
        #expect(line.next(at: Self.start + .milliseconds(199)) == nil)
        #expect(line.due == Self.start + .milliseconds(200))
        #expect(line.next(at: Self.start + .milliseconds(200)) == 1)
        #expect(line.next(at: Self.start + .milliseconds(249)) == nil)
        #expect(line.next(at: Self.start + .milliseconds(250)) == 2)
        #expect(line.size == 0 && line.count == 0)
    }

    @Test func jitterStaysInItsBoundsAndNothingOvertakes() {
        var line = Self.line {
            $0.delay = .milliseconds(10)
            $0.jitter = .milliseconds(100)
        }
        var previous = Self.start
        var waits: Set<Int64> = []
        for number in 0..<1000 {
            let now = Self.start + .milliseconds(Int64(number))
            line.append(number, size: 1, at: now)
        }
        for number in 0..<1000 {
            guard let due = line.due else { break }
            let wait = due - (Self.start + .milliseconds(Int64(number)))
            #expect(wait >= .milliseconds(10))
            // An earlier element with full jitter may delay this one, but never beyond delay plus jitter.
            #expect(wait <= .milliseconds(110))
            #expect(due >= previous)
            previous = due
            waits.insert(wait.nanoseconds)
            #expect(line.next(at: due) == number)
        }
        #expect(waits.count > 50)
    }

    @Test func theRateIsKept() {
        #expect(Self.line { $0.rate = 100_000 }.portion == 5000)
        var line = Self.line { $0.rate = 1000 }
        #expect(line.portion == 64)
        for number in 0..<10 { line.append(number, size: 100, at: Self.start) }
        var passed = 0
        for tenth in 1...10 {
            let now = Self.start + .milliseconds(Int64(tenth) * 100)
            while line.next(at: now) != nil { passed += 1 }
            #expect(passed == tenth)
        }
        // After an idle time the rate limit starts fresh, with neither debt nor credit.
        let later = Self.start + .seconds(60)
        line.append(11, size: 500, at: later)
        #expect(line.due == later + .milliseconds(500))
    }

    /// Each part uses more memory than its bytes.
    @Test func aLaneIsFullOfManySmallParts() {
        var faults = TapFaults()
        faults.delay = .hours(1)
        var lane = RelayLane(faults)
        var count = 0
        while lane.hasRoom, count < 100_000 {
            lane.append(.bytes(ByteBuffer(string: "x")), at: Self.start)
            count += 1
        }
        #expect((100..<10_000).contains(count))
    }

    @Test func partsAreCutIntoPieces() {
        let pieces = RelayPart.bytes(ByteBuffer(string: "abcdefgh")).pieces(of: 3)
        let texts = pieces.map { if case .bytes(let bytes) = $0 { String(buffer: bytes) } else { "" } }
        #expect(texts == ["abc", "def", "gh"])
        #expect(RelayPart.inputClosed.pieces(of: 3).count == 1)
    }
}
