import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import STOMPTransport
import SystemC
import TestSupport

@testable import STOMPTap

/// One end of a TCP connection that a test controls.
final class Wire: Sendable {
    private struct State {
        var bytes = ByteBuffer()
        var count = 0
        var keeps = true
        var isFinished = false
        var isClosed = false
        var error: (any Error)?
    }

    private let channel: any Channel
    private let state: NIOLockedValueBox<State>

    fileprivate init(_ channel: any Channel) throws {
        self.channel = channel
        let state = NIOLockedValueBox(State())
        self.state = state
        try channel.pipeline.syncOperations.addHandler(Handler(state))
    }

    static func connect(to port: Int) async throws -> Wire {
        let box = NIOLockedValueBox<Wire?>(nil)
        _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let wire = try Wire(channel)
                    box.withLockedValue { $0 = wire }
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        guard let wire = box.withLockedValue({ $0 }) else { throw TestFailure("no connection") }
        return wire
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    // MARK: Sending

    func send(_ text: String) { send(ByteBuffer(string: text)) }
    func send(_ bytes: ByteBuffer) { channel.writeAndFlush(bytes, promise: nil) }

    /// Sends each byte separately.
    func trickle(_ text: String) async throws {
        for byte in text.utf8 { try await channel.writeAndFlush(ByteBuffer(bytes: [byte])).get() }
    }

    /// Closes the output.
    func finish() { channel.close(mode: .output, promise: nil) }
    func close() { channel.close(promise: nil) }

    func reset() async throws {
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close().get()
    }

    func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
    }

    /// Counts received bytes without keeping them.
    func onlyCount() { state.withLockedValue { $0.keeps = false } }

    /// Sends a piece repeatedly, each time only when the connection accepts more.
    ///
    /// - Returns: the number of pieces sent so far; it is updated while sending continues.
    func flood(_ piece: ByteBuffer, times: Int) -> NIOLockedValueBox<Int> {
        let sent = NIOLockedValueBox(0)
        let channel = channel
        @Sendable func next(_ left: Int) {
            guard left > 0 else { return }
            channel.writeAndFlush(piece).whenSuccess {
                sent.withLockedValue { $0 += 1 }
                // Now and then the event loop must check for input, which it does not do between tasks.
                if left % 16 == 0 {
                    channel.eventLoop.scheduleTask(in: .milliseconds(1)) { next(left - 1) }
                } else {
                    channel.eventLoop.execute { next(left - 1) }
                }
            }
        }
        next(times)
        return sent
    }

    // MARK: Received data

    var received: ByteBuffer { state.withLockedValue { $0.bytes } }
    var text: String { String(buffer: received) }
    var count: Int { state.withLockedValue { $0.count } }
    var isFinished: Bool { state.withLockedValue { $0.isFinished } }
    var isClosed: Bool { state.withLockedValue { $0.isClosed } }
    var error: (any Error)? { state.withLockedValue { $0.error } }
    var wasReset: Bool { error != nil }

    func wait(_ what: String, for condition: (Wire) -> Bool) async throws {
        _ = try await eventually {
            condition(self) ? true : nil
        } otherwise: {
            "no \(what); what came is \(text.suffix(2000).debugDescription), \(count) octets"
        }
    }

    func wait(for text: String) async throws {
        try await wait("\(text.suffix(2000).debugDescription)") { $0.text.contains(text) }
    }

    func wait(until text: String) async throws {
        try await wait("end with \(text.suffix(2000).debugDescription)") { $0.text.hasSuffix(text) }
    }

    func waitForEnd() async throws { try await wait("end") { $0.isFinished || $0.isClosed } }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let state: NIOLockedValueBox<State>

        init(_ state: NIOLockedValueBox<State>) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Self.unwrapInboundIn(data)
            state.withLockedValue { state in
                state.count += bytes.readableBytes
                if state.keeps { state.bytes.writeImmutableBuffer(bytes) }
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { state.withLockedValue { $0.isFinished = true } }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            state.withLockedValue { $0.error = error }
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { state.withLockedValue { $0.isClosed = true } }
    }
}

/// A server whose connections a test controls.
final class WireServer: Sendable {
    let port: Int
    private let channel: any Channel
    private let wires: NIOLockedValueBox<[Wire]>

    init() async throws {
        let wires = NIOLockedValueBox<[Wire]>([])
        self.wires = wires
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let wire = try Wire(channel)
                    wires.withLockedValue { $0.append(wire) }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    var all: [Wire] { wires.withLockedValue { $0 } }

    /// The connection with this number, counted from 0; waits until it exists.
    func wire(_ number: Int = 0) async throws -> Wire {
        try await eventually {
            all.dropFirst(number).first
        } otherwise: {
            "only \(all.count) connections have come"
        }
    }

    func stop() async {
        try? await channel.close().get()
        for wire in all { wire.close() }
    }
}

/// A tap in front of a server that does nothing by itself.
struct Between: Overheard {
    let tap: Tap
    let server: WireServer
    let events: NIOLockedValueBox<[TapEvent]>

    static func run(
        _ kind: TransportTarget.Kind = .webSocket(requestTarget: "/"), reportsLayers: Bool = false,
        faults: TapFaults = TapFaults(),
        isolation: isolated (any Actor)? = #isolation, shape: (inout TapConfiguration) throws -> Void = { _ in },
        _ body: (Between) async throws -> Void
    ) async throws {
        let server = try await WireServer()
        let target = TransportTarget(kind: kind, host: "127.0.0.1", port: server.port, isSecure: false)
        var configuration = TapConfiguration(host: "127.0.0.1", port: 0, targets: [target])
        configuration.reportsLayers = reportsLayers
        configuration.faults = faults
        try shape(&configuration)
        let events = NIOLockedValueBox<[TapEvent]>([])
        let tap = try await Tap.start(configuration) { new in events.withLockedValue { $0 += new } }
        do {
            try await body(Between(tap: tap, server: server, events: events))
        } catch {
            await tap.shutdown()
            await server.stop()
            throw TestFailure("\(error)\n\(events.withLockedValue { $0 })")
        }
        await tap.shutdown()
        await server.stop()
    }

    func connect() async throws -> Wire { try await Wire.connect(to: tap.port) }

    /// Both ends of a connection through the tap, for transports other than HTTP.
    func open() async throws -> (app: Wire, server: Wire) {
        let number = server.all.count
        return (try await connect(), try await server.wire(number))
    }

    /// The names of the tap and the server in a request.
    var tapName: String { "127.0.0.1:\(tap.port)" }
    var serverName: String { "127.0.0.1:\(server.port)" }

    /// Both ends of a WebSocket through the tap.
    func webSocket(
        _ path: String = "/ws", headers: String = "", answer: String = ""
    ) async throws -> (app: Wire, server: Wire) {
        let app = try await connect()
        let number = server.all.count
        app.send(Self.upgrade(path, host: tapName, headers))
        let server = try await server.wire(number)
        try await server.wait(for: "\r\n\r\n")
        server.send(Self.switching(answer))
        try await app.wait(until: Self.switching(answer))
        return (app, server)
    }

    static func upgrade(_ path: String = "/ws", host: String, _ headers: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n"
    }

    static func switching(_ headers: String = "") -> String {
        "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\(headers)\r\n"
    }
}

/// The events that a tap reported.
protocol Overheard {
    var events: NIOLockedValueBox<[TapEvent]> { get }
}

extension Overheard {
    var all: [TapEvent] { events.withLockedValue { $0 } }

    /// The complete frames in this direction.
    func frames(_ direction: WireEvent.Direction) -> [String] {
        all.compactMap { event in
            guard event.direction == direction, case .frame(let frame) = event.content else { return nil }
            return String(buffer: frame.bytes)
        }
    }

    /// The messages that are not STOMP.
    func messages(_ direction: WireEvent.Direction) -> [String] {
        all.compactMap { event in
            guard event.direction == direction, case .wire(_, .message(let isText, _), let bytes?) = event.content
            else {
                return nil
            }
            return (isText ? "" : "binary ") + String(buffer: bytes)
        }
    }

    var faults: [TapFault] {
        all.compactMap { if case .fault(let fault) = $0.content { fault } else { nil } }
    }

    var notes: [TapNote] {
        all.compactMap { if case .note(let note) = $0.content { note } else { nil } }
    }

    var openings: [TapOpening] {
        all.compactMap { if case .opened(let opening) = $0.content { opening } else { nil } }
    }

    var endings: [TapEnding] {
        all.compactMap { if case .ended(let ending) = $0.content { ending } else { nil } }
    }

    /// The layer and the event as text.
    var layers: [String] {
        all.compactMap { event in
            guard case .wire(let layer, let content, _) = event.content else { return nil }
            return "\(layer) \(plainWords(of: content))"
        }
    }

    /// The bytes in this direction that are not STOMP.
    func bytes(_ direction: WireEvent.Direction) -> String {
        all.map { event in
            guard event.direction == direction, case .wire(_, .bytes, let bytes?) = event.content else { return "" }
            return String(buffer: bytes)
        }.joined()
    }

    /// Waits until an event was reported.
    func wait(_ what: String, for condition: (Self) -> Bool) async throws {
        _ = try await eventually {
            condition(self) ? true : nil
        } otherwise: {
            "no \(what) was told"
        }
    }
}

extension TapEnding {
    func isReset(by side: TapSide) -> Bool {
        if case .connectionBroken(side, .tcp(.connectionReset)) = self { true } else { false }
    }
}
