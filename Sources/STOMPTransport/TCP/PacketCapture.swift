import NIOCore
import NIOExtras

/// Captures of connections that Wireshark and its like open (the PCAP format of libpcap), also where TLS hides them from
/// everybody else.
public enum PacketCapture {
    /// What a file of captures begins with.
    public static var fileHeader: ByteBuffer { NIOWritePCAPHandler.pcapFileHeader }

    /// Captures what passes here on its way, as TCP packets that are made up for it.
    static func add(to channel: any Channel, _ capture: @escaping @Sendable (ByteBuffer) -> Void) throws {
        let handler = NIOWritePCAPHandler(
            mode: .client, settings: .init(emitPCAPWrites: .whenIssued), fileSink: capture)
        try channel.pipeline.syncOperations.addHandlers(PassActive(by: handler), handler)
    }

    /// Lets the capture begin with the first octets. Of the connection's beginning it would be told behind them, as the
    /// first octets are written when the connection stands, and it would count anew.
    private final class PassActive: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let capture: NIOWritePCAPHandler

        init(by capture: NIOWritePCAPHandler) { self.capture = capture }

        func channelActive(context: ChannelHandlerContext) {
            (try? context.pipeline.syncOperations.context(handler: capture))?.fireChannelActive()
        }
    }
}
