/// RabbitMQ with its STOMP and Web STOMP plugins.
///
/// Users: guest/guest may do all; alice/wonderland knows the virtual host `orders` alone.
struct RabbitMQServer: Sendable {
    let server: BrokerServer
    var stompPort: Int { server.ports["STOMP", default: 0] }
    var stompsPort: Int { server.ports["STOMPS", default: 0] }
    var webSocketPort: Int { server.ports["WS", default: 0] }
    var secureWebSocketPort: Int { server.ports["WSS", default: 0] }
    /// What signed the certificate for `localhost` that its TLS ports show.
    var authority: String { server.folder.appending(path: "ca.pem").path }

    /// The one that all tests share. A test that stops it starts one of its own.
    static var shared: RabbitMQServer { get async throws { try await starting.value } }

    private static let starting = Task { try await start() }

    static func start() async throws -> RabbitMQServer {
        RabbitMQServer(
            server: try await BrokerServer(
                "RabbitMQ", script: "rabbitmq.sh", executable: "/usr/lib/rabbitmq/bin/rabbitmq-server",
                readyLine: "Server startup complete",
                ports: ["STOMP", "STOMPS", "WS", "WSS", "EPMD", "DISTRIBUTION"]))
    }
}

/// ActiveMQ Classic. Nobody needs to log in; who does must be system/manager.
struct ActiveMQServer: Sendable {
    let server: BrokerServer
    var stompPort: Int { server.ports["STOMP", default: 0] }
    var stompsPort: Int { server.ports["STOMPS", default: 0] }
    /// What signed the certificate for `localhost` that its TLS port shows.
    var authority: String { server.folder.appending(path: "ca.pem").path }

    /// The one that all tests share. A test that stops it starts one of its own.
    static var shared: ActiveMQServer { get async throws { try await starting.value } }

    private static let starting = Task { try await start() }

    static func start() async throws -> ActiveMQServer {
        ActiveMQServer(
            server: try await BrokerServer(
                "ActiveMQ", script: "activemq.sh", executable: "/usr/share/activemq/lib/activemq-broker.jar",
                readyLine: ") started", ports: ["STOMP", "STOMPS"]))
    }
}
