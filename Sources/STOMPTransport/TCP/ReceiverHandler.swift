import NIOCore

/// The last handler of every stream: hands on to the ``TransportReceiver`` what the layers below made of the octets.
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
    private var isTellingWritability = false
    private var ending = Ending.open
    private var error: TransportError?

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
        receiver?.received(Self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard hasReceived else { return }
        hasReceived = false
        receiver?.receivedAll()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as TransportEvent:
            if case .closed(let closure) = event, ending == .open { ending = closure.isClean ? .done : .brokenOff }
            receiver?.happened(event)
        case ChannelEvent.inputClosed where ending == .open:
            ending = .done
            receiver?.happened(.closed(TransportClosure(layer: .tcp, isClean: true)))
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
        guard let receiver else { return }
        self.receiver = nil
        if error == nil && ending == .open {
            error = TransportError(
                breaking: ChannelError.alreadyClosed, with: addressText(context.channel.remoteAddress))
        }
        // The channel may end in the midst of a call that the receiver makes, and must not call it back from there.
        context.eventLoop.assumeIsolated().execute { [error] in receiver.ended(error) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // As above: it is the receiver's own writing that changes it. It may have changed back by then; a receiver that
        // has seen it while it was false is told all the same, and does not wait for ever.
        guard !isTellingWritability else { return }
        isTellingWritability = true
        let channel = context.channel
        context.eventLoop.assumeIsolated().execute { [self] in
            isTellingWritability = false
            receiver?.writabilityChanged(channel.isWritable)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        if event is StreamClosing { ending = .done }
        context.triggerUserOutboundEvent(event, promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { ending = .done }
        context.close(mode: mode, promise: promise)
    }
}
