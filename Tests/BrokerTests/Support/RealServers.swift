/// RabbitMQ with its STOMP and Web STOMP plugins.
///
/// Users: guest/guest has all permissions; alice/wonderland may only use the virtual host `orders`.
struct RabbitMQServer: Sendable {
    let server: BrokerServer
    var stompPort: Int { server.ports["STOMP", default: 0] }
    var stompsPort: Int { server.ports["STOMPS", default: 0] }
    var webSocketPort: Int { server.ports["WS", default: 0] }
    var secureWebSocketPort: Int { server.ports["WSS", default: 0] }
    /// The CA file for the `localhost` certificate of its TLS ports.
    var authority: String { server.folder.appending(path: "ca.pem").path }

    /// The instance shared by all tests. A test that stops the server must start a separate instance.
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

/// ActiveMQ Classic. No login is needed; if a client logs in, it must be system/manager.
struct ActiveMQServer: Sendable {
    let server: BrokerServer
    var stompPort: Int { server.ports["STOMP", default: 0] }
    var stompsPort: Int { server.ports["STOMPS", default: 0] }
    /// The CA file for the `localhost` certificate of its TLS port.
    var authority: String { server.folder.appending(path: "ca.pem").path }

    /// The instance shared by all tests. A test that stops the server must start a separate instance.
    static var shared: ActiveMQServer { get async throws { try await starting.value } }

    private static let starting = Task { try await start() }

    static func start() async throws -> ActiveMQServer {
        ActiveMQServer(
            server: try await BrokerServer(
                "ActiveMQ", script: "activemq.sh", executable: "/usr/share/activemq/lib/activemq-broker.jar",
                readyLine: ") started", ports: ["STOMP", "STOMPS"]))
    }
}

/// node-sockjs with a small STOMP server behind it. `Servers/sockjs.js` documents its services.
struct NodeSockJSServer: Sendable {
    let server: BrokerServer
    var port: Int { server.ports["SOCKJS", default: 0] }

    /// The instance shared by all tests. A test that stops the server must start a separate instance.
    static var shared: NodeSockJSServer { get async throws { try await starting.value } }

    private static let starting = Task { try await start() }

    static func start() async throws -> NodeSockJSServer {
        NodeSockJSServer(
            server: try await BrokerServer(
                "node-sockjs", script: "sockjs.sh", executable: "/usr/share/nodejs/sockjs/index.js",
                readyLine: "listening", ports: ["SOCKJS"]))
    }

    /// The URL of a service; the query identifies the client in the server's log.
    func url(_ service: String = "stomp", scheme: String = "http", of client: String = "") -> String {
        "\(scheme)://127.0.0.1:\(port)/\(service)" + (client.isEmpty ? "" : "?" + client)
    }

    /// The server's log lines about a client, without session ID and query: `GET /stomp/S/eventsource `.
    func lines(of client: String) -> [String] {
        server.log.split(separator: "\n").filter { $0.contains(client) }.map {
            String($0).replacing("?" + client, with: "").replacing(/\/[0-9]{3}\/[a-z0-5]{16}\//, with: "/S/")
        }
    }
}
