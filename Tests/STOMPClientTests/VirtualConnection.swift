import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPClient

/// A connection in virtual time, over a stream that records the calls to it.
struct VirtualConnection {
    /// A stream without a socket.
    final class Stream: TransportStream {
        struct State {
            var calls: [String] = []
            var isWritable = true
            var queuedBytes = 0
        }

        let eventLoop: any EventLoop
        let description = TransportDescription(.webSocket, remoteAddress: "broker:1")
        let state = NIOLockedValueBox(State())

        init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

        var isWritable: Bool { state.withLockedValue { $0.isWritable } }
        var queuedBytes: Int { state.withLockedValue { $0.queuedBytes } }

        private func called(_ call: String) { state.withLockedValue { $0.calls.append(call) } }

        func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
            let text = String(buffer: bytes)
            called(text == "\n" ? "heart-beat" : String(text.prefix { $0 != "\n" }))
            promise?.succeed()
        }
        func flush() {}
        func setReading(_ isReading: Bool) { called("reading \(isReading ? "on" : "off")") }
        func request(_ request: TransportRequest) { called("request") }
        func close() { called("close") }
        func abort() { called("abort") }
    }

    let loop = EmbeddedEventLoop()
    let stream: Stream
    let core: ConnectionCore
    /// The result of CONNECT.
    let opened: Outcome

    init(_ change: (inout ClientConfiguration) -> Void) throws {
        var configuration = ClientConfiguration(try Endpoint("ws://broker/"))
        configuration.receiptTimeout = .seconds(5)
        configuration.session.heartBeat = .none
        change(&configuration)
        stream = Stream(loop)
        let opening = loop.makePromise(of: ConnectionCore.Opened.self)
        core = ConnectionCore(stream: stream, configuration: configuration, opening: opening)
        opened = Outcome(opening.futureResult.map(\.handshake.heartBeat))
        core.start(deadline: loop.now + .seconds(10), timeout: .aborted)
    }

    /// Runs `body` with a connection; it is open unless `connected` is nil.
    static func with(
        connected: String? = "server:s\n", _ change: (inout ClientConfiguration) -> Void = { _ in },
        _ body: (VirtualConnection) throws -> Void
    ) throws {
        let connection = try VirtualConnection(change)
        // The event loop must not be released with a pending timer.
        defer { connection.core.ended(nil) }
        if let connected {
            connection.serve("CONNECTED\nversion:1.2\n\(connected)\n\0")
            try #require(connection.opened.words != nil)
            #expect(connection.calls == ["CONNECT"])
        }
        try body(connection)
    }

    /// The calls to the stream since the last time.
    var calls: [String] {
        stream.state.withLockedValue { state in
            defer { state.calls = [] }
            return state.calls
        }
    }

    /// Delivers this text as one read of the socket.
    func serve(_ text: String) {
        core.received(ByteBuffer(string: text))
        core.receivedAll()
    }

    func pass(_ time: TimeAmount) { loop.advanceTime(by: time) }

    var failure: String? { core.hasFailed ? core.machine.closedReason.map { words($0) } : nil }

    func send(receipt: Bool, transaction: String? = nil) throws -> Receipt? {
        let id = try core.send { session throws(STOMPProtocolError) in
            let id = receipt ? session.makeReceiptID() : nil
            return (id, [try session.send(to: "/a", transaction: transaction, receipt: id)])
        }
        return id.map { core.awaitReceipt($0, in: transaction) }
    }
}

/// The result of a future as text; nil while it is pending.
final class Outcome: Sendable {
    private let box = NIOLockedValueBox<String?>(nil)
    var words: String? { box.withLockedValue { $0 } }

    init<Value: Sendable>(_ future: EventLoopFuture<Value>) {
        future.whenComplete { [box] result in
            let words =
                switch result {
                case .success(let value): value is Void || value is Timestamp ? "done" : "\(value)"
                case .failure(let error as STOMPClientError): STOMPClientTests.words(error)
                case .failure(let error): "\(error)"
                }
            box.withLockedValue { $0 = words }
        }
    }
}
