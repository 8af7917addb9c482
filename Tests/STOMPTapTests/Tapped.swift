import NIOConcurrencyHelpers
import NIOCore
import STOMPBroker
import STOMPClient
import STOMPCore
import STOMPTransport
import TestSupport

@testable import STOMPTap

/// A tap in front of the embedded broker, and the events it reported.
struct Tapped: Overheard {
    let tap: Tap
    let broker: Broker
    let events: NIOLockedValueBox<[TapEvent]>

    enum Way: String, CaseIterable {
        case tcp, ws
        case websocket, xhrStreaming = "xhr-streaming", eventSource = "eventsource", xhrPolling = "xhr-polling"

        var isSockJS: Bool { self != .tcp && self != .ws }
        static var sockJS: [Way] { allCases.filter(\.isSockJS) }
    }

    static func run<Value: Sendable>(
        _ way: Way, faults: TapFaults = TapFaults(), profile: ServerProfile = .standard, reportsLayers: Bool = false,
        isolation: isolated (any Actor)? = #isolation,
        shape: (inout TapConfiguration) -> Void = { _ in }, _ body: (Tapped, Endpoint) async throws -> Value
    ) async throws -> Value {
        var configuration = BrokerConfiguration()
        configuration.serverProfile = profile
        configuration.hasEcho = true
        configuration.heartBeat = HeartBeat(outgoing: 100, incoming: 100)
        configuration.listeners = [
            way == .tcp ? .tcp(host: "127.0.0.1", port: 0) : .webSocket(host: "127.0.0.1", port: 0)
        ]
        let broker = try await Broker.start(configuration: configuration)
        let server = try Endpoint(broker.addresses[0].url)
        var settings = TapConfiguration(host: "127.0.0.1", port: 0, targets: [server.target(sockJS: .auto)])
        settings.faults = faults
        settings.reportsLayers = reportsLayers
        shape(&settings)
        let events = NIOLockedValueBox<[TapEvent]>([])
        let tap = try await Tap.start(settings) { new in events.withLockedValue { $0 += new } }
        let scheme = way == .tcp ? "stomp" : way == .ws ? "ws" : "http"
        let endpoint = try Endpoint("\(scheme)://127.0.0.1:\(tap.port)/ws")
        do {
            let value = try await body(Tapped(tap: tap, broker: broker, events: events), endpoint)
            await tap.shutdown()
            await broker.shutdown()
            return value
        } catch {
            await tap.shutdown()
            await broker.shutdown()
            throw error
        }
    }
}

extension Tapped {
    /// Freezes each session, as the fault does when its timer fires.
    func freeze() async throws {
        let tapServer = tap.tapServer
        try await tapServer.eventLoop.submit {
            for session in tapServer.value.machine.context.sessions.keys {
                tapServer.value.handle(.timerFired(.sessionFreeze(session)))
            }
        }.get()
    }
}

/// A client that records each frame it sent or received.
struct WatchedClient {
    let configuration: ClientConfiguration
    private let box = NIOLockedValueBox<[(WireEvent.Direction, String)]>([])

    init(_ endpoint: Endpoint, way: Tapped.Way) {
        var configuration = ClientConfiguration(endpoint)
        configuration.connectTimeout = .seconds(20)
        configuration.receiptTimeout = .seconds(20)
        configuration.sockJSTransport = SockJSTransport(rawValue: way.rawValue) ?? .auto
        configuration.transport.trace = WireTrace(detail: .frames) { [box] event in
            guard event.layer == .stomp, let bytes = event.bytes else { return }
            box.withLockedValue { $0.append((event.direction, String(buffer: bytes))) }
        }
        self.configuration = configuration
    }

    func frames(_ direction: WireEvent.Direction) -> [String] {
        box.withLockedValue { $0 }.filter { $0.0 == direction }.map(\.1)
    }
}
