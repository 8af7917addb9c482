import NIOCore
import STOMPTransport
import Testing

/// Both ends of a WebSocket over a real socket.
struct WebSocketPair {
    let client: Inbox
    let server: Inbox
    let stream: any TransportStream
    let accepted: any TransportStream
    private let listener: TransportListener

    static let path = "/ws"

    init(
        client: Inbox = Inbox(), server: Inbox = Inbox(), clientOptions: TransportOptions = TransportOptions(),
        serverOptions: TransportOptions = TransportOptions(), subprotocols: [String] = [], compresses: Bool = false
    ) async throws {
        self.client = client
        self.server = server
        var endpoint = WebSocketEndpoint(path: Self.path, subprotocols: subprotocols)
        endpoint.compresses = compresses
        listener = try await TransportListener.webSocket(
            host: "127.0.0.1", port: 0, on: group,
            endpoint: endpoint, options: serverOptions, accept: server.factory)
        stream = try await TransportConnector(options: clientOptions).connect(
            to: .webSocket(listener.port, Self.path), on: group.next(), deadline: .farEnough, receiver: client.factory)
        accepted = try #require(try await server.wait { $0.stream != nil }.stream)
    }

    func close() async {
        stream.abort()
        await listener.close()
    }
}
