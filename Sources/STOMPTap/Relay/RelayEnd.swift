import NIOCore
import NIOPosix
import STOMPTransport
import SystemC

/// One end of a relay: the last handler of a connection, which hands on what comes, and writes what the other end brings.
final class RelayEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Event {
        case part(RelayPart)
        /// The read is over.
        case readAll
        case writabilityChanged
        /// What came is no HTTP. Nothing more is taken from it.
        case violation(HTTPReader.Violation)
        /// Nothing comes any more, and nothing can be sent: the last event.
        case gone
    }

    /// How long a reset may wait for what was written before it.
    private static let resetTimeout = TimeAmount.seconds(1)

    let channel: any Channel
    let direction: WireEvent.Direction
    /// The peer's address and port.
    let address: String
    private var tell: ((Event) -> Void)?
    /// What takes HTTP apart, and puts it together; nil where bytes pass.
    private var reader: HTTPReader?
    private var writer = HTTPWriter()
    private var isReading = false
    private(set) var isInputClosed = false
    private(set) var isOutputClosed = false
    /// Why it broke.
    private(set) var error: (any Error)?

    /// - Parameter direction: of what comes from this end.
    init(_ channel: any Channel, _ direction: WireEvent.Direction, tell: @escaping (Event) -> Void) {
        self.channel = channel
        self.direction = direction
        address = addressText(channel.remoteAddress)
        self.tell = tell
    }

    var isGone: Bool { tell == nil }
    /// Whether what is held is so much that nothing more should be read.
    var isFull: Bool { reader?.isFull ?? false }

    /// Puts this end in place for bytes.
    func attach() throws { try channel.pipeline.syncOperations.addHandler(self) }

    /// Puts this end in place for HTTP: requests come from an app, answers from a server.
    func attachHTTP() throws {
        reader = HTTPReader(direction == .outgoing ? .requests : .responses)
        try attach()
    }

    /// Goes on with HTTP behind a request that might have made something else of the connection, and has not.
    func goOn() {
        reader?.proceed()
        takeApart()
        tell?(.readAll)
    }

    /// Makes bytes of HTTP, from behind the message that asked for it or agreed to it.
    func upgrade() {
        guard let rest = reader?.rest else { return }
        reader = nil
        if rest.readableBytes > 0 { tell?(.part(.bytes(rest))) }
        tell?(.readAll)
    }

    // MARK: - What goes

    func write(_ part: RelayPart) {
        switch part {
        case .inputClosed: return closeOutput()
        case .reset: return reset()
        case .brokenOff: return close()
        case .upgraded: break
        case .bytes(let bytes): channel.write(bytes, promise: nil)
        case .requestHead(let head, let raw, let makesChunks):
            reader?.expectAnswer(to: head.method)
            writer.makesChunks = makesChunks
            channel.write(raw?.bytes(with: head.headers) ?? ByteBuffer(), promise: nil)
        case .responseHead(let head, let raw, let makesChunks):
            writer.makesChunks = makesChunks
            channel.write(raw?.bytes(with: head.headers) ?? head.latin1Bytes, promise: nil)
        case .body(let body):
            for bytes in writer.bytes(ofBody: body) { channel.write(bytes, promise: nil) }
        case .chunkFraming(let bytes):
            if !writer.makesChunks { channel.write(bytes, promise: nil) }
        case .end(let trailers):
            if let bytes = writer.bytesOfEnd(trailers) { channel.write(bytes, promise: nil) }
        }
    }

    func flush() { channel.flush() }

    func setReading(_ isReading: Bool) {
        guard isReading != self.isReading else { return }
        self.isReading = isReading
        // It fails on a channel that is closed already, which is told otherwise.
        try? channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    /// Ends this half when all that was written has gone; the connection, where the other half has ended too.
    func closeOutput() {
        guard !isOutputClosed, !isGone else { return }
        isOutputClosed = true
        afterWrites { [self] in channel.close(mode: isInputClosed ? .all : .output, promise: nil) }
    }

    /// Ends the connection when all that was written has gone, or it does not go.
    func close() {
        guard !isGone else { return }
        isOutputClosed = true
        afterWrites { [self] in channel.close(promise: nil) }
        channel.eventLoop.assumeIsolated().scheduleTask(in: Self.resetTimeout) { [channel] in
            channel.close(promise: nil)
        }
    }

    /// Ends the connection as a reset, when all that was written has gone, or it does not go.
    func reset() {
        guard !isGone else { return }
        isOutputClosed = true
        let reset = { [channel] in
            // Without lingering, the system sends a reset.
            if let socket = channel as? any SocketOptionProvider {
                _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            }
            channel.close(promise: nil)
        }
        afterWrites(reset)
        _ = channel.eventLoop.assumeIsolated().scheduleTask(in: Self.resetTimeout) { reset() }
    }

    private func afterWrites(_ body: @escaping () -> Void) {
        let written = channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in body() }
        channel.writeAndFlush(ByteBuffer(), promise: written)
    }

    // MARK: - What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
        guard reader != nil else { return tell?(.part(.bytes(bytes))) ?? () }
        reader?.append(bytes)
        takeApart()
    }

    private func takeApart() {
        do throws(HTTPReader.Violation) {
            while let element = try reader?.next() { tell?(.part(try part(element))) }
        } catch {
            reader?.stop()
            tell?(.violation(error))
        }
    }

    /// An element as it passes, whatever is wrong with it.
    ///
    /// - Throws: a violation where the two sides of a tap might read a request in different ways.
    private func part(_ element: HTTPElement) throws(HTTPReader.Violation) -> RelayPart {
        switch element {
        case .blank(let bytes): return .bytes(bytes)
        case .request(let head, let raw):
            guard raw.faults.isDisjoint(with: [.lengthAndChunks, .controlInStartLine]) else { throw .notHTTP }
            return .requestHead(head, raw)
        case .response(let head, let raw): return .responseHead(head, raw)
        case .body(let bytes): return .body(bytes)
        case .chunkFraming(let bytes, _): return .chunkFraming(bytes)
        case .end(let trailers): return .end(trailers)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { tell?(.readAll) }

    func channelWritabilityChanged(context: ChannelHandlerContext) { tell?(.writabilityChanged) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return }
        closeInput()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = self.error ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if error == nil { closeInput() } else { tell?(.part(.reset)) }
        let tell = tell
        self.tell = nil
        tell?(.gone)
    }

    private func closeInput() {
        guard !isInputClosed else { return }
        isInputClosed = true
        if case .end? = reader?.finish() { tell?(.part(.end(nil))) }
        tell?(.part(.inputClosed))
        tell?(.readAll)
    }
}
