import Foundation
import Synchronization
import SystemC
import TestSupport
import Testing

@testable import LineEditor

@Suite struct StreamTests {
    /// Returns what a reader returns for these bytes, written in pieces of at most this size.
    private func events(_ bytes: [UInt8], lineLimit: Int = 100, pieces: Int = .max) async throws -> [LineEvent] {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let reader = try PlainLineReader(descriptor: ends[0], lineLimit: lineLimit)
        let writeEnd = ends[1]
        Thread.detachNewThread {
            var rest = bytes[...]
            while !rest.isEmpty {
                _ = writeAll(Array(rest.prefix(pieces)), to: writeEnd)
                rest = rest.dropFirst(pieces)
            }
            close(writeEnd)
        }
        var events: [LineEvent] = []
        for await event in reader.lines { events.append(event) }
        return events
    }

    @Test(arguments: [1, 2, 3, .max]) func linesComeWholeAndInOrder(pieces: Int) async throws {
        let events = try await events(Array("한글\n\nb\r\nlast".utf8), pieces: pieces)
        #expect(events == [.line("한글"), .line(""), .line("b\r"), .line("last"), .endOfInput])
    }

    @Test func aFileWithNothingInItHasNoLine() async throws {
        #expect(try await events([]) == [.endOfInput])
    }

    @Test func aLineThatIsTooLongEndsTheInput() async throws {
        let events = try await events(Array("ok\n\(String(repeating: "x", count: 101))\nmore\n".utf8))
        #expect(events.count == 2 && events.first == .line("ok"))
        guard case .failure(let error) = events.last else { return #expect(Bool(false), "\(events)") }
        #expect(error == .lineTooLong(line: 2, limit: 100) && "\(error)".contains("line 2"))
    }

    @Test func aLineThatIsNotUTF8EndsTheInput() async throws {
        let events = try await events(Array("ok\n".utf8) + [0xff, 0x0a])
        guard case .failure(let error) = events.last else { return #expect(Bool(false), "\(events)") }
        #expect(error == .invalidUTF8(line: 2) && "\(error)".contains("line 2"))
    }

    @Test func manyLinesAreReadNoFasterThanTheyAreTaken() async throws {
        let lines = (0..<5000).map { "line \($0)" }
        let events = try await events(Array((lines.joined(separator: "\n") + "\n").utf8))
        #expect(events == lines.map { .line($0) } + [.endOfInput])
    }

    @Test func closingEndsTheStreamThatWaits() async throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        let reader = try PlainLineReader(descriptor: ends[0])
        async let waiting = reader.lines.reduce(into: 0) { count, _ in count += 1 }
        reader.close()
        #expect(await waiting == 0)
    }

    @Test func aCancelledReaderReturns() async throws {
        let channel = EventChannel {}
        let task = Task { await channel.next() }
        task.cancel()
        #expect(await task.value == nil)
        channel.send(.line("kept"))
        #expect(await channel.next() == .line("kept"))
    }

    @Test func anInterruptOvertakesTheLinesNotTaken() async {
        let channel = EventChannel {}
        channel.send(.line("a"))
        channel.send(.endOfInput)
        channel.sendInterrupt()
        channel.send(.line("b"))
        channel.finish()
        let events = await LineEvents(channel: channel, sender: channel).reduce(into: []) { $0.append($1) }
        #expect(events == [.endOfInput, .interrupt, .line("b")])
    }

    @Test func theChannelAsksForMoreWhenThereIsRoomAgain() async {
        let asked = Atomic<Int>(0)
        let channel = EventChannel { asked.add(1, ordering: .relaxed) }
        while channel.hasRoom { channel.send(.line("x")) }
        #expect(await channel.next() == .line("x"))
        #expect(channel.hasRoom && asked.load(ordering: .relaxed) == 1)
        channel.send(.line(String(repeating: "y", count: EventChannel.limit.bytes)))
        #expect(!channel.hasRoom)
    }

    @Test func outputKeepsItsOrderAndItsBound() async throws {
        let queue = OutputQueue {}
        let big = [UInt8](repeating: 1, count: OutputQueue.limit)
        #expect(await queue.add(big))
        #expect(queue.offer([2]) == .full)
        async let second = queue.add([2])
        let taken = try await eventually { () -> [UInt8]? in
            let taken = queue.dequeue(1)
            return taken.isEmpty ? nil : taken
        } otherwise: {
            "nothing to take"
        }
        #expect(taken == big)
        #expect(await second)
        #expect(queue.close() == [2])
        #expect(await queue.add([3]) == false)
        #expect(queue.offer([3]) == .closed)
    }
}
