import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A client that sends the given pieces as fast as the connection accepts them.
public final class FloodClient: Sendable {
    private struct State {
        var sent = 0
        var isOver = false
    }

    private let state: NIOLockedValueBox<State>
    private let channel: any Channel

    /// The number of bytes that the system has accepted.
    public var sent: Int { state.withLockedValue { $0.sent } }
    /// Whether the server has closed the connection.
    public var isOver: Bool { state.withLockedValue { $0.isOver } }

    /// - Parameter reads: whether it reads, and discards, what the server sends.
    public init(port: Int, reads: Bool, pieces: [ByteBuffer]) async throws {
        let state = NIOLockedValueBox(State())
        self.state = state
        channel = try await ClientBootstrap(group: ServerThread.shared.eventLoop)
            .channelOption(.autoRead, value: reads)
            .connect(host: "127.0.0.1", port: port).get()
        channel.closeFuture.whenComplete { _ in state.withLockedValue { $0.isOver = true } }
        channel.eventLoop.execute { [channel] in Self.send(pieces[...], to: channel, state) }
    }

    /// Sends one piece after another, so that ``sent`` counts only bytes that have been written.
    private static func send(
        _ pieces: ArraySlice<ByteBuffer>, to channel: any Channel, _ state: NIOLockedValueBox<State>
    ) {
        guard let first = pieces.first else { return }
        channel.writeAndFlush(first).whenSuccess {
            state.withLockedValue { $0.sent += first.readableBytes }
            channel.eventLoop.execute { send(pieces.dropFirst(), to: channel, state) }
        }
    }

    public func close() async { try? await channel.close().get() }
}

extension FloodClient {
    /// Splits these bytes into pieces of 64 KiB.
    public static func pieces(_ bytes: String) -> [ByteBuffer] {
        var rest = ByteBuffer(string: bytes)
        var pieces: [ByteBuffer] = []
        while let piece = rest.readSlice(length: min(64 << 10, rest.readableBytes)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        return pieces
    }
}
