import NIOCore

/// Captures connections in the PCAP format of libpcap, for Wireshark and similar tools. Captures contain the bytes
/// above TLS, in plain text.
public enum PacketCapture {
    /// The header of a capture file: version 2.4, microseconds, no packet size limit, link type 0 (BSD loopback).
    /// It is in this machine's byte order, as libpcap writes it.
    public static var fileHeader: ByteBuffer {
        var header = ByteBuffer()
        header.writeInteger(0xA1B2_C3D4, endianness: .host, as: UInt32.self)
        header.writeMultipleIntegers(2, 4, endianness: .host, as: (UInt16, UInt16).self)
        header.writeMultipleIntegers(0, 0, .max, 0, endianness: .host, as: (UInt32, UInt32, UInt32, UInt32).self)
        return header
    }

    /// Captures the bytes that pass this point of an open channel's pipeline, as synthetic TCP packets. The
    /// capture starts with the first bytes, without a TCP handshake.
    static func add(to channel: any Channel, _ capture: @escaping @Sendable (ByteBuffer) -> Void) throws {
        let packets = CapturedConnection(local: channel.localAddress, remote: channel.remoteAddress)
        try channel.pipeline.syncOperations.addHandler(CaptureHandler(packets, capture))
    }

    private final class CaptureHandler: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer

        private var packets: CapturedConnection
        private let capture: (ByteBuffer) -> Void
        /// The side that closed first.
        private var closer: CapturedConnection.Side?

        init(_ packets: CapturedConnection, _ capture: @escaping (ByteBuffer) -> Void) {
            self.packets = packets
            self.capture = capture
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            record(Self.unwrapInboundIn(data), from: .remote)
            context.fireChannelRead(data)
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            record(Self.unwrapOutboundIn(data), from: .local)
            context.write(data, promise: promise)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(.inputClosed) = event as? ChannelEvent { closer = closer ?? .remote }
            context.fireUserInboundEventTriggered(event)
        }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            closer = closer ?? .local
            context.close(mode: mode, promise: promise)
        }

        func channelInactive(context: ChannelHandlerContext) {
            capture(packets.end(by: closer ?? .remote, at: .now()))
            context.fireChannelInactive()
        }

        private func record(_ bytes: ByteBuffer, from side: CapturedConnection.Side) {
            guard bytes.readableBytes > 0 else { return }
            capture(packets.data(bytes, from: side, at: .now()))
        }
    }
}

/// One connection as records of a PCAP file: the bytes that were sent, with synthetic IP and TCP headers that have
/// correct lengths and sequence numbers. Checksums are not computed.
struct CapturedConnection {
    enum Side { case local, remote }

    private enum Flags {
        static let fin: UInt16 = 1
        static let ack: UInt16 = 1 << 4
    }

    private struct End {
        var address: [UInt8]
        var port: UInt16
        /// The sequence number of its next byte, which wraps after 4 GiB as in TCP.
        var sequence: UInt32 = 0
    }

    /// The maximum payload of a packet, in bytes: the length in an IPv4 header includes two headers of 20 bytes.
    static let largestPayload = Int(UInt16.max) - 40

    private var local: End
    private var remote: End

    /// Uses made-up addresses if the two are not of the same family, or not IP addresses, such as those of local
    /// sockets.
    init(local: SocketAddress?, remote: SocketAddress?) {
        if let source = local?.ipBytes, let destination = remote?.ipBytes, source.count == destination.count {
            self.local = End(address: source, port: UInt16(truncatingIfNeeded: local?.port ?? 0))
            self.remote = End(address: destination, port: UInt16(truncatingIfNeeded: remote?.port ?? 0))
        } else {
            self.local = End(address: [111, 111, 111, 111], port: 1111)
            self.remote = End(address: [222, 222, 222, 222], port: 2222)
        }
    }

    /// Returns the packets that carry `bytes`.
    mutating func data(_ bytes: ByteBuffer, from side: Side, at time: Timestamp) -> ByteBuffer {
        var (bytes, records) = (bytes, ByteBuffer())
        while let payload = bytes.readSlice(length: min(bytes.readableBytes, Self.largestPayload)),
            payload.readableBytes > 0
        {
            write(from: side, flags: 0, payload: payload, at: time, to: &records)
            advance(side, by: UInt32(payload.readableBytes))
        }
        return records
    }

    /// Returns the packets that close the connection: FIN, FIN with ACK, and ACK.
    mutating func end(by closer: Side, at time: Timestamp) -> ByteBuffer {
        var records = ByteBuffer()
        let other: Side = closer == .local ? .remote : .local
        write(from: closer, flags: Flags.fin, at: time, to: &records)
        advance(closer, by: 1)
        write(from: other, flags: Flags.fin | Flags.ack, at: time, to: &records)
        advance(other, by: 1)
        write(from: closer, flags: Flags.ack, at: time, to: &records)
        return records
    }

    private mutating func advance(_ side: Side, by count: UInt32) {
        switch side {
        case .local: local.sequence &+= count
        case .remote: remote.sequence &+= count
        }
    }

    private func write(
        from side: Side, flags: UInt16, payload: ByteBuffer = ByteBuffer(), at time: Timestamp,
        to records: inout ByteBuffer
    ) {
        let (source, destination) = side == .local ? (local, remote) : (remote, local)
        let tcpLength = 20 + payload.readableBytes
        let isIPv4 = source.address.count == 4
        // The header of the record; its lengths cover the packet and the 4-byte loopback header before it.
        let length = UInt32(4 + (isIPv4 ? 20 : 40) + tcpLength)
        let seconds = UInt32(truncatingIfNeeded: time.nanoseconds / 1_000_000_000)
        let microseconds = UInt32(truncatingIfNeeded: time.nanoseconds / 1000 % 1_000_000)
        records.writeMultipleIntegers(
            seconds, microseconds, length, length, isIPv4 ? 2 : 24, endianness: .host,
            as: (UInt32, UInt32, UInt32, UInt32, UInt32).self)
        if isIPv4 {
            // Version and header length, no service class, length, identification, "do not fragment", TTL, TCP, checksum.
            records.write(words: [0x4500, UInt16(20 + tcpLength), 0, 0x4000, 0xFF06, 0])
        } else {
            // Version, traffic class and flow label, length, TCP, hop limit.
            records.write(words: [0x6000, 0, UInt16(tcpLength), 0x06FF])
        }
        records.writeBytes(source.address)
        records.writeBytes(destination.address)
        let acknowledgement = flags & Flags.ack == 0 ? 0 : destination.sequence
        records.writeMultipleIntegers(source.port, destination.port, source.sequence, acknowledgement)
        // Header length of five 32-bit words and flags, window, a placeholder checksum, urgent pointer.
        records.write(words: [5 << 12 | flags, .max, 0x0BAD, 0])
        records.writeImmutableBuffer(payload)
    }
}

extension ByteBuffer {
    /// Writes the words in network byte order.
    fileprivate mutating func write(words: [UInt16]) {
        for word in words { writeInteger(word) }
    }
}
