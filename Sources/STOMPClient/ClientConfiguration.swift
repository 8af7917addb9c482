import NIOCore
import STOMPCore
import STOMPTransport

/// How a session is opened and kept.
public struct ClientConfiguration: Sendable {
    /// What CONNECT says.
    public var session: SessionConfiguration
    /// How the bytes travel. Its `TransportOptions/trace` is told of STOMP frames too.
    public var transport = TransportOptions()
    /// Makes further headers for each attempt to connect, within ``connectTimeout``; after a refusal they are made anew,
    /// and the server is tried once again. Default nil.
    public var attemptHeaders: AttemptHeaders.Provider?
    /// Which SockJS transport carries the session at an `http://` endpoint. Default `SockJSTransport/auto`.
    public var sockJSTransport = SockJSTransport.auto
    /// The whole way to CONNECTED: name, TCP, TLS, HTTP, STOMP. Default 5 s.
    public var connectTimeout = TimeAmount.seconds(5)
    /// How long a receipt may take, the goodbye, and a write that makes no progress. Default 5 s.
    public var receiptTimeout = TimeAmount.seconds(5)
    /// How long after SUBSCRIBE a subscription counts as standing where the server answers no receipts. Default 100 ms.
    public var settle = TimeAmount.milliseconds(100)
    /// How much of a frame is taken.
    public var limits = FrameLimits()
    /// Bytes of messages that may wait for their reader before the socket is no longer read. Default 1 MiB.
    public var undeliveredLimit = 1 << 20
    /// Called on the connection's event loop with what a user should know and what is no failure. Default: nothing.
    public var notice: @Sendable (ClientNotice) -> Void = { _ in }

    /// What an endpoint asks for by itself: its login, its passcode and its virtual host, which is its host name where
    /// it names none; and the STOMP subprotocols, the highest first.
    public init(_ endpoint: Endpoint) {
        session = SessionConfiguration(virtualHost: endpoint.virtualHost ?? endpoint.host)
        session.login = endpoint.login
        session.passcode = endpoint.passcode
        transport.subprotocols = ["v12.stomp", "v11.stomp", "v10.stomp"]
    }

    /// The same for one connection, which the trace then tells from others.
    public func ofOneConnection() -> ClientConfiguration {
        var configuration = self
        configuration.transport.trace = transport.trace.numbered()
        return configuration
    }
}

/// What a user should know of a session, and what is no failure. More may come: keep a `default` in a `switch`.
public enum ClientNotice: Sendable {
    /// CONNECTED is awaited, and this much of a frame came.
    case opening(UnfinishedFrame)
    /// A text message of WebSocket was not UTF-8: a browser would close with 1007. Said once a session.
    case invalidUTF8
    /// The first MESSAGE that belongs to no subscription of this side, and is dropped.
    case strayMessage(Frame)
    /// How many there were, where that is more than one, at the end of the session.
    case strayMessages(Int)
}
