import NIOCore

/// The last handler of every stream: passes the output of the layers below to the ``TransportReceiver``.
///
/// Its input is `ByteBuffer`s, ``TransportEvent``s and errors. The first error is the one that is reported.
final class ReceiverHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Ending {
        case open
        /// The peer closed without a clean end: nothing more is received, and a later error is still reported as
        /// the cause.
        case brokenOff
        /// One side closed the stream; what happens to the connection afterwards is not an error.
        case done
    }

    private let description: TransportDescription
    private let makeReceiver: TransportReceiverFactory
    private var receiver: (any TransportReceiver)?
    private var hasReceived = false
    private var ending = Ending.open
    private var error: TransportError?
    /// The number of nested calls to the stream in progress.
    private var depth = 0
    /// The calls to the receiver that were held back during such a call, to be made after it.
    private var held: [Call] = []

    init(description: TransportDescription, makeReceiver: @escaping TransportReceiverFactory) {
        self.description = description
        self.makeReceiver = makeReceiver
    }

    func handlerAdded(context: ChannelHandlerContext) {
        receiver = makeReceiver(ChannelStream(channel: context.channel, description: description))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard ending == .open, error == nil else { return }
        hasReceived = true
        deliver(.received(Self.unwrapInboundIn(data)), context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard hasReceived else { return }
        hasReceived = false
        deliver(.receivedAll, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as TransportEvent:
            // After this side has closed the stream, signs of life are of no use, and may be many.
            if ending == .done, event.isSignOfLife { return }
            if case .wire(.ended(let closure), _) = event, ending == .open {
                ending = closure.isClean ? .done : .brokenOff
            }
            deliver(.happened(event), context)
        case let failure as StreamFailure where ending != .done:
            error = error ?? failure.error
            ending = .done
            deliver(.ended, context)
        case ChannelEvent.inputClosed where ending == .open:
            ending = .done
            deliver(.happened(.closed(TransportClosure(layer: .tcp, isClean: true))), context)
        default:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.error == nil && ending != .done {
            self.error = TransportError(breaking: error, with: addressText(context.channel.remoteAddress))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if error == nil && ending == .open {
            error = TransportError(
                breaking: ChannelError.alreadyClosed, with: addressText(context.channel.remoteAddress))
        }
        deliver(.ended, context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // Every change is reported: a receiver that saw false waits until true is reported.
        deliver(.writabilityChanged(context.channel.isWritable), context)
    }

    // MARK: - Calls to the receiver

    private enum Call {
        case received(ByteBuffer)
        case receivedAll
        case happened(TransportEvent)
        case writabilityChanged(Bool)
        case ended
    }

    /// Calls the receiver, now or later. A write may change the writability, or detect that the connection is
    /// broken and deliver its remaining bytes. The receiver is not called from within its own call to the stream.
    private func deliver(_ call: Call, _ context: ChannelHandlerContext) {
        guard depth > 0 || !held.isEmpty else { return deliver(call) }
        held.append(call)
        guard held.count == 1 else { return }
        context.eventLoop.assumeIsolated().execute { [self] in
            while !held.isEmpty { deliver(held.removeFirst()) }
        }
    }

    private func deliver(_ call: Call) {
        switch call {
        case .received(let bytes): receiver?.received(bytes)
        case .receivedAll: receiver?.receivedAll()
        case .happened(let event): receiver?.happened(event)
        case .writabilityChanged(let isWritable): receiver?.writabilityChanged(isWritable)
        case .ended: receiver.take()?.ended(error)
        }
    }

    // MARK: - Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        depth += 1
        context.write(data, promise: promise)
        depth -= 1
    }

    func flush(context: ChannelHandlerContext) {
        depth += 1
        context.flush()
        depth -= 1
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        if event is StreamClosing { ending = .done }
        depth += 1
        context.triggerUserOutboundEvent(event, promise: promise)
        depth -= 1
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { ending = .done }
        depth += 1
        context.close(mode: mode, promise: promise)
        depth -= 1
    }
}
