import NIOCore

/// The TLS handler of a channel: encrypted bytes on the socket's side, plain bytes above. It is first in the pipeline.
///
/// The handlers above see the channel become active when the handshake is complete and the peer verified. Earlier
/// writes are held until then, and dropped if the handshake fails. Closing the output sends close_notify and
/// continues to read; closing all sends close_notify and does not wait. The peer's close_notify is passed up as
/// `ChannelEvent.inputClosed`, and a failure as a ``TransportError``; both after the bytes that arrived before.
final class TLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let engine: TLSEngine
    private let deadline: NIODeadline
    private let trace: WireTrace
    private let established: EventLoopPromise<TLSSummary?>

    private var machine = TLSStateMachine()
    private var timer: Scheduled<Void>?

    /// The maximum number of bytes encrypted at a time; it limits the engine's output buffer.
    private static let portion = 4 * TLSStateMachine.record

    /// - Parameters:
    ///   - deadline: when the handshake must be complete.
    ///   - established: succeeds when the handshake completes, before anything is passed up; fails if the
    ///     handshake fails.
    init(engine: TLSEngine, deadline: NIODeadline, trace: WireTrace, established: EventLoopPromise<TLSSummary?>) {
        self.engine = engine
        self.deadline = deadline
        self.trace = trace
        self.established = established
    }

    // MARK: - Handshake

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context, owesActive: false) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop(Self.givenUp) }

    func channelActive(context: ChannelHandlerContext) { start(context, owesActive: true) }

    private func start(_ context: ChannelHandlerContext, owesActive: Bool) {
        guard machine.start(owesActive: owesActive) else { return }
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
        guard let owesActive = machine.established() else { return }
        let summary = engine.summary
        trace.record(.layers) { WireEvent(.tls, .local, .layers, .handshakeDone(summary)) }
        established.succeed(summary)
        if owesActive, machine.isOpen { context.fireChannelActive() }
        encryptHeld(context)
        context.flush()
    }

    // MARK: - Reading

    func read(context: ChannelHandlerContext) {
        machine.readRequested()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch machine.received() {
        case .ignore: return
        case .decrypt: engine.feed(bytes)
        case .handshake:
            engine.opening.add(bytes)
            guard engine.opening.mayBeTLS else {
                if engine.opening.isConclusive { refusePlain(context) }
                return
            }
            engine.feed(bytes)
            advance(context)
        }
        decrypt(context)
    }

    private func refusePlain(_ context: ChannelHandlerContext) {
        if engine.context.role == .server {
            // The alert unexpected_message (RFC 8446, section 6) shows a client without TLS that this port speaks TLS.
            let alert = ByteBuffer(bytes: [0x15, 3, 3, 0, 2, 2, 10])
            context.writeAndFlush(wrapOutboundOut(alert), promise: nil)
        }
        fail(engine.notTLS(), context)
    }

    private func decrypt(_ context: ChannelHandlerContext) {
        var mayHaveMore = true
        while mayHaveMore && machine.reads && engine.unread > 0 {
            var plain = context.channel.allocator.buffer(capacity: max(engine.unread, 512))
            switch engine.read(into: &plain) {
            case .full: break
            case .drained: mayHaveMore = false
            case .ended: machine.inputEnds(.clean)
            case .failed(let error): machine.inputEnds(.failure(error))
            }
            if plain.readableBytes > 0 {
                machine.decrypted()
                context.fireChannelRead(wrapInboundOut(plain))
            }
        }
        if !machine.isClosed { flushEngine(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard machine.passesReadComplete else { return context.read() }
        context.fireChannelReadComplete()
        switch machine.readCompleted() {
        case .nothing: break
        case .read: context.read()
        case .end(.failure(let error)): fail(error, context)
        case .end(.clean):
            trace.record(.layers) { WireEvent(.tls, .incoming, .layers, .closeNotify) }
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            if machine.closesAfterEnd { close(context: context, mode: .all, promise: nil) }
        }
    }

    // MARK: - Closing

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.inputClosed) = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        end(machine.socketEnded(), .closed, ChannelError.eof, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(machine.socketEnded(), .closed, ChannelError.eof, context)
        stop(Self.givenUp)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(machine.socketFailed(wantsCertificate: engine.wantsCertificate), .reset, error, context)
    }

    private func end(
        _ lost: TLSStateMachine.Lost, _ how: TLSDiagnosis.Abandonment, _ error: any Error,
        _ context: ChannelHandlerContext
    ) {
        switch lost {
        case .nothing: break
        case .abandon: fail(engine.abandoned(how), context)
        case .cutOff(let wasAnswered): fail(engine.cutOff(wasAnswered: wasAnswered), context)
        case .failed(let error): fail(error, context)
        case .passOn:
            stop(error)
            context.fireErrorCaught(error)
        }
    }

    private func fail(_ error: TransportError, _ context: ChannelHandlerContext) {
        guard !machine.isClosed else { return }
        trace.record(.layers) { WireEvent(.tls, .local, .layers, .failed(error)) }
        stop(error)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    /// Stops the handler: it ignores all later input and output.
    private func stop(_ error: any Error) {
        guard var held = machine.stop() else { return }
        timer?.cancel()
        established.fail(error)
        held.drop(error)
    }

    private static let givenUp = TransportError.tls(.connectionClosed)

    // MARK: - Writing

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch machine.write(unwrapOutboundIn(data), promise) {
        case .held: break
        case .refused: promise?.fail(ChannelError.ioOnClosedChannel)
        case .encrypt(let first, let second):
            if let first { encrypt(first, context) }
            if let second { encrypt(second, context) }
        }
    }

    func flush(context: ChannelHandlerContext) {
        guard machine.isOpen else { return }
        encryptHeld(context)
        context.flush()
    }

    private func encryptHeld(_ context: ChannelHandlerContext) {
        if let write = machine.flush() { encrypt(write, context) }
    }

    private func encrypt(_ write: TLSStateMachine.Write, _ context: ChannelHandlerContext) {
        // The previous write may have ended the connection.
        guard machine.isOpen else {
            write.promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        var rest = write.bytes.readableBytesView[...]
        do throws(TransportError) {
            repeat {
                let portion = rest.prefix(Self.portion)
                rest = rest.dropFirst(portion.count)
                try engine.write(portion)
                let output = engine.takeOutput(context.channel.allocator) ?? ByteBuffer()
                context.write(wrapOutboundOut(output), promise: rest.isEmpty ? write.promise : nil)
            } while !rest.isEmpty
        } catch {
            write.promise?.fail(error)
            fail(error, context)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input {
            encryptHeld(context)
            if machine.closeOutput() {
                trace.record(.layers) { WireEvent(.tls, .outgoing, .layers, .closeNotify) }
                engine.shutdown()
                flushEngine(context)
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
