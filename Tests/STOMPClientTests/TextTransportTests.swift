import NIOCore
import STOMPBroker
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPClient

/// A frame that SockJS cannot carry is not sent, and the session continues.
@Suite(.timeLimit(.minutes(1))) struct TextTransportTests {
    @Test(arguments: [SockJSTransport.websocket, .xhrStreaming])
    func anInvalidUTF8BodyFailsAlone(_ transport: SockJSTransport) async throws {
        var broker = BrokerConfiguration()
        broker.listeners = [.webSocket(host: "127.0.0.1", port: 0)]
        try await withBroker(broker) { addresses in
            let endpoint = try Endpoint(addresses[0].url.replacing("ws://", with: "http://"))
            var configuration = ClientConfiguration(endpoint)
            configuration.connectTimeout = .seconds(20)
            configuration.receiptTimeout = .seconds(20)
            configuration.sockJSTransport = transport
            try await STOMPConnection.withConnection(to: endpoint, configuration: configuration) { connection in
                let subscription = try await connection.subscribe(to: "/topic/a")
                #expect(try await connection.confirmation(of: subscription) == .confirmed)
                let error = await #expect(throws: STOMPClientError.self) {
                    try await connection.send([
                        OutgoingMessage(to: "/topic/a", body: ByteBuffer(string: "not sent either")),
                        OutgoingMessage(to: "/topic/a", body: ByteBuffer(bytes: [0xFF])),
                    ])
                }
                guard case .cannotSend(.notText(message: nil, over: connection.transport)) = error else {
                    Issue.record("\(error as Any)")
                    return
                }
                try await connection.send(OutgoingMessage(to: "/topic/a", body: ByteBuffer(string: "셋 🦊")))
                var messages = subscription.messages.makeAsyncIterator()
                #expect(try await messages.next().map { String(buffer: $0.body) } == "셋 🦊")
            }
        }
    }
}

/// Runs a broker while `body` runs.
func withBroker<Value: Sendable>(
    _ configuration: BrokerConfiguration, _ body: ([Broker.Address]) async throws -> Value
) async throws -> Value {
    let broker = try await Loopback.reopening { try await Broker.start(configuration: configuration) }
    do {
        let value = try await body(broker.addresses)
        await broker.shutdown()
        return value
    } catch {
        await broker.shutdown()
        throw error
    }
}
