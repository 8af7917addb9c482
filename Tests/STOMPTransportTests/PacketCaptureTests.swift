import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing

@testable import STOMPTransport

/// The bytes of a capture file, as Wireshark reads them.
@Suite struct PacketCaptureTests {
    private static let time = Timestamp(nanoseconds: 0x1234_5678 * 1_000_000_000 + 42_999)
    private static let ipv4 = (ip("127.0.0.1", 40000), ip("10.1.2.3", 61613))
    private static let ipv6 = (ip("fe80::1", 40000), ip("::1", 443))

    private static func ip(_ address: String, _ port: Int) -> SocketAddress? {
        try? SocketAddress(ipAddress: address, port: port)
    }

    private struct Packet: Equatable {
        var source: [UInt8]
        var destination: [UInt8]
        var ports: [UInt16]
        var sequence: UInt32
        var acknowledgement: UInt32
        var flags: UInt16
        var payload: ByteBuffer
    }

    /// The packets of a file without its header; every length field is checked.
    private static func packets(_ records: ByteBuffer) throws -> [Packet] {
        var records = records
        var packets: [Packet] = []
        func need<Value>(_ value: Value?) throws -> Value { try #require(value) }
        while records.readableBytes > 0 {
            _ = try need(records.readBytes(length: 8))
            let lengths = try need(records.readMultipleIntegers(endianness: .host, as: (UInt32, UInt32).self))
            #expect(lengths.0 == lengths.1)
            var packet = try need(records.readSlice(length: Int(lengths.0)))
            let family = try need(packet.readInteger(endianness: .host, as: UInt32.self))
            let isIPv4 = family == 2
            #expect(isIPv4 || family == 24)
            let length = UInt16(packet.readableBytes - (isIPv4 ? 0 : 40))
            let header = try need(packet.readBytes(length: isIPv4 ? 12 : 8))
            let lengthBytes = [UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
            let expected =
                isIPv4
                ? [0x45, 0] + lengthBytes + [0, 0, 0x40, 0, 255, 6, 0, 0] : [0x60, 0, 0, 0] + lengthBytes + [6, 255]
            #expect(header == expected)
            let source = try need(packet.readBytes(length: isIPv4 ? 4 : 16))
            let destination = try need(packet.readBytes(length: isIPv4 ? 4 : 16))
            let ports = try need(packet.readMultipleIntegers(as: (UInt16, UInt16).self))
            let (sequence, acknowledgement) = try need(packet.readMultipleIntegers(as: (UInt32, UInt32).self))
            let flags = try need(packet.readInteger(as: UInt16.self))
            let rest = try need(packet.readBytes(length: 6))
            #expect(flags >> 12 == 5 && rest == [255, 255, 0x0B, 0xAD, 0, 0])
            packets.append(
                Packet(
                    source: source, destination: destination, ports: [ports.0, ports.1], sequence: sequence,
                    acknowledgement: acknowledgement, flags: flags & 0xFFF, payload: packet))
        }
        return packets
    }

    @Test func theFileHeader() {
        let words: [[UInt8]] = [
            [0xA1, 0xB2, 0xC3, 0xD4], [0, 2], [0, 4], [0, 0, 0, 0], [0, 0, 0, 0], [255, 255, 255, 255], [0, 0, 0, 0],
        ]
        let isLittleEndian = 1.littleEndian == 1
        let expected = words.flatMap { isLittleEndian ? $0.reversed() : $0 }
        #expect(Array(PacketCapture.fileHeader.readableBytesView) == expected)
    }

    @Test(.enabled(if: 1.littleEndian == 1)) func everyByteOverIPv4() {
        var connection = CapturedConnection(local: Self.ipv4.0, remote: Self.ipv4.1)
        let record = connection.data(ByteBuffer(string: "hi"), from: .local, at: Self.time)
        let expected: [UInt8] =
            [0x78, 0x56, 0x34, 0x12, 42, 0, 0, 0, 46, 0, 0, 0, 46, 0, 0, 0, 2, 0, 0, 0]
            + [0x45, 0, 0, 42, 0, 0, 0x40, 0, 255, 6, 0, 0, 127, 0, 0, 1, 10, 1, 2, 3]
            + [0x9C, 0x40, 0xF0, 0xAD, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 255, 255, 0x0B, 0xAD, 0, 0]
            + Array("hi".utf8)
        #expect(Array(record.readableBytesView) == expected)
    }

    @Test(.enabled(if: 1.littleEndian == 1)) func everyByteOverIPv6() {
        var connection = CapturedConnection(local: Self.ipv6.0, remote: Self.ipv6.1)
        let record = connection.data(ByteBuffer(string: "hi"), from: .remote, at: Self.time)
        let expected: [UInt8] =
            [0x78, 0x56, 0x34, 0x12, 42, 0, 0, 0, 66, 0, 0, 0, 66, 0, 0, 0, 24, 0, 0, 0]
            + [0x60, 0, 0, 0, 0, 22, 6, 255] + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
            + [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
            + [0x01, 0xBB, 0x9C, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 255, 255, 0x0B, 0xAD, 0, 0]
            + Array("hi".utf8)
        #expect(Array(record.readableBytesView) == expected)
    }

    /// Data that is too long for one packet, and a close by either side.
    @Test(arguments: [CapturedConnection.Side.local, .remote], [true, false])
    func packetsFollowEachOther(_ closer: CapturedConnection.Side, _ isIPv4: Bool) throws {
        let (local, remote) = isIPv4 ? Self.ipv4 : Self.ipv6
        var connection = CapturedConnection(local: local, remote: remote)
        let long = ByteBuffer(bytes: (0..<200_000).map { UInt8(truncatingIfNeeded: $0) })
        var file = connection.data(ByteBuffer(string: "CONNECT"), from: .local, at: Self.time)
        file.writeImmutableBuffer(connection.data(long, from: .remote, at: Self.time))
        file.writeImmutableBuffer(connection.end(by: closer, at: Self.time))
        let packets = try Self.packets(file)
        let ending = closer == .local ? [true, false, true] : [false, true, false]
        let sides = [true, false, false, false, false] + ending
        for (packet, isLocal) in zip(packets, sides) {
            let (from, to) = isLocal ? (local, remote) : (remote, local)
            #expect(packet.source == from?.ipBytes && packet.destination == to?.ipBytes)
            #expect(packet.ports.map(Int.init) == [from?.port, to?.port])
        }
        let carried = packets.prefix(5).dropFirst().reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.payload) }
        #expect(carried == long)
        let ends: [UInt32] = closer == .local ? [7, 200_000, 8] : [200_000, 7, 200_001]
        #expect(packets.map(\.sequence) == [0, 0, 65_495, 130_990, 196_485] + ends)
        #expect(packets.map(\.acknowledgement) == [0, 0, 0, 0, 0, 0, ends[2], ends[1] + 1])
        #expect(packets.map(\.flags) == [0, 0, 0, 0, 0, 0x01, 0x11, 0x10])
    }

    /// Sockets without an IP address get made-up addresses.
    @Test func aLocalSocket() throws {
        var connection = CapturedConnection(local: nil, remote: Self.ipv4.1)
        let record = connection.data(ByteBuffer(string: "x"), from: .local, at: Self.time)
        let packet = try #require(try Self.packets(record).first)
        #expect(packet.source == [111, 111, 111, 111] && packet.destination == [222, 222, 222, 222])
        #expect(packet.ports == [1111, 2222])
    }

    /// The handler records the data in both directions, and which side closed first.
    @Test func theHandlerCapturesWhatPasses() throws {
        let channel = EmbeddedChannel()
        (channel.localAddress, channel.remoteAddress) = Self.ipv4
        let file = NIOLockedValueBox(ByteBuffer())
        try PacketCapture.add(to: channel) { records in
            file.withLockedValue { _ = $0.writeImmutableBuffer(records) }
        }
        try channel.writeOutbound(ByteBuffer(string: "there"))
        try channel.writeInbound(ByteBuffer(string: "back"))
        try channel.writeOutbound(ByteBuffer())
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        try channel.writeOutbound(ByteBuffer(string: "bye"))
        try channel.close().wait()
        let packets = try Self.packets(file.withLockedValue { $0 })
        #expect(packets.map { String(buffer: $0.payload) } == ["there", "back", "bye", "", "", ""])
        #expect(packets.map(\.flags) == [0, 0, 0, 0x01, 0x11, 0x10])
        #expect(packets.map(\.sequence) == [0, 0, 5, 4, 8, 5], "the peer has ended first")
    }
}
