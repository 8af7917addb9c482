import NIOCore
import STOMPCore
import STOMPTransport

/// The state of the broker, on its event loop: the message router and the connections.
final class BrokerCore {
    let eventLoop: any EventLoop
    let configuration: BrokerConfiguration
    private var exchange: MessageRouter
    private var congestion = Congestion()
    private var encoder: MessageEncoder
    private var connections: [ConnectionID: BrokerConnection] = [:]
    private var connectionsMade = 0
    /// The connections with data to flush at the end of the read.
    private var touched: [BrokerConnection] = []
    private var clock: Scheduled<Void>?
    var chance: Chance
    private var ticks = 0
    /// Succeeds when no connection is left, during shutdown.
    private var emptied: EventLoopPromise<Void>?

    init(_ configuration: BrokerConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        encoder = MessageEncoder(serverProfile: configuration.serverProfile)
        chance = Chance(seed: configuration.randomSeed)
        exchange = MessageRouter(
            configuration.serverProfile, limits: configuration.limits, routes: configuration.allRoutes,
            replies: configuration.replies, recordsDrops: configuration.detail >= .drops)
        if configuration.hasClock { scheduleTick(at: .now() + .seconds(1)) }
    }

    // MARK: Connections

    func accept(_ stream: any TransportStream) -> any TransportReceiver {
        connectionsMade += 1
        let connection = BrokerConnection(connectionsMade, stream: stream, core: self)
        connections[connectionsMade] = connection
        report(connectionsMade, .accepted(stream.description))
        if connections.count > configuration.limits.connections || emptied != nil {
            // The stream gets its receiver only when this method has returned.
            eventLoop.assumeIsolated().execute {
                connection.refuse(.tooManyConnections)
            }
        }
        return connection
    }

    /// The session of a connection has ended; its stream may still have data to send.
    func leave(_ connection: ConnectionID) {
        exchange.leave(connection)
        congestion.forget(connection)
        release(connection)
        deliver(from: nil)
    }

    /// The stream of a connection has ended.
    func remove(_ connection: ConnectionID) {
        guard connections.removeValue(forKey: connection) != nil else { return }
        leave(connection)
        flush()
        if connections.isEmpty { emptied?.succeed() }
    }

    /// Accepts no more connections and closes all open ones.
    func shutDown() -> EventLoopFuture<Void> {
        if let emptied { return emptied.futureResult }
        clock?.cancel()
        let promise = eventLoop.makePromise(of: Void.self)
        emptied = promise
        if connections.isEmpty { promise.succeed() }
        for connection in connections.values { connection.goAway() }
        return promise.futureResult
    }

    var reportsFrames: Bool { configuration.detail >= .frames }

    func report(_ connection: ConnectionID, _ kind: BrokerEvent.Kind) {
        configuration.observer(BrokerEvent(connection: connection, kind: kind))
    }

    /// Reports that a frame has no effect, if configured.
    func report(_ connection: ConnectionID, _ drop: FrameDrop, of frame: Frame) {
        guard configuration.detail >= .drops else { return }
        report(connection, .droppedFrame(frame.command, destination: frame.headers["destination"], drop))
    }

    /// Sets the user name of a client, by which others can address it.
    func name(_ connection: ConnectionID, _ user: String) {
        exchange.clients[connection, default: MessageRouter.Client()].user = user
    }

    // MARK: Messages

    func perform(_ request: ClientRequest, from connection: ConnectionID) throws(BrokerError) {
        try exchange.perform(request, from: connection)
        deliver(from: connection)
    }

    /// The reasons why the last request had no effect.
    func takeDrops() -> [FrameDrop] { configuration.detail >= .drops ? exchange.takeDrops() : [] }

    /// Performs the actions of the router. A publisher is stopped while a receiver of its messages is congested.
    private func deliver(from publisher: ConnectionID?) {
        while let action = exchange.next() {
            switch action {
            case .deliver(let delivery):
                guard let receiver = connections[delivery.connection] else { continue }
                if receiver.isHeld { receiver.postpone(delivery) } else { write(delivery, to: receiver) }
                guard receiver.isHeld else { continue }
                exchange.pause(delivery.connection)
                hold(publisher, for: delivery.connection)
            case .wait(let receiver):
                hold(publisher, for: receiver)
            }
        }
    }

    /// Writes a message; if the stream is then no longer writable, further messages wait.
    private func write(_ delivery: Delivery, to receiver: BrokerConnection) {
        if configuration.reordering > 0 {
            guard receiver.overtaken != nil || !chance.falls(configuration.reordering) else {
                return receiver.letOvertake(delivery)
            }
            guard let overtaken = receiver.takeOvertaken() else { return writeNow(delivery, to: receiver) }
            writeNow(delivery, to: receiver)
            return writeOvertaken(overtaken, to: receiver)
        }
        writeNow(delivery, to: receiver)
    }

    /// Writes a message after the time in which others could overtake it.
    func writeOvertaken(_ delivery: Delivery, to receiver: BrokerConnection) {
        // The subscription may have ended in the meantime.
        if exchange.subscriptions[delivery.id.subscription] != nil { writeNow(delivery, to: receiver) }
    }

    private func writeNow(_ delivery: Delivery, to receiver: BrokerConnection) {
        receiver.deliver(delivery, encoder: &encoder)
        if receiver.isFull { receiver.flush() }
        receiver.isHeld = receiver.isCongested
    }

    /// Writes the waiting messages of a connection until its stream is not writable.
    private func writeWaiting(to receiver: BrokerConnection) {
        receiver.isHeld = false
        while !receiver.isHeld, let delivery = receiver.waiting.popFirst() {
            // The subscription may have ended in the meantime.
            if exchange.subscriptions[delivery.id.subscription] != nil { write(delivery, to: receiver) }
        }
    }

    /// Marks a connection to be flushed at the end of the read.
    func touch(_ connection: BrokerConnection) {
        touched.append(connection)
    }

    /// Flushes all marked connections at the end of the read.
    func flush() {
        encoder.forget()
        while let connection = touched.popLast() { connection.flush() }
    }

    private func scheduleTick(at time: NIODeadline) {
        clock = eventLoop.assumeIsolated().scheduleTask(deadline: time) { [weak self] in
            guard let self else { return }
            ticks += 1
            // Publishing to a topic cannot fail.
            try? exchange.publish(Message.clock(tick: ticks, time: .now()))
            // A clock without subscribers is not reported.
            _ = takeDrops()
            deliver(from: nil)
            flush()
            scheduleTick(at: time + .seconds(1))
        }
    }

    // MARK: Back-pressure

    func hold(_ publisher: ConnectionID?, for receiver: ConnectionID) {
        guard let publisher, congestion.hold(publisher, for: receiver) else { return }
        connections[publisher]?.stop()
    }

    /// The stream of a connection is writable again.
    func drained(_ connection: ConnectionID) {
        if let receiver = connections[connection] { writeWaiting(to: receiver) }
        guard connections[connection]?.isHeld != true else { return flush() }
        exchange.resume(connection)
        release(connection)
        deliver(from: nil)
        flush()
    }

    func release(_ receiver: ConnectionID) {
        for publisher in congestion.release(receiver) {
            guard let connection = connections[publisher] else { continue }
            // Not immediately: this may be called by a write, during another connection's read.
            eventLoop.assumeIsolated().execute { connection.goOn() }
        }
    }
}

/// The publishers that are stopped because a receiver of their messages is congested.
///
/// A value: it returns which publishers to stop and which to continue.
struct Congestion {
    /// The receivers that each publisher waits for.
    private var waits: [ConnectionID: Set<ConnectionID>] = [:]
    /// The publishers that wait for each receiver.
    private var waiters: [ConnectionID: Set<ConnectionID>] = [:]

    /// - Returns: whether to stop `publisher`, which waited for no receiver before.
    mutating func hold(_ publisher: ConnectionID, for receiver: ConnectionID) -> Bool {
        waiters[receiver, default: []].insert(publisher)
        let isNew = waits[publisher, default: []].insert(receiver).inserted
        return isNew && waits[publisher]?.count == 1
    }

    /// Removes a receiver that is writable again or has ended.
    ///
    /// - Returns: the publishers that may continue, ordered by number.
    mutating func release(_ receiver: ConnectionID) -> [ConnectionID] {
        let publishers = waiters.removeValue(forKey: receiver) ?? []
        return publishers.sorted().filter { publisher in
            waits[publisher]?.remove(receiver)
            guard waits[publisher]?.isEmpty ?? false else { return false }
            waits[publisher] = nil
            return true
        }
    }

    /// Removes a publisher that has ended.
    mutating func forget(_ publisher: ConnectionID) {
        for receiver in waits.removeValue(forKey: publisher) ?? [] {
            waiters[receiver]?.remove(publisher)
        }
    }
}
