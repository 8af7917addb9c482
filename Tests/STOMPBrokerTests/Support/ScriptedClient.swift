import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import STOMPCore
import STOMPTransport

@testable import STOMPBroker

/// A client that sends what the test writes, and records what it receives.
final class ScriptedClient: Sendable {
    struct Contents: Sendable {
        /// The frames that ``ScriptedClient/next()`` has not yet returned.
        var frames: [Frame] = []
        var heartBeats = 0
        var bytes = 0
        var closures: [TransportClosure] = []
        var hasEnded = false
        var endError: TransportError?
        var decodingError: STOMPProtocolError?
    }

    struct TimedOut: Error {
        var contents: Contents
    }

    private let box = NIOLockedValueBox(Contents())
    let stream: any TransportStream

    convenience init(
        _ address: Broker.Address, origin: String? = nil, subprotocols: [String] = [], trace: WireTrace = .off
    ) async throws {
        try await self.init(TransportTarget(address), origin: origin, subprotocols: subprotocols, trace: trace)
    }

    init(
        _ target: TransportTarget, origin: String? = nil, subprotocols: [String] = [], trace: WireTrace = .off
    ) async throws {
        var options = TransportOptions()
        options.trace = trace
        options.origin = origin
        options.subprotocols = subprotocols
        let box = box
        stream = try await TransportConnector(options: options).connect(
            to: target, on: MultiThreadedEventLoopGroup.singleton.any(),
            deadline: .now() + .seconds(60)
        ) { _ in Receiver(box: box) }
    }

    /// A client with an open session.
    static func connected(
        to address: Broker.Address, version: STOMPVersion = .v12, heartBeat: String = "0,0"
    ) async throws -> ScriptedClient {
        let client = try await ScriptedClient(address)
        try await client.send("CONNECT\naccept-version:\(version)\nhost:/\nheart-beat:\(heartBeat)\n\n\0")
        _ = try await client.next()
        return client
    }

    var contents: Contents { box.withLockedValue { $0 } }

    /// Sends these bytes in one write.
    func send(_ text: String) async throws { try await send(bytes: Array(text.utf8)) }

    func send(bytes: [UInt8]) async throws {
        try await stream.eventLoop.submit { [stream] in
            stream.write(ByteBuffer(bytes: bytes), promise: nil)
            stream.flush()
        }.get()
    }

    /// The next frame, as its bytes without the NUL.
    func next() async throws -> String {
        try await wait { !$0.frames.isEmpty }
        let frame = box.withLockedValue { $0.frames.removeFirst() }
        return String(buffer: frame.bytes.getSlice(at: frame.bytes.readerIndex, length: frame.bytes.readableBytes - 1)!)
    }

    /// The bodies of the next frames.
    func bodies(_ count: Int) async throws -> [String] {
        try await wait { $0.frames.count >= count }
        return box.withLockedValue { contents in
            defer { contents.frames.removeFirst(count) }
            return contents.frames[..<count].map { String(buffer: $0.body) }
        }
    }

    /// Waits for the end of the stream; another frame before it is an error.
    func end() async throws -> TransportError? {
        try await wait { $0.hasEnded || !$0.frames.isEmpty }
        guard contents.frames.isEmpty else { throw TimedOut(contents: contents) }
        return contents.endError
    }

    func setReading(_ isReading: Bool) async throws {
        try await stream.eventLoop.submit { [stream] in stream.setReading(isReading) }.get()
    }

    func abort() async throws {
        try await stream.eventLoop.submit { [stream] in stream.abort() }.get()
    }

    func wait(_ condition: (Contents) -> Bool) async throws {
        let deadline = NIODeadline.now() + .seconds(60)
        while !box.withLockedValue({ condition($0) }) {
            guard .now() < deadline else { throw TimedOut(contents: contents) }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

private final class Receiver: TransportReceiver {
    private let box: NIOLockedValueBox<ScriptedClient.Contents>
    private var decoder = FrameDecoder()

    init(box: NIOLockedValueBox<ScriptedClient.Contents>) { self.box = box }

    func received(_ bytes: ByteBuffer) {
        decoder.feed(bytes)
        box.withLockedValue { contents in
            contents.bytes += bytes.readableBytes
            do throws(STOMPProtocolError) {
                while let element = try decoder.next() {
                    if case .frame(let frame) = element {
                        contents.frames.append(frame)
                    } else {
                        contents.heartBeats += 1
                    }
                }
            } catch {
                contents.decodingError = error
            }
        }
    }

    func receivedAll() {}
    func writabilityChanged(_ isWritable: Bool) {}

    func happened(_ event: TransportEvent) {
        if case .wire(.ended(let closure), _) = event { box.withLockedValue { $0.closures.append(closure) } }
    }

    func ended(_ error: TransportError?) {
        box.withLockedValue {
            $0.endError = error
            $0.hasEnded = true
        }
    }
}

extension TransportTarget {
    init(_ address: Broker.Address) {
        switch address.listener {
        case .tcp(let host, let port):
            self.init(kind: .tcp, host: host, port: port, isSecure: false)
        case .webSocket(let host, let port, let path):
            // With a SockJS URL, the WebSocket endpoint is below the URL.
            let requestTarget = address.url.hasPrefix("http") ? path + "/websocket" : path
            self.init(kind: .webSocket(requestTarget: requestTarget), host: host, port: port, isSecure: false)
        }
    }
}

/// The kinds of the received WebSocket messages.
final class MessageKinds: Sendable {
    private let box = NIOLockedValueBox<[String]>([])

    var all: [String] { box.withLockedValue { $0 } }

    func record(_ event: WireEvent) {
        guard event.layer == .ws, event.direction == .incoming, event.detail == .bytes else { return }
        guard case .message(let isText, _) = event.content else { return }
        box.withLockedValue { $0.append(isText ? "text" : "binary") }
    }
}
