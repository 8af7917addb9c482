import NIOCore
import STOMPCore
import STOMPTap
import STOMPTransport

extension TapEvent.Content {
    /// A WebSocket message that is not STOMP.
    package static func message(_ bytes: ByteBuffer, isText: Bool) -> Self {
        .wire(.ws, .message(isText: isText), bytes)
    }

    /// Bytes over TCP that are not STOMP.
    package static func bytes(_ bytes: ByteBuffer) -> Self { .wire(.tcp, .bytes, bytes) }

    package static var heartBeat: Self { .wire(.stomp, .observedHeartBeat) }
}

extension TapEvent {
    package static func sample(connection: Int = 3, app: String = "127.0.0.1:51234", _ content: Content) -> TapEvent {
        .sample(.outgoing, connection: connection, app: app, content)
    }

    package static func sample(
        _ direction: WireEvent.Direction, connection: Int = 3, app: String = "127.0.0.1:51234", _ content: Content
    ) -> TapEvent {
        TapEvent(connection: connection, app: app, direction: direction, content)
    }

    package static func sent(_ command: String, _ headers: [String] = [], _ body: String = "", on connection: Int = 3)
        throws
        -> TapEvent
    {
        .sample(connection: connection, .frame(try makeMessage(headers, body: body.utf8, command: command)))
    }

    package static func came(_ command: String, _ headers: [String] = [], _ body: String = "", on connection: Int = 3)
        throws
        -> TapEvent
    {
        .sample(.incoming, connection: connection, .frame(try makeMessage(headers, body: body.utf8, command: command)))
    }
}
