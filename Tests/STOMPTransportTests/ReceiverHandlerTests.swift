import NIOCore
import NIOEmbedded
import Testing

@testable import STOMPTransport

/// The last handler of every pipeline, without a socket: which calls a receiver gets, and when.
@Suite struct ReceiverHandlerTests {
    private final class Log: TransportReceiver {
        let stream: any TransportStream
        var lines: [String] = []
        var isInCall = false
        /// Called when bytes arrive.
        var reaction: (any TransportStream) -> Void = { _ in }

        init(stream: any TransportStream) { self.stream = stream }

        private func note(_ line: String) { lines.append(isInCall ? "inside: \(line)" : line) }

        func call(_ body: (any TransportStream) -> Void) {
            isInCall = true
            body(stream)
            isInCall = false
        }

        func received(_ bytes: ByteBuffer) {
            note("received \(String(buffer: bytes))")
            call(reaction)
        }

        func receivedAll() { note("all") }
        func happened(_ event: TransportEvent) { note("\(event)") }
        func writabilityChanged(_ isWritable: Bool) { note(isWritable ? "writable" : "full") }
        func ended(_ error: TransportError?) { note(error.map { "ended: \($0)" } ?? "ended") }
    }

    /// Behaves during a flush like a socket whose connection turns out to be broken.
    private final class Breaking: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        func flush(context: ChannelHandlerContext) {
            context.pipeline.fireChannelRead(ByteBuffer(string: "last words"))
            context.pipeline.fireChannelReadComplete()
            context.close(promise: nil)
        }
    }

    private func open(_ handlers: any ChannelHandler...) throws -> (EmbeddedChannel, Log) {
        let channel = EmbeddedChannel(handlers: handlers)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let log = NIOLoopBoundBox<Log?>.makeEmptyBox(valueType: Log.self, eventLoop: channel.eventLoop)
        let handler = ReceiverHandler(description: TransportDescription(.tcp, remoteAddress: "")) {
            let receiver = Log(stream: $0)
            log.value = receiver
            return receiver
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        return (channel, try #require(log.value))
    }

    @Test func whatComesIsToldAtOnce() throws {
        let (channel, log) = try open()
        channel.pipeline.fireChannelReadComplete()
        channel.pipeline.fireChannelRead(ByteBuffer(string: "a"))
        channel.pipeline.fireChannelRead(ByteBuffer(string: "b"))
        channel.pipeline.fireChannelReadComplete()
        channel.pipeline.fireUserInboundEventTriggered(TransportEvent.alive)
        #expect(log.lines == ["received a", "received b", "all", "alive"])
        channel.pipeline.fireChannelInactive()
        #expect(log.lines.last == "ended: TCP: connection lost to 127.0.0.1:1")
    }

    /// A stream that failed in a layer ends at once, whenever its connection closes.
    @Test func aFailureIsReportedOnce() throws {
        let (channel, log) = try open()
        channel.pipeline.fireChannelRead(ByteBuffer(string: "a"))
        channel.pipeline.fireChannelReadComplete()
        channel.pipeline.fireUserInboundEventTriggered(StreamFailure(error: .webSocket(.unknownExtensions(["x"]))))
        let lines = log.lines
        #expect(lines.count == 3 && lines.last?.hasPrefix("ended: WebSocket: ") == true)
        channel.pipeline.fireChannelRead(ByteBuffer(string: "b"))
        channel.pipeline.fireErrorCaught(ChannelError.alreadyClosed)
        channel.pipeline.fireChannelInactive()
        #expect(log.lines == lines)
    }

    @Test func eventsDuringAFlushAreReportedAfterIt() throws {
        let (channel, log) = try open(Breaking())
        log.call { $0.flush() }
        #expect(log.lines.isEmpty)
        channel.embeddedEventLoop.run()
        #expect(log.lines == ["received last words", "all", "ended: TCP: connection lost to 127.0.0.1:1"])
    }

    @Test func anAbortFromInsideACallEndsAfterIt() throws {
        let (channel, log) = try open()
        log.reaction = { $0.abort() }
        channel.pipeline.fireChannelRead(ByteBuffer(string: "a"))
        channel.pipeline.fireChannelRead(ByteBuffer(string: "b"))
        channel.embeddedEventLoop.run()
        #expect(log.lines == ["received a", "ended"])
    }

    @Test func onlyTheFirstErrorIsReported() throws {
        let (channel, log) = try open()
        channel.pipeline.fireErrorCaught(TransportError.tls(.noCertificateFromClient))
        channel.pipeline.fireErrorCaught(TransportError.tls(.noCloseNotify))
        channel.embeddedEventLoop.run()
        #expect(log.lines == ["ended: TLS: no certificate from client"])
    }

    @Test func anErrorAfterACleanCloseIsIgnored() throws {
        let (channel, log) = try open()
        channel.pipeline.fireUserInboundEventTriggered(
            TransportEvent.closed(TransportClosure(layer: .webSocket, code: 1000, isClean: true)))
        channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "reset"))
        channel.embeddedEventLoop.run()
        #expect(log.lines.last == "ended")
        #expect(log.lines.count == 2)
    }
}
