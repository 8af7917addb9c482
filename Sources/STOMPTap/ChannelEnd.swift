import NIOCore
import NIOPosix
import SystemC

/// The last handler of the channel at one end of a relay: reports events of the channel, and performs commands.
final class ChannelEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// How long a close or a reset may wait for earlier writes.
    private static let closeTimeout = TimeAmount.seconds(1)

    private let channel: any Channel
    /// Called with each event, until the channel is gone.
    private var report: ((RelayEnd.Event) -> Void)?
    private var isInputClosed = false
    /// The error that broke the connection.
    private var error: (any Error)?

    init(_ channel: any Channel, report: @escaping (RelayEnd.Event) -> Void) throws {
        self.channel = channel
        self.report = report
        try channel.pipeline.syncOperations.addHandler(self)
    }

    // MARK: - Commands

    func perform(_ command: RelayEnd.Command) {
        switch command {
        case .write(let bytes): channel.write(bytes, promise: nil)
        case .flush: channel.flush()
        // This fails if the channel is already closed, which is reported as an event of its own.
        case .read(let isReading): try? channel.syncOptions?.setOption(.autoRead, value: isReading)
        case .closeOutput: afterWrites { [self] in channel.close(mode: isInputClosed ? .all : .output, promise: nil) }
        case .close: afterWritesOrSoon { [channel] in channel.close(promise: nil) }
        case .reset:
            afterWritesOrSoon { [channel] in
                // Without lingering, the system sends a reset.
                if let socket = channel as? any SocketOptionProvider {
                    _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                }
                channel.close(promise: nil)
            }
        }
    }

    private func afterWrites(_ body: @escaping () -> Void) {
        let written = channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in body() }
        channel.writeAndFlush(ByteBuffer(), promise: written)
    }

    private func afterWritesOrSoon(_ body: @escaping () -> Void) {
        afterWrites(body)
        _ = channel.eventLoop.assumeIsolated().scheduleTask(in: Self.closeTimeout) { body() }
    }

    // MARK: - Events

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { report?(.bytes(Self.unwrapInboundIn(data))) }

    func channelReadComplete(context: ChannelHandlerContext) { report?(.readComplete) }

    func channelWritabilityChanged(context: ChannelHandlerContext) { report?(.writable(context.channel.isWritable)) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return }
        isInputClosed = true
        report?(.inputClosed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = self.error ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isInputClosed = isInputClosed || error == nil
        let report = report.take()
        report?(.gone(error))
    }
}
