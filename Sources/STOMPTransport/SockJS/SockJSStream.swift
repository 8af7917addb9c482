import NIOCore

/// An end of a session, the client's or the server's, which lives on an event loop.
protocol SockJSEnd: AnyObject {
    var isWritable: Bool { get }
    var queuedBytes: Int { get }
    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?)
    func flush()
    func setReading(_ isReading: Bool)
    func request(_ request: TransportRequest)
    /// As of ``TransportStream/limitMessages(to:)``.
    func limitMessages(to bytes: Int?)
    func close()
    func abort()
}

extension SockJSEnd {
    func limitMessages(to bytes: Int?) {}
}

/// The stream of a session.
struct SockJSStream<End: SockJSEnd>: TransportStream {
    let eventLoop: any EventLoop
    let description: TransportDescription
    private let end: NIOLoopBound<End>

    init(_ end: End, on eventLoop: any EventLoop, description: TransportDescription) {
        self.eventLoop = eventLoop
        self.description = description
        self.end = NIOLoopBound(end, eventLoop: eventLoop)
    }

    var isWritable: Bool { end.value.isWritable }
    var queuedBytes: Int { end.value.queuedBytes }

    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) { end.value.write(bytes, promise: promise) }
    func flush() { end.value.flush() }
    func setReading(_ isReading: Bool) { end.value.setReading(isReading) }
    func request(_ request: TransportRequest) { end.value.request(request) }
    func limitMessages(to bytes: Int?) { end.value.limitMessages(to: bytes) }
    func close() { end.value.close() }
    func abort() { end.value.abort() }
}
