import NIOCore
import STOMPCore
import STOMPTransport

/// The frames for one client that leave together: in one write where the transport carries bytes, in a message each
/// where it carries messages.
struct FrameOutput {
    /// Bytes that are written at once.
    struct Piece {
        var bytes: ByteBuffer
        var kind: TransportMessageKind
    }

    /// Bytes at which it is time to pass them on, before the read that causes them is over.
    private static let full = 256 << 10

    /// The version in whose way frames are written; nil before CONNECTED.
    var version: STOMPVersion?
    /// All bytes that were ever taken.
    private(set) var taken = 0
    private let serverProfile: ServerProfile
    private let keepsMessages: Bool
    private var bytes = ByteBuffer()
    /// The frames in ``bytes``, where each is to be a message.
    private var messages: [(length: Int, kind: TransportMessageKind)] = []
    /// How much was taken the last time: the next time it may be as much.
    private var lastCount = 0

    init(serverProfile: ServerProfile, keepsMessages: Bool) {
        self.serverProfile = serverProfile
        self.keepsMessages = keepsMessages
    }

    var count: Int { bytes.readableBytes }
    var isFull: Bool { count >= Self.full }

    mutating func append(_ delivery: Delivery, encoder: inout MessageEncoder) {
        let start = startFrame()
        encoder.write(delivery, version: version ?? .v10, into: &bytes)
        if keepsMessages { messages.append((count - start, encoder.kind)) }
    }

    mutating func append(_ frame: ServerFrame) {
        let start = startFrame()
        let encoder = FrameEncoder(version: frame.command == .error ? serverProfile.errorVersion ?? version : version)
        bytes.writeString(frame.command.rawValue + "\n")
        // What the version cannot carry goes as text.
        for header in frame.headers { encoder.relayHeader(header.name, header.value, into: &bytes) }
        if frame.command == .error { bytes.writeString("content-length:\(frame.body.utf8.count)\n") }
        bytes.writeString("\n\(frame.body)\(serverProfile.frameEnd)")
        if keepsMessages { messages.append((count - start, .byContent)) }
    }

    /// What was appended when there were ``count`` bytes, and since.
    func bytes(from start: Int) -> ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + start, length: count - start) ?? ByteBuffer()
    }

    /// An end of line: a sign of life (STOMP 1.2, "Heart-beating").
    mutating func appendHeartBeat() {
        let start = startFrame()
        bytes.writeInteger(UInt8(ascii: "\n"))
        if keepsMessages { messages.append((count - start, .byContent)) }
    }

    private mutating func startFrame() -> Int {
        if count == 0 { bytes.reserveCapacity(min(lastCount, Self.full)) }
        return count
    }

    /// What is to be written: all of it at once, or message by message.
    mutating func drain() -> [Piece] {
        lastCount = count
        taken += count
        defer {
            bytes = ByteBuffer()
            messages.removeAll(keepingCapacity: true)
        }
        guard keepsMessages else { return [Piece(bytes: bytes, kind: .byContent)] }
        return messages.compactMap { message in
            bytes.readSlice(length: message.length).map { Piece(bytes: $0, kind: message.kind) }
        }
    }
}

/// Messages that wait for a client that takes nothing for now: not written out, so that one message for many
/// subscriptions takes the memory of one.
struct WaitingDeliveries {
    private var deliveries = CircularBuffer<Delivery>(initialCapacity: 0)
    /// What they cost: ``BrokerLimits/messageOverhead`` for each, and each message once.
    private(set) var bytes = 0

    var isEmpty: Bool { deliveries.isEmpty }

    mutating func append(_ delivery: Delivery) {
        bytes += BrokerLimits.messageOverhead
        if deliveries.last?.message !== delivery.message { bytes += delivery.message.cost }
        deliveries.append(delivery)
    }

    mutating func popFirst() -> Delivery? {
        guard let first = deliveries.popFirst() else { return nil }
        bytes -= BrokerLimits.messageOverhead
        if deliveries.first?.message !== first.message { bytes -= first.message.cost }
        return first
    }
}

/// What goes to the client.
extension BrokerConnection {
    /// Whether it is time to flush, even in the middle of a read.
    var isFull: Bool { output.isFull }

    /// Whether more waits for this client than should.
    var isCongested: Bool {
        !stream.isWritable && !hasEnded && stream.queuedBytes + output.count > limits.backlog
    }

    func deliver(_ delivery: Delivery, encoder: inout MessageEncoder) {
        touch()
        let start = output.count
        output.append(delivery, encoder: &encoder)
        if core.reportsFrames { core.report(id, .frame(.outgoing, output.bytes(from: start))) }
    }

    /// Lets a message wait that the stream would not take. A client for whom too much waits is dropped.
    func postpone(_ delivery: Delivery) {
        guard !isClosing else { return }
        waiting.append(delivery)
        guard waiting.bytes > limits.waitingBytes else { return }
        drop(
            "it reads too slowly: \(waiting.bytes) octets of messages wait for it, and at most "
                + "\(limits.waitingBytes) may")
    }

    func write(_ reply: ServerFrame) {
        touch()
        let start = output.count
        output.append(reply)
        if core.reportsFrames { core.report(id, .frame(.outgoing, output.bytes(from: start))) }
        if output.isFull { flush() }
        if isCongested { core.hold(id, for: id) }
    }

    func touch() {
        if output.count == 0 { core.touch(self) }
    }

    /// Sends what was written.
    func flush() {
        guard output.count > 0 else { return }
        for piece in output.drain() {
            if piece.kind == .binary, stream.description.carriesOnlyText,
                let ending = core.configuration.serverProfile.binaryOverSockJS
            {
                stream.flush()
                if !isClosing { core.report(id, .endedByBinary) }
                return end(ending)
            }
            if piece.kind != kind {
                kind = piece.kind
                stream.request(.messages(as: kind))
            }
            stream.write(piece.bytes, promise: nil)
        }
        stream.flush()
        monitor?.sent(at: .now())
        watchWriting()
    }
}
