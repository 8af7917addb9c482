import STOMPTransport

extension TransportDescription {
    /// What carries it, for people: `TCP`, `WebSocket`, `SockJS xhr-streaming`, `HTTP`.
    package var name: String { kind.description }
}
