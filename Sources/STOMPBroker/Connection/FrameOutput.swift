import NIOCore
import STOMPCore

/// The frames for one client that leave together: in one write where the transport carries octets, in a message each
/// where it carries messages.
struct FrameOutput {
    /// Octets at which it is time to pass them on, before the read that causes them is over.
    private static let full = 256 << 10

    /// The version of the session; nil before CONNECTED.
    var version: STOMPVersion?
    /// All octets that were ever taken.
    private(set) var taken = 0
    private let keepsMessages: Bool
    private var octets = ByteBuffer()
    /// How long the frames are, where each is to be a message.
    private var lengths: [Int] = []
    /// How much was taken the last time: the next time it may be as much.
    private var lastCount = 0

    init(keepsMessages: Bool) {
        self.keepsMessages = keepsMessages
    }

    var count: Int { octets.readableBytes }
    var isFull: Bool { count >= Self.full }

    mutating func append(_ delivery: Delivery, encoder: inout MessageEncoder) {
        append { [version] octets in encoder.write(delivery, version: version ?? .v10, into: &octets) }
    }

    mutating func append(_ frame: ServerFrame) {
        append { [version] octets in frame.write(version: version, into: &octets) }
    }

    /// An end of line: a sign of life (STOMP 1.2, "Heart-beating").
    mutating func appendHeartBeat() {
        append { $0.writeInteger(UInt8(ascii: "\n")) }
    }

    private mutating func append(_ write: (inout ByteBuffer) -> Void) {
        if count == 0 { octets.reserveCapacity(min(lastCount, Self.full)) }
        let before = count
        write(&octets)
        if keepsMessages { lengths.append(count - before) }
    }

    /// What is to be written: all of it at once, or message by message.
    mutating func take() -> [ByteBuffer] {
        lastCount = count
        taken += count
        defer {
            octets = ByteBuffer()
            lengths.removeAll(keepingCapacity: true)
        }
        return keepsMessages ? lengths.compactMap { octets.readSlice(length: $0) } : [octets]
    }
}

extension ServerFrame {
    /// Appends the frame; what the version cannot carry goes as text (see `relayHeader`).
    func write(version: STOMPVersion?, into octets: inout ByteBuffer) {
        let encoder = FrameEncoder(version: version)
        octets.writeString(command.rawValue + "\n")
        for header in headers { encoder.relayHeader(header.name, header.value, into: &octets) }
        if command == .error { octets.writeString("content-length:\(body.utf8.count)\n") }
        octets.writeString("\n\(body)\0")
    }
}
