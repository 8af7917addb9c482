import NIOCore
import NIOPosix
import STOMPTransport

/// Stands between apps and their server, passes everything on, and tells what it sees.
///
/// Everything happens on one event loop, so that what is told has one order.
public final class Tap: Sendable {
    /// The address that is listened on.
    public let host: String
    /// Its port, also where the system chose it.
    public let port: Int
    private let listener: TransportListener
    let tapServer: NIOLoopBound<TapServer>

    private init(listener: TransportListener, tapServer: NIOLoopBound<TapServer>) {
        host = listener.host
        port = listener.port
        self.listener = listener
        self.tapServer = tapServer
    }

    /// Starts a tap on one event loop of `group`, and returns when it listens.
    ///
    /// - Parameter observer: takes what is seen, together what came together. It is called on the event loop, one call
    ///   after the other, and should not block: the apps wait for it.
    /// - Throws: ``TransportError`` where the address cannot be listened on, or a file or a header of the options will
    ///   not do.
    public static func start(
        _ configuration: TapConfiguration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        observer: @escaping @Sendable ([TapEvent]) -> Void
    ) async throws -> Tap {
        try HTTPSite.check(configuration.transport.httpHeaders)
        let eventLoop = group.next()
        let tapServer = try await eventLoop.submit {
            NIOLoopBound(TapServer(configuration, on: eventLoop, observer: observer), eventLoop: eventLoop)
        }.get()
        let listener = try await TransportListener.channels(
            host: configuration.host, port: configuration.port, on: eventLoop, options: configuration.transport,
            tls: configuration.tls
        ) { channel, _ in try tapServer.value.accept(channel) }
        return Tap(listener: listener, tapServer: tapServer)
    }

    /// Stops listening, ends all connections, and returns when they are over.
    public func shutdown() async {
        await listener.close()
        let tapServer = tapServer
        try? await tapServer.eventLoop.flatSubmit { tapServer.value.shutDown() }.get()
    }
}
