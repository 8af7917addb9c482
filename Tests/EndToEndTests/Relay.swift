import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A STOMP server for one publisher and one subscriber that drops, repeats, swaps or delays messages as a test
/// specifies.
final class Relay: Sendable {
    enum Fate: Sendable, Equatable {
        case pass, drop, double
        /// The message is sent after the next one.
        case swap
        /// Nothing is read or sent for this time.
        case stall(TimeAmount)
    }

    fileprivate struct State {
        var subscriber: (any Channel)?
        var messages = 0
        var held: ByteBuffer?
    }

    fileprivate let state = Mutex(State())
    fileprivate let fate: @Sendable (Int) -> Fate
    private let channel = Mutex<(any Channel)?>(nil)

    private init(_ fate: @escaping @Sendable (Int) -> Fate) {
        self.fate = fate
    }

    /// Runs the relay while `body` runs.
    ///
    /// - Parameter fate: what happens to each message, numbered from 0.
    static func run<Value: Sendable>(
        _ fate: @escaping @Sendable (Int) -> Fate, isolation: isolated (any Actor)? = #isolation,
        _ body: (Relay) async throws -> Value
    ) async throws -> Value {
        let relay = Relay(fate)
        // One thread, so that a stall affects all connections.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RelayHandler(relay))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        relay.channel.withLock { $0 = channel }
        do {
            let value = try await body(relay)
            try await group.shutdownGracefully()
            return value
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    var url: String { "stomp://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }

    /// The latency, in microseconds, that a closed-loop benchmark would measure with this server, if it sent each
    /// message only after the previous one arrived: one stall, and almost nothing otherwise.
    func latenciesOfAClosedLoop(percentile: Double) -> Double {
        let latencies = (0..<state.withLock { $0.messages }).map { number -> Double in
            if case .stall(let time) = fate(number) { Double(time.nanoseconds) / 1000 } else { 100 }
        }
        return latencies.sorted()[Int(Double(latencies.count - 1) * percentile / 100)]
    }
}

private final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let relay: Relay
    private var buffer = ByteBuffer()

    init(_ relay: Relay) {
        self.relay = relay
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        buffer.writeBuffer(&bytes)
        // No body here contains a NUL.
        while let end = buffer.readableBytesView.firstIndex(of: 0) {
            let frame = buffer.readString(length: end - buffer.readerIndex) ?? ""
            buffer.moveReaderIndex(forwardBy: 1)
            take(frame.drop { $0.isNewline }, context)
        }
        context.flush()
        relay.state.withLock { $0.subscriber }?.flush()
    }

    private func take(_ frame: Substring, _ context: ChannelHandlerContext) {
        if frame.hasPrefix("CONNECT") || frame.hasPrefix("STOMP") {
            write("CONNECTED\nversion:1.2\nserver:relay/1\n\n", context)
        } else if frame.hasPrefix("SUBSCRIBE") {
            relay.state.withLock { $0.subscriber = context.channel }
        } else if frame.hasPrefix("SEND") {
            pass(frame)
        }
        if let receipt = frame.firstMatch(of: /\nreceipt:(.*)/)?.output.1 {
            write("RECEIPT\nreceipt-id:\(receipt)\n\n", context)
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.write(Self.wrapOutboundOut(ByteBuffer(string: text + "\0")), promise: nil)
    }

    private func pass(_ frame: Substring) {
        relay.state.withLock { state in
            let number = state.messages
            state.messages += 1
            let body = frame.split(separator: "\n\n", maxSplits: 1).last ?? ""
            let message = ByteBuffer(
                string: "MESSAGE\nsubscription:sub-0\nmessage-id:\(number)\ndestination:/topic/bench\n\n\(body)\0")
            let fate = relay.fate(number)
            if case .stall(let time) = fate {
                // Blocks the only thread, so the whole server is idle meanwhile.
                usleep(UInt32(time.nanoseconds / 1000))
            }
            guard fate != .drop else { return }
            guard fate != .swap else {
                state.held = message
                return
            }
            state.subscriber?.write(message, promise: nil)
            if fate == .double { state.subscriber?.write(message, promise: nil) }
            if let held = state.held {
                state.subscriber?.write(held, promise: nil)
                state.held = nil
            }
        }
    }
}
