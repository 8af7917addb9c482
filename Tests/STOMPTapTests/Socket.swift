import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport

@testable import STOMPTap

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A connection of an app's, down to its halves and resets.
final class Socket: Sendable {
    private let channel: any Channel
    private let state = NIOLockedValueBox(State())

    private struct State {
        var read = ByteBuffer()
        var isAtEnd = false
        var failure: (any Error)?
    }

    init(port: Int) async throws {
        let state = state
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(state))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    var failure: (any Error)? { state.withLockedValue { $0.failure } }

    func write(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// Writes, and says whether it was taken within half a second.
    func tryWrite(_ text: String) async throws -> Bool {
        let written = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(ByteBuffer(string: text), promise: written)
        let timeout = channel.eventLoop.scheduleTask(in: .milliseconds(500)) {}
        return await withCheckedContinuation { answer in
            let isAnswered = NIOLockedValueBox(false)
            @Sendable func say(_ isTaken: Bool) {
                let isFirst = isAnswered.withLockedValue { answered in
                    defer { answered = true }
                    return !answered
                }
                if isFirst { answer.resume(returning: isTaken) }
            }
            written.futureResult.whenComplete { _ in say(true) }
            timeout.futureResult.whenComplete { _ in say(false) }
        }
    }

    func closeOutput() async throws { try await channel.close(mode: .output) }
    func close() async throws { try? await channel.close() }

    func reset() async throws {
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await close()
    }

    /// All that comes until the other side ends it.
    func readToEnd() async throws -> String {
        try await eventually {
            self.state.withLockedValue { $0.isAtEnd || $0.failure != nil ? String(buffer: $0.read) : nil }
        } otherwise: {
            self.state.withLockedValue { "no end behind \(String(buffer: $0.read))" }
        }
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let state: NIOLockedValueBox<State>

        init(_ state: NIOLockedValueBox<State>) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let octets = Self.unwrapInboundIn(data)
            _ = state.withLockedValue { $0.read.writeImmutableBuffer(octets) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { state.withLockedValue { $0.isAtEnd = true } }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            state.withLockedValue { $0.failure = error }
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            state.withLockedValue { $0.isAtEnd = true }
        }
    }
}

/// What a tap has told.
final class Told: Sendable {
    private let events = NIOLockedValueBox<[TapEvent]>([])

    func add(_ new: [TapEvent]) { events.withLockedValue { $0 += new } }
    var all: [TapEvent] { events.withLockedValue { $0 } }
    var notes: [String] { all.compactMap { if case .note(let text) = $0.content { text } else { nil } } }

    /// How many connections have ended.
    var ends: Int { all.count { if case .ended = $0.content { true } else { false } } }

    func octets(_ direction: TapEvent.Direction) -> String {
        all.map { event in
            guard event.direction == direction, case .octets(let octets) = event.content else { return "" }
            return String(buffer: octets)
        }.joined()
    }

    func waitForEnd(_ how: String) async throws {
        _ = try await eventually {
            self.all.contains { if case .ended(how) = $0.content { true } else { false } } ? true : nil
        } otherwise: {
            "\(self.all)"
        }
    }
}
