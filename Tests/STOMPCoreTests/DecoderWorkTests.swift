import NIOCore
import SystemC
import Testing

@testable import STOMPCore

/// The decoder's work is linear in its input: 4 times the bytes take about 4 times as long. Code that searches or
/// copies everything again for each piece would take 16 times as long.
@Suite struct DecoderWorkTests {
    /// What the stream consists of. It grows with the number of pieces.
    enum Growth: CaseIterable {
        case body, bodyOfKnownLength, headerLine, headers, frames

        func stream(_ count: Int) -> [String] {
            let xs = Array(repeating: String(repeating: "x", count: 64), count: count)
            let headers = Array(repeating: "a:" + String(repeating: "x", count: 61) + "\n", count: count)
            return switch self {
            case .body: ["SEND\n\n"] + xs
            case .bodyOfKnownLength: ["SEND\ncontent-length:\(64 * count)\n\n"] + xs
            case .headerLine: ["SEND\na:"] + xs
            case .headers: ["SEND\n"] + headers
            case .frames: (0..<(count / 64)).flatMap { _ in ["SEND\n\n"] + xs.prefix(62) + ["\0\n"] }
            }
        }
    }

    @Test(arguments: Growth.allCases, Feeding.allCases)
    func growsInProportion(growth: Growth, feeding: Feeding) {
        let limits = FrameLimits(line: .max, headers: .max, frame: .max)
        func cost(_ count: Int) -> Double {
            let pieces = growth.stream(count).map { ByteBuffer(string: $0) }
            // CPU time of this thread, so that other processes do not count.
            let start = threadSeconds()
            var decoder = FrameDecoder(version: .v12, limits: limits)
            var frames = 0
            for piece in pieces {
                decoder.feed(piece)
                while feeding == .draining, (try? decoder.next()) != nil { frames += 1 }
            }
            while (try? decoder.next()) != nil { frames += 1 }
            let end = threadSeconds()
            #expect(decoder.bufferedBytes > 64 * count || frames >= count / 64)
            return end - start
        }
        var (once, fourTimes) = (cost(1 << 13), cost(1 << 15))
        // A disturbed measurement is repeated; a correct one gives the same result again.
        for _ in 0..<3 where fourTimes >= 8 * once {
            (once, fourTimes) = (min(once, cost(1 << 13)), min(fourTimes, cost(1 << 15)))
        }
        #expect(fourTimes < 8 * once, "\(once) s, and \(fourTimes) s for four times as much")
    }

    private func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
