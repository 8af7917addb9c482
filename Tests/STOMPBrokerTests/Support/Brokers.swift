import NIOConcurrencyHelpers
import NIOCore
import STOMPBroker

/// The transports a client can use to reach a broker.
enum Way: String, CaseIterable, Sendable {
    case tcp, webSocket

    var listener: BrokerConfiguration.Listener {
        switch self {
        case .tcp: .tcp(host: "127.0.0.1", port: 0)
        case .webSocket: .webSocket(host: "127.0.0.1", port: 0)
        }
    }
}

/// Runs a broker on loopback while `body` runs.
func withBroker(
    _ way: Way = .tcp, _ change: (inout BrokerConfiguration) -> Void = { _ in },
    _ body: (Broker.Address, Events) async throws -> Void
) async throws {
    let events = Events()
    var configuration = BrokerConfiguration()
    configuration.listeners = [way.listener]
    configuration.observer = { events.append($0) }
    change(&configuration)
    let broker = try await Broker.start(configuration: configuration)
    do {
        try await body(broker.addresses[0], events)
    } catch {
        await broker.shutdown()
        throw error
    }
    await broker.shutdown()
}

/// The events that a broker reported.
final class Events: Sendable {
    private let box = NIOLockedValueBox<[BrokerEvent]>([])

    func append(_ event: BrokerEvent) { box.withLockedValue { $0.append(event) } }

    var all: [BrokerEvent] { box.withLockedValue { $0 } }

    /// All events, once there are at least `count`.
    func first(_ count: Int) async throws -> [BrokerEvent] {
        let deadline = NIODeadline.now() + .seconds(60)
        while box.withLockedValue({ $0.count }) < count {
            guard .now() < deadline else { throw TooFew(events: box.withLockedValue { $0 }) }
            try await Task.sleep(for: .milliseconds(2))
        }
        return box.withLockedValue { $0 }
    }

    struct TooFew: Error {
        var events: [BrokerEvent]
    }
}
