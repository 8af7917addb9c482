import NIOCore
import STOMPTransport

/// All connections of a tap. It lives on the tap's event loop.
final class Switchboard {
    init(
        _ configuration: TapConfiguration, on eventLoop: any EventLoop,
        observer: @escaping @Sendable ([TapEvent]) -> Void
    ) {
        self.eventLoop = eventLoop
    }

    private let eventLoop: any EventLoop

    func accept(_ channel: any Channel) throws {}

    func shutDown() -> EventLoopFuture<Void> { eventLoop.makeSucceededVoidFuture() }
}
