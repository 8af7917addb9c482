import NIOCore
import STOMPCore
import STOMPTransport

/// Frames for one client that are sent together: in one write over a byte stream, or in one message each over
/// a message transport.
struct FrameOutput {
    /// Bytes for a single write.
    struct Piece {
        var bytes: ByteBuffer
        var kind: TransportMessageKind
    }

    /// The size in bytes at which the buffer is flushed before the end of the read.
    private static let full = 256 << 10

    /// The version that frames are encoded for; nil before CONNECTED.
    var version: STOMPVersion?
    /// The total number of bytes drained.
    private(set) var taken = 0
    private let serverProfile: ServerProfile
    private let keepsMessages: Bool
    private var bytes = ByteBuffer()
    /// The frames in ``bytes``, if each is sent as a message.
    private var messages: [(length: Int, kind: TransportMessageKind)] = []
    /// The size of the last drain, used as the capacity of the next buffer.
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
        // A byte that the version cannot encode is written as text.
        for header in frame.headers { encoder.relayHeader(header.name, header.value, into: &bytes) }
        if frame.command == .error { bytes.writeString("content-length:\(frame.body.utf8.count)\n") }
        bytes.writeString("\n\(frame.body)\(serverProfile.frameEnd)")
        if keepsMessages { messages.append((count - start, .byContent)) }
    }

    /// The bytes appended since ``count`` was `start`.
    func bytes(from start: Int) -> ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + start, length: count - start) ?? ByteBuffer()
    }

    /// Appends a line end as heart-beat (STOMP 1.2, "Heart-beating").
    mutating func appendHeartBeat() {
        let start = startFrame()
        bytes.writeInteger(UInt8(ascii: "\n"))
        if keepsMessages { messages.append((count - start, .byContent)) }
    }

    private mutating func startFrame() -> Int {
        if count == 0 { bytes.reserveCapacity(min(lastCount, Self.full)) }
        return count
    }

    /// Returns and removes the buffered bytes: all at once, or message by message.
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

/// Messages that wait because a client does not read. They are not encoded, so a message for many subscriptions
/// needs memory only once.
struct WaitingDeliveries {
    private var deliveries = CircularBuffer<Delivery>(initialCapacity: 0)
    /// Their cost in bytes: ``BrokerLimits/messageOverhead`` for each, and each message once.
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

/// Sending to the client.
extension BrokerConnection {
    /// Whether to flush even before the end of a read.
    var isFull: Bool { output.isFull }

    /// Whether more bytes are queued for this client than ``BrokerLimits/backlog``.
    var isCongested: Bool {
        !stream.isWritable && !hasEnded && stream.queuedBytes + output.count > limits.backlog
    }

    func deliver(_ delivery: Delivery, encoder: inout MessageEncoder) {
        touch()
        let start = output.count
        output.append(delivery, encoder: &encoder)
        if core.reportsFrames { core.report(id, .frame(.outgoing, output.bytes(from: start))) }
    }

    /// Queues a message while the stream is not writable. Drops the client if too much is queued for it.
    func postpone(_ delivery: Delivery) {
        guard !isClosing else { return }
        waiting.append(delivery)
        guard waiting.bytes > limits.waitingBytes else { return }
        drop(
            "the client reads too slowly: \(waiting.bytes) bytes of messages are waiting; the limit is "
                + "\(limits.waitingBytes)")
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

    /// Sends the buffered bytes.
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
