import STOMPCore
import STOMPTransport

/// The settings of a session. All times are `Duration`s.
public struct ClientConfiguration: Sendable {
    /// The contents of CONNECT (STOMP 1.2, "Connecting"), with the heart-beats to offer.
    public var session: SessionConfiguration
    /// The settings of the transport. `TransportOptions/trace` also receives STOMP frames.
    public var transport = TransportOptions()
    /// Creates additional headers for each connection attempt, within ``connectTimeout``. If the server refuses
    /// them, new headers are created and the server is tried once more. Default nil.
    public var attemptHeaders: AttemptHeaders.Provider?
    /// The SockJS transport for an `http://` endpoint. Default `SockJSTransport/auto`.
    public var sockJSTransport = SockJSTransport.auto
    /// The timeout for all steps up to CONNECTED: name, TCP, TLS, HTTP, STOMP. Default 5 s.
    public var connectTimeout = Duration.seconds(5)
    /// The timeout for a receipt, for the receipt of DISCONNECT, and for a write without progress. Default 5 s.
    public var receiptTimeout = Duration.seconds(5)
    /// The time after SUBSCRIBE when a subscription is assumed to be active, if the server sends no receipts.
    /// Default 100 ms.
    public var settleTime = Duration.milliseconds(100)
    /// The limits for received frames, in bytes and headers. A larger frame ends the session.
    public var limits = FrameLimits()
    /// The number of bytes of undelivered messages at which reading from the socket is paused, until half of them
    /// were read. Default 1 MiB.
    public var undeliveredLimit = 1 << 20
    /// Called on the connection's event loop for notices to the user that are not errors. Default: does nothing.
    public var notice: @Sendable (ClientNotice) -> Void = { _ in }

    /// Creates the settings for an endpoint: its login, its passcode, its virtual host (default: its host name),
    /// and the STOMP subprotocols, the highest version first.
    public init(_ endpoint: Endpoint) {
        session = SessionConfiguration(virtualHost: endpoint.virtualHost ?? endpoint.host)
        session.login = endpoint.login
        session.passcode = endpoint.passcode
        transport.subprotocols = ["v12.stomp", "v11.stomp", "v10.stomp"]
    }

    /// The same configuration for one connection, with a connection number for the trace.
    public func ofOneConnection() -> ClientConfiguration {
        var configuration = self
        configuration.transport.trace = transport.trace.numbered()
        return configuration
    }
}

/// A notice about a session that is not an error. Cases may be added: keep a `default` in a `switch`.
public enum ClientNotice: Sendable {
    /// This part of a frame was received while waiting for CONNECTED.
    case opening(UnfinishedFrame)
    /// A WebSocket text message was not UTF-8; a browser would close with 1007. Reported once per session.
    case invalidUTF8
    /// The first MESSAGE that belongs to no subscription of this side; it is dropped.
    case strayMessage(Frame)
    /// The total number of such messages, at the end of the session, if there was more than one.
    case strayMessages(Int)
}
