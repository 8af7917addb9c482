import NIOCore

/// The last handler of every stream: hands on to the ``TransportReceiver`` what the layers below made of the bytes.
///
/// From below come `ByteBuffer`s, ``TransportEvent``s and errors. The first error is the one that is told.
final class ReceiverHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Ending {
        case open
        /// The peer broke off: nothing more is received, and an error that comes is still the cause.
        case brokenOff
        /// A side ended the stream, and what befalls the connection then is no fault.
        case done
    }

    private let description: TransportDescription
    private let makeReceiver: TransportReceiverFactory
    private var receiver: (any TransportReceiver)?
    private var hasReceived = false
    private var ending = Ending.open
    private var error: TransportError?
    /// How many calls to the stream are under way, one inside the other.
    private var depth = 0
    /// What happened during such a call, and is told after it.
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
            // Signs of life of a stream that this side ends are nobody's concern, and may be many.
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
        // Each change is told: a receiver that has seen it false waits until it is told that it is true.
        deliver(.writabilityChanged(context.channel.isWritable), context)
    }

    // MARK: - What is told

    private enum Call {
        case received(ByteBuffer)
        case receivedAll
        case happened(TransportEvent)
        case writabilityChanged(Bool)
        case ended
    }

    /// A write may change the writability, or find the connection broken and bring what is left in it. The receiver is
    /// told none of it from inside its own call, for which it cannot be ready.
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

    // MARK: - What goes

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
