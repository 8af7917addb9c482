import NIOCore

/// Takes streams from others: the server's end of every transport.
public struct TransportListener: Sendable {
    /// The address that is listened on, as it was given.
    public let host: String
    /// The port that is listened on; where 0 was asked for, the one that the system chose.
    public let port: Int
    let channel: any Channel

    /// Listens for TCP connections, whose octets are passed on as they are. The system chooses the port where it
    /// is 0; the connections are spread over the event loops of `group`.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Code/cannotListen``, or ``TransportError/Code/nameNotFound``.
    public static func tcp(
        host: String, port: Int, on group: any EventLoopGroup, options: TransportOptions,
        accept: @escaping TransportReceiverFactory
    ) async throws -> TransportListener {
        throw TransportError(.cannotListen, .tcp, "not built yet")
    }

    /// Listens for WebSocket connections (RFC 6455) at `endpoint`.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Code/cannotListen``.
    public static func webSocket(
        host: String, port: Int, on group: any EventLoopGroup, endpoint: WebSocketEndpoint, options: TransportOptions,
        accept: @escaping TransportReceiverFactory
    ) async throws -> TransportListener {
        throw TransportError(.cannotListen, .tcp, "not built yet")
    }

    /// Stops listening. The connections that were taken go on.
    public func close() async {
        try? await channel.close().get()
    }
}
