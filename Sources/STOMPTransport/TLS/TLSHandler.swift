import NIOCore

/// TLS in a channel: encrypted bytes on the socket's side, plain ones above. It stands first in the pipeline.
///
/// Above it the channel becomes active when the handshake is made and the peer verified; what is written earlier waits
/// until then, and is dropped where that never comes. A close of the output says close_notify and still reads; a close
/// of all says close_notify and waits for nothing. The peer's close_notify comes up as `ChannelEvent.inputClosed`, what
/// went wrong as a ``TransportError``: both behind the bytes that came before.
final class TLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case waiting, handshaking, open
        /// Our close_notify has gone; the peer may still send.
        case outputClosed
        case closed
    }

    private enum End {
        case clean
        case failure(TransportError)
    }

    private let engine: TLSEngine
    private let deadline: NIODeadline
    private let trace: WireTrace
    private let established: EventLoopPromise<TLSSummary?>

    private var state = State.waiting
    private var timer: Scheduled<Void>?
    /// Whether the layers above have yet to hear that the channel is active.
    private var owesActive = false
    /// Whether a read was asked for, and nothing has come up since.
    private var owesRead = false
    /// Whether anything came above TLS.
    private var wasAnswered = false
    /// What is to happen when everything that came before it has been passed on.
    private var end: End?
    private var isEndTold = false
    private var held = HeldWrites()

    /// A record has room for so many bytes (RFC 8446, section 5.1).
    private static let record = 16 << 10
    /// As much is encrypted at a time; it bounds what the engine keeps.
    private static let portion = 4 * record

    /// - Parameters:
    ///   - deadline: when the handshake must be made.
    ///   - established: succeeds with the handshake, before anything is passed up; fails where it fails.
    init(engine: TLSEngine, deadline: NIODeadline, trace: WireTrace, established: EventLoopPromise<TLSSummary?>) {
        self.engine = engine
        self.deadline = deadline
        self.trace = trace
        self.established = established
    }

    // MARK: - Handshake

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop(Self.givenUp) }

    func channelActive(context: ChannelHandlerContext) {
        owesActive = true
        start(context)
    }

    private func start(_ context: ChannelHandlerContext) {
        guard state == .waiting else { return }
        state = .handshaking
        if let log = engine.context.keyLog {
            trace.record(.frames) { WireEvent(.tls, .local, .frames, log.event) }
        }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.fail(self.engine.abandoned(.deadline), context)
        }
        advance(context)
        context.read()
    }

    private func advance(_ context: ChannelHandlerContext) {
        do throws(TransportError) {
            let isDone = try engine.handshake()
            flushEngine(context)
            if isDone { establish(context) }
        } catch {
            flushEngine(context)
            fail(error, context)
        }
    }

    private func establish(_ context: ChannelHandlerContext) {
        timer?.cancel()
        state = .open
        let summary = engine.summary
        trace.record(.layers) { WireEvent(.tls, .local, .layers, .handshakeDone(summary)) }
        established.succeed(summary)
        if owesActive && state == .open {
            owesActive = false
            context.fireChannelActive()
        }
        encryptHeld(context)
        context.flush()
    }

    // MARK: - Reading

    func read(context: ChannelHandlerContext) {
        owesRead = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch state {
        case .waiting, .closed: return
        case .open, .outputClosed: engine.feed(bytes)
        case .handshaking:
            engine.opening.add(bytes)
            guard engine.opening.mayBeTLS else {
                if engine.opening.isTelling { refusePlain(context) }
                return
            }
            engine.feed(bytes)
            advance(context)
        }
        decrypt(context)
    }

    private func refusePlain(_ context: ChannelHandlerContext) {
        if engine.context.role == .server {
            // The alert unexpected_message (RFC 8446, section 6): by it a plain client learns what this port speaks.
            let alert = ByteBuffer(bytes: [0x15, 3, 3, 0, 2, 2, 10])
            context.writeAndFlush(wrapOutboundOut(alert), promise: nil)
        }
        fail(engine.notTLS(), context)
    }

    private func decrypt(_ context: ChannelHandlerContext) {
        var mayHaveMore = true
        while mayHaveMore && end == nil && (state == .open || state == .outputClosed) && engine.unread > 0 {
            var plain = context.channel.allocator.buffer(capacity: max(engine.unread, 512))
            switch engine.read(into: &plain) {
            case .full: break
            case .drained: mayHaveMore = false
            case .ended: end = .clean
            case .failed(let error): end = .failure(error)
            }
            if plain.readableBytes > 0 {
                wasAnswered = true
                owesRead = false
                context.fireChannelRead(wrapInboundOut(plain))
            }
        }
        if state != .closed { flushEngine(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if state == .waiting || state == .handshaking {
            context.read()
            return
        }
        context.fireChannelReadComplete()
        switch end {
        case nil: if owesRead { context.read() }
        case .clean: endCleanly(context)
        case .failure(let error): fail(error, context)
        }
    }

    /// The peer said close_notify, and everything before it has been passed on (RFC 8446, section 6.1).
    private func endCleanly(_ context: ChannelHandlerContext) {
        guard !isEndTold, state != .closed else { return }
        isEndTold = true
        trace.record(.layers) { WireEvent(.tls, .incoming, .layers, .closeNotify) }
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        // As a socket does whose two sides are closed.
        if state == .outputClosed { close(context: context, mode: .all, promise: nil) }
    }

    // MARK: - The end

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.inputClosed) = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        inputEnded(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        inputEnded(context)
        stop(Self.givenUp)
        context.fireChannelInactive()
    }

    /// The socket brings no more.
    private func inputEnded(_ context: ChannelHandlerContext) {
        switch state {
        case .waiting, .handshaking: fail(engine.abandoned(.closed), context)
        case .open where end == nil: fail(engine.cutOff(wasAnswered: wasAnswered), context)
        case .open, .outputClosed, .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .waiting, .handshaking: fail(engine.abandoned(.reset), context)
        case .open where !wasAnswered && engine.wantsCertificate: fail(engine.cutOff(wasAnswered: false), context)
        case .open, .outputClosed:
            stop(error)
            context.fireErrorCaught(error)
        case .closed: break
        }
    }

    private func fail(_ error: TransportError, _ context: ChannelHandlerContext) {
        guard state != .closed else { return }
        trace.record(.layers) { WireEvent(.tls, .local, .layers, .failed(error)) }
        stop(error)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    /// Takes and gives nothing any more.
    private func stop(_ error: any Error) {
        guard state != .closed else { return }
        state = .closed
        timer?.cancel()
        established.fail(error)
        held.drop(error)
    }

    private static let givenUp = TransportError.tls(.connectionClosed)

    // MARK: - Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = unwrapOutboundIn(data)
        switch state {
        case .outputClosed, .closed: promise?.fail(ChannelError.ioOnClosedChannel)
        case .open where bytes.readableBytes >= Self.record:
            encryptHeld(context)
            encrypt(bytes, promise, context)
        case .waiting, .handshaking, .open:
            held.add(bytes, promise)
            // From here on the channel counts them, so that a writer who never flushes sees it become unwritable.
            if held.bytes.readableBytes >= Self.record { encryptHeld(context) }
        }
    }

    func flush(context: ChannelHandlerContext) {
        guard state == .open else { return }
        encryptHeld(context)
        context.flush()
    }

    private func encryptHeld(_ context: ChannelHandlerContext) {
        guard state == .open, let (bytes, promise) = held.dequeue() else { return }
        encrypt(bytes, promise, context)
    }

    private func encrypt(
        _ bytes: ByteBuffer, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext
    ) {
        var rest = bytes.readableBytesView[...]
        do throws(TransportError) {
            repeat {
                let portion = rest.prefix(Self.portion)
                rest = rest.dropFirst(portion.count)
                try engine.write(portion)
                let output = engine.takeOutput(context.channel.allocator) ?? ByteBuffer()
                context.write(wrapOutboundOut(output), promise: rest.isEmpty ? promise : nil)
            } while !rest.isEmpty
        } catch {
            promise?.fail(error)
            fail(error, context)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input, state == .open {
            encryptHeld(context)
            if state == .open {
                trace.record(.layers) { WireEvent(.tls, .outgoing, .layers, .closeNotify) }
                engine.shutdown()
                flushEngine(context)
                state = .outputClosed
            }
        }
        if mode == .all { stop(Self.givenUp) }
        context.close(mode: mode, promise: promise)
    }

    private func flushEngine(_ context: ChannelHandlerContext) {
        guard let output = engine.takeOutput(context.channel.allocator) else { return }
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
    }
}
