import NIOCore
import STOMPBroker
import STOMPCore
import Testing

/// A client that reads nothing slows down its publishers and is finally disconnected; memory stays bounded.
@Suite struct BackPressureTests {
    private static let body = String(repeating: "x", count: 10_000)

    /// Sends messages until `isDone`. Without it, sends until the broker has read at least 1 MiB and then nothing
    /// for a second. Returns the number of bytes sent.
    private func flood(
        _ publisher: ScriptedClient, _ destination: String, until isDone: (() -> Bool)? = nil
    ) async throws -> Int {
        let deadline = NIODeadline.now() + .seconds(60)
        let batch = String(repeating: "SEND\ndestination:\(destination)\n\n\(Self.body)\0", count: 10)
        let stream = publisher.stream
        var sent = 0
        var idle = 0
        while isDone.map({ !$0() }) ?? ((idle < 200 || sent < 1 << 20) && sent < 200 << 20), .now() < deadline {
            let isWritable = try await stream.eventLoop.submit {
                guard stream.isWritable else { return false }
                stream.write(ByteBuffer(string: batch), promise: nil)
                stream.flush()
                return true
            }.get()
            sent += isWritable ? batch.utf8.count : 0
            idle = isWritable ? 0 : idle + 1
            if !isWritable { try await Task.sleep(for: .milliseconds(5)) }
        }
        return sent
    }

    @Test(arguments: Way.allCases, ["/topic/x", "/queue/x"])
    func aFrozenSubscriberHoldsUpItsPublisher(_ way: Way, _ destination: String) async throws {
        try await withBroker(way, { $0.limits.backlog = 1 << 20 }) { address, _ in
            let frozen = try await ScriptedClient.connected(to: address)
            try await frozen.send("SUBSCRIBE\nid:a\ndestination:\(destination)\nreceipt:r\n\n\0")
            _ = try await frozen.next()
            let publisher = try await ScriptedClient.connected(to: address)
            let bystander = try await ScriptedClient.connected(to: address)
            try await frozen.setReading(false)
            let sent = try await flood(publisher, destination)
            #expect((1 << 20..<100 << 20).contains(sent), "the broker and the system's buffers took \(sent) octets")

            // Other clients are not blocked.
            try await bystander.send("SEND\ndestination:/topic/y\nreceipt:r\n\n\0")
            #expect(try await bystander.next() == "RECEIPT\nreceipt-id:r\n\n")

            // No message is lost, and the publisher continues.
            try await frozen.setReading(true)
            try await publisher.send("SEND\ndestination:/queue/z\nreceipt:r\n\n\0")
            #expect(try await publisher.next() == "RECEIPT\nreceipt-id:r\n\n")
            let messages = sent / ("SEND\ndestination:\(destination)\n\n\(Self.body)\0".utf8.count)
            let bodies = try await frozen.bodies(messages)
            #expect(bodies.allSatisfy { $0 == Self.body })
        }
    }

    @Test func aSubscriberThatReadsNothingIsDropped() async throws {
        try await withBroker(
            .tcp,
            {
                $0.limits.backlog = 1 << 20
                $0.limits.sendTimeout = .milliseconds(500)
            }
        ) { address, events in
            let frozen = try await ScriptedClient.connected(to: address)
            try await frozen.send("SUBSCRIBE\nid:a\ndestination:/topic/x\nreceipt:r\n\n\0")
            _ = try await frozen.next()
            let publisher = try await ScriptedClient.connected(to: address)
            try await frozen.setReading(false)
            func isDropped() -> Bool {
                events.all.contains { if case .dropped(let why) = $0.kind { why.contains("500 ms") } else { false } }
            }
            _ = try await flood(publisher, "/topic/x", until: isDropped)
            #expect(isDropped())
            try await publisher.send("SEND\ndestination:/topic/y\nreceipt:r\n\n\0")
            #expect(try await publisher.next() == "RECEIPT\nreceipt-id:r\n\n")
        }
    }

    @Test func whatCameBeforeTheEndStillCounts() async throws {
        try await withBroker(.tcp, { $0.limits.backlog = 1 << 20 }) { address, _ in
            let frozen = try await ScriptedClient.connected(to: address)
            try await frozen.send("SUBSCRIBE\nid:a\ndestination:/topic/x\nreceipt:r\n\n\0")
            _ = try await frozen.next()
            let watcher = try await ScriptedClient.connected(to: address)
            try await watcher.send("SUBSCRIBE\nid:a\ndestination:/topic/last\nreceipt:r\n\n\0")
            _ = try await watcher.next()
            let publisher = try await ScriptedClient.connected(to: address)
            try await frozen.setReading(false)
            _ = try await flood(publisher, "/topic/x")
            try await publisher.send("SEND\ndestination:/topic/last\n\nlast words\0DISCONNECT\n\n\0")
            try await publisher.stream.eventLoop.submit { publisher.stream.close() }.get()
            try await frozen.setReading(true)
            #expect(try await watcher.bodies(1) == ["last words"])
        }
    }

    @Test func aClientThatReadsNoReceiptsIsHeldUpItself() async throws {
        try await withBroker(.tcp, { $0.limits.backlog = 1 << 20 }) { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.setReading(false)
            let batch = String(repeating: "SEND\ndestination:/topic/x\nreceipt:\(Self.body)\n\n\0", count: 10)
            let stream = client.stream
            var sent = 0
            while try await stream.eventLoop.submit({
                stream.write(ByteBuffer(string: batch), promise: nil)
                stream.flush()
                return stream.queuedBytes
            }).get() < 8 << 20 {
                sent += 10
                try #require(sent < 50_000, "the broker takes it all")
            }
            try await client.setReading(true)
            try await client.wait { $0.frames.count >= sent }
        }
    }
}
