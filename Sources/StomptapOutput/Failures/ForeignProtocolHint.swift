import STOMPTransport

extension ForeignProtocol {
    /// What to do about it, for somebody who wanted STOMP.
    package var hint: String {
        switch self {
        case .http: "this port speaks HTTP: for STOMP over WebSocket try ws://HOST:PORT/PATH"
        case .tls: "this port speaks TLS: try stomps:// or wss://"
        case .amqp: "this port speaks AMQP: RabbitMQ has STOMP on 61613, and on 15674/ws over WebSocket"
        case .ssh, .smtp: "this port speaks \(rawValue)"
        }
    }
}
