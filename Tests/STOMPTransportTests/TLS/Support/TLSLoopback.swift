import NIOCore
import NIOPosix
import STOMPTransport
import TestSupport
import Testing

/// The layer above TLS.
enum Above: String, Sendable, CaseIterable {
    case tcp, webSocket

    var kind: TransportTarget.Kind {
        self == .tcp ? .tcp : .webSocket(requestTarget: "/ws")
    }
}

extension TLSOptions {
    /// Options that trust a file of ``Certificates``.
    init(ca: String) {
        self.init()
        self.ca = Certificates.shared.path(ca + ".pem")
    }

    /// The same options with a client certificate, whose key is in its own file.
    func showing(_ certificate: String) -> TLSOptions {
        var options = self
        options.certificate = Certificates.shared.path(certificate + ".pem")
        options.key = Certificates.shared.path("key.pem")
        return options
    }
}

extension TLSServerOptions {
    /// A server with a certificate of ``Certificates``. It requires a client certificate from `clientCA`, if given.
    init(_ certificate: String = "server", clientCA: String? = nil) {
        self.init(
            certificate: Certificates.shared.path(certificate + ".pem"), key: Certificates.shared.path("key.pem"))
        self.clientCA = clientCA.map { Certificates.shared.path($0 + ".pem") }
    }
}

/// Starts a TLS server of this package on a loopback port.
func listenTLS(
    _ above: Above, _ tls: TLSServerOptions, options: TransportOptions = TransportOptions(),
    accept: @escaping TransportReceiverFactory
) async throws -> TransportListener {
    switch above {
    case .tcp:
        try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: options, tls: tls, accept: accept)
    case .webSocket:
        try await TransportListener.webSocket(
            host: "127.0.0.1", port: 0, on: group, endpoint: WebSocketEndpoint(path: "/ws"), options: options,
            tls: tls, accept: accept)
    }
}

/// Runs such a server while `body` runs.
func withTLSServer<Value>(
    _ above: Above = .tcp, _ tls: TLSServerOptions = TLSServerOptions(), options: TransportOptions = TransportOptions(),
    accept: @escaping TransportReceiverFactory = echo, _ body: (Int) async throws -> Value
) async throws -> Value {
    let listener = try await listenTLS(above, tls, options: options, accept: accept)
    do {
        let value = try await body(listener.port)
        await listener.close()
        return value
    } catch {
        await listener.close()
        throw error
    }
}

/// Connects to a TLS server.
func connectTLS(
    _ above: Above = .tcp, to port: Int, host: String = "localhost", _ tls: TLSOptions = TLSOptions(ca: "ca"),
    options: TransportOptions = TransportOptions(), deadline: NIODeadline = .farEnough, client: Inbox = Inbox()
) async throws -> any TransportStream {
    var options = options
    options.tls = tls
    return try await TransportConnector(options: options).connect(
        to: TransportTarget(kind: above.kind, host: host, port: port, isSecure: true), on: group.next(),
        deadline: deadline, receiver: client.factory)
}

/// The error when connecting to a TLS server; the test fails if the connection succeeds.
func refusal(
    _ above: Above = .tcp, by port: Int, host: String = "localhost", _ tls: TLSOptions = TLSOptions(ca: "ca"),
    deadline: NIODeadline = .farEnough
) async throws -> TransportError {
    do {
        let stream = try await connectTLS(above, to: port, host: host, tls, deadline: deadline)
        stream.abort()
        throw TestFailure("connected to \(stream.description)")
    } catch let error as TransportError {
        return error
    }
}

/// The error of a stream that is refused during or after its handshake: in TLS 1.3 a client learns of a refusal
/// after the handshake.
func lateRefusal(
    _ above: Above, by port: Int, _ tls: TLSOptions = TLSOptions(ca: "ca")
) async throws -> TransportError {
    let client = Inbox()
    do {
        _ = try await connectTLS(above, to: port, tls, client: client)
    } catch let error as TransportError {
        return error
    }
    return try #require(try await client.end())
}

/// Runs `openssl s_server` on a loopback port while `body` runs.
func withOpenSSLServer<Value: Sendable>(
    _ arguments: String..., certificate: String = "server",
    _ body: (_ port: Int, _ server: RunningProgram) async throws -> Value
) async throws -> Value {
    let files = Certificates.shared
    var program = Program(
        "/usr/bin/openssl",
        [
            "s_server", "-accept", "127.0.0.1:0", "-cert", files.path(certificate + ".pem"), "-key",
            files.path("key.pem"), "-chainCAfile", files.path("intermediate.pem"),
        ] + arguments)
    program.input = .open
    return try await program.start { server in
        let port = try await server.wait(otherwise: "does not listen") {
            server.written.output.firstMatch(of: /ACCEPT .*:(\d+)\n/).flatMap { Int($0.output.1) }
        }
        return try await body(port, server)
    }
}
