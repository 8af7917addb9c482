import NIOCore
import STOMPClient
import STOMPTransport
import StomptapRuntime

/// Sends the messages of one connection, in a task on the connection's event loop.
struct Publisher: Sendable {
    /// The size of one write to the socket, in bytes.
    private static let batchSize = 64 << 10
    /// How many receipts may be pending before it waits for the first of them.
    private static let receiptWindow = 1000
    /// The number of messages in a batch with receipts, where each message is encoded separately.
    private static let receiptBatch = 64
    /// The maximum sleep before checking whether the run is ending.
    private static let longestSleep = TimeAmount.milliseconds(50)
    /// A shorter sleep ends before the event loop has checked its sockets.
    private static let shortestSleep = TimeAmount.microseconds(10)
    /// Without pauses in the schedule, publishers use their event loop for this long; then all rest at the same
    /// time.
    private static let turn = TimeAmount.microseconds(4900)
    private static let rest = TimeAmount.microseconds(100)

    let connection: STOMPConnection
    let eventLoop: any EventLoop
    let plan: BenchPlan
    let run: UInt32
    let number: Int
    /// When sending started.
    let start: Timestamp
    let counters: RunCounters
    /// How late messages were sent, which is a delay of this program.
    let lateness: Shared<Latencies>
    let receipts: Shared<Latencies>
    /// The number of messages sent to each destination, set when sending is finished.
    let sent: Shared<[StreamKey: UInt64]>

    /// Sends until all messages are sent, the run is ending, or the connection fails.
    func publish() async {
        var counts = Array(repeating: UInt64(0), count: plan.destinations.count)
        do {
            if plan.receipts {
                try await sendWithReceipts(&counts)
            } else {
                try await send(&counts)
            }
            if plan.role == .publish { try await announce(counts) }
        } catch {
            counters.failed(error)
        }
        sent.update { sent in
            for (destination, count) in counts.enumerated() { sent[key(destination)] = count }
        }
        counters.publishing.subtract(1, ordering: .relaxed)
    }

    private func key(_ destination: Int) -> StreamKey {
        StreamKey(run: run, publisher: UInt16(number), destination: UInt16(destination))
    }

    private func stamp(_ destination: Int, _ kind: Stamp.Kind, sequence: UInt64 = 0, due: Int64 = 0) -> Stamp {
        Stamp(
            run: run, publisher: UInt16(number), destination: UInt16(destination), kind: kind, sequence: sequence,
            due: due)
    }

    private func message(_ stamp: Stamp) -> OutgoingMessage {
        var message = OutgoingMessage(
            to: plan.destinations[Int(stamp.destination)], body: plan.body, headers: plan.headers)
        switch plan.stampPlace {
        case .body: message.body.setString(stamp.text, at: message.body.readerIndex)
        case .header: message.headers.append(BenchPlan.StampPlace.headerName, stamp.text)
        }
        return message
    }

    // MARK: Without receipts

    /// The frame for a destination, and the offset of the stamp in it.
    private struct Template: Sendable {
        var bytes: ByteBuffer
        var stampOffset: Int
    }

    private func template(_ destination: Int) async throws -> Template {
        let stamp = stamp(destination, .measured)
        let bytes = try await connection.encode(message(stamp))
        // The first match is the stamp: the user's headers cannot contain such text, and the body comes last.
        let offset = bytes.readableBytesView.firstRange(of: stamp.text.utf8)?.lowerBound ?? bytes.readerIndex
        return Template(bytes: bytes, stampOffset: offset - bytes.readerIndex)
    }

    private func send(_ counts: inout [UInt64]) async throws {
        var templates: [Template] = []
        for destination in plan.destinations.indices { templates.append(try await template(destination)) }
        var pacer = plan.pacer(of: number)
        var frames = EncodedFrames()
        var late = Latencies()
        // Publishers start with different destinations.
        var destination = number % templates.count
        defer { lateness.update { $0.add(late) } }
        while !counters.isStopping {
            frames.removeAll()
            let now = Timestamp.now().nanoseconds
            var step = pacer.next(at: now - start.nanoseconds)
            var measured = 0
            while case .send(let kind, let due) = step {
                let template = templates[destination]
                let sequence = kind == .measured ? counts[destination] : 0
                let time = start.nanoseconds + due
                frames.append(template.bytes) { bytes in
                    Stamp.writeVarying(
                        kind, sequence: sequence, due: time,
                        to: UnsafeMutableRawBufferPointer(rebasing: bytes[template.stampOffset...]))
                }
                if kind == .measured {
                    counts[destination] += 1
                    measured += 1
                    if plan.rate != nil { late.record(now - time) }
                }
                destination = destination + 1 == templates.count ? 0 : destination + 1
                if frames.bytes.readableBytes >= Self.batchSize { break }
                step = pacer.next(at: now - start.nanoseconds)
            }
            if !frames.isEmpty { try await send(frames, measured: measured) }
            switch step {
            case .send: try await giveWay()
            case .wait(let until): try await sleep(until: until)
            case .done: return
            }
        }
    }

    private func send(_ frames: EncodedFrames, measured: Int) async throws {
        try await connection.send(frames)
        count(measured)
    }

    private func count(_ measured: Int) {
        guard measured > 0 else { return }
        counters.sent.add(measured, ordering: .relaxed)
        counters.lastSent.max(Timestamp.now().nanoseconds, ordering: .relaxed)
    }

    private func sleep(until due: Int64) async throws {
        let wait = start.nanoseconds + due - Timestamp.now().nanoseconds
        guard wait >= Self.shortestSleep.nanoseconds else { return try await giveWay() }
        try await rest(min(.nanoseconds(wait), Self.longestSleep))
    }

    /// Rests when it is time for all publishers to do so. Without it the event loop would run all tasks that are
    /// due before it checks its sockets again.
    private func giveWay() async throws {
        let period = (Self.turn + Self.rest).nanoseconds
        let passed = Int64(NIODeadline.now().uptimeNanoseconds % UInt64(period))
        if passed >= Self.turn.nanoseconds { try await rest(.nanoseconds(period - passed)) }
    }

    private func rest(_ time: TimeAmount) async throws {
        // The timers of the event loop are more precise than those of tasks.
        try await eventLoop.scheduleTask(in: time) {}.futureResult.get()
    }

    // MARK: With receipts

    private func sendWithReceipts(_ counts: inout [UInt64]) async throws {
        var pacer = plan.pacer(of: number)
        var awaited: CircularBuffer<(receipt: Receipt, due: Int64)> = []
        var destination = number % plan.destinations.count
        var late = Latencies()
        defer { lateness.update { $0.add(late) } }
        while !counters.isStopping {
            let now = Timestamp.now().nanoseconds
            var messages: [OutgoingMessage] = []
            var dues: [Int64] = []
            var measured = 0
            var step = pacer.next(at: now - start.nanoseconds)
            while case .send(let kind, let due) = step {
                let sequence = kind == .measured ? counts[destination] : 0
                var message = message(stamp(destination, kind, sequence: sequence, due: start.nanoseconds + due))
                if kind == .measured {
                    message.wantsReceipt = true
                    dues.append(start.nanoseconds + due)
                    counts[destination] += 1
                    measured += 1
                    if plan.rate != nil { late.record(now - start.nanoseconds - due) }
                }
                messages.append(message)
                destination = (destination + 1) % plan.destinations.count
                if messages.count == Self.receiptBatch { break }
                step = pacer.next(at: now - start.nanoseconds)
            }
            if !messages.isEmpty {
                for (receipt, due) in zip(try await connection.send(messages), dues) { awaited.append((receipt, due)) }
                count(measured)
                counters.receiptsAsked.add(measured, ordering: .relaxed)
            }
            settle(&awaited)
            while awaited.count > Self.receiptWindow, let first = awaited.first {
                try await first.receipt.confirmation()
                settle(&awaited)
            }
            if case .done = step { break }
            if case .wait(let until) = step { try await sleep(until: until) }
        }
        while let first = awaited.first, !counters.isStopping {
            try await first.receipt.confirmation()
            settle(&awaited)
        }
    }

    /// Counts the receipts that have arrived.
    private func settle(_ awaited: inout CircularBuffer<(receipt: Receipt, due: Int64)>) {
        var times: [Int64] = []
        while let first = awaited.first, let time = first.receipt.confirmedAt {
            times.append(time.nanoseconds - first.due)
            awaited.removeFirst()
        }
        guard !times.isEmpty else { return }
        counters.receiptsArrived.add(times.count, ordering: .relaxed)
        receipts.update { latencies in
            for time in times { latencies.record(time) }
        }
    }

    // MARK: Announcing

    /// Announces to subscribers in other processes how many messages were sent.
    private func announce(_ counts: [UInt64]) async throws {
        let now = Timestamp.now().nanoseconds
        try await connection.send(
            counts.enumerated().map { message(stamp($0.offset, .last, sequence: $0.element, due: now)) })
    }
}
