import NIOCore
import STOMPCore
import STOMPTransport

/// The broker's state, on its one event loop: the exchange, and the connections that act for it.
final class BrokerCore {
    let eventLoop: any EventLoop
    let configuration: BrokerConfiguration
    private var exchange: MessageRouter
    private var congestion = Congestion()
    private var encoder: MessageEncoder
    private var connections: [ConnectionID: BrokerConnection] = [:]
    private var connectionsMade = 0
    /// The connections that have something to send when the read is over.
    private var touched: [BrokerConnection] = []
    private var clock: Scheduled<Void>?
    var chance: Chance
    private var ticks = 0
    /// Waits until no connection is left.
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
            // The stream learns of its receiver when this returns.
            eventLoop.assumeIsolated().execute {
                connection.refuse(.tooManyConnections)
            }
        }
        return connection
    }

    /// The session of a connection is over; its stream may have something to send still.
    func leave(_ connection: ConnectionID) {
        exchange.leave(connection)
        congestion.forget(connection)
        release(connection)
        deliver(from: nil)
    }

    /// The stream of a connection is over.
    func remove(_ connection: ConnectionID) {
        guard connections.removeValue(forKey: connection) != nil else { return }
        leave(connection)
        flush()
        if connections.isEmpty { emptied?.succeed() }
    }

    /// Lets no more connections in and closes those that there are.
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

    /// Reports that nothing comes of a frame, where that is wanted.
    func report(_ connection: ConnectionID, _ drop: FrameDrop, of frame: Frame) {
        guard configuration.detail >= .drops else { return }
        report(connection, .droppedFrame(frame.command, destination: frame.headers["destination"], drop))
    }

    /// Who a client is to others.
    func name(_ connection: ConnectionID, _ user: String) {
        exchange.clients[connection, default: MessageRouter.Client()].user = user
    }

    // MARK: Messages

    func perform(_ request: ClientRequest, from connection: ConnectionID) throws(BrokerError) {
        try exchange.perform(request, from: connection)
        deliver(from: connection)
    }

    /// What came to nothing of the last request.
    func takeDrops() -> [FrameDrop] { configuration.detail >= .drops ? exchange.takeDrops() : [] }

    /// Does what the exchange has to do. A publisher is stopped where a receiver does not take what he causes.
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

    /// Writes a message; where the stream takes no more then, the next ones wait.
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

    /// Writes a message that others had the time to overtake.
    func writeOvertaken(_ delivery: Delivery, to receiver: BrokerConnection) {
        // The subscription may have ended meanwhile.
        if exchange.subscriptions[delivery.id.subscription] != nil { writeNow(delivery, to: receiver) }
    }

    private func writeNow(_ delivery: Delivery, to receiver: BrokerConnection) {
        receiver.deliver(delivery, encoder: &encoder)
        if receiver.isFull { receiver.flush() }
        receiver.isHeld = receiver.isCongested
    }

    /// Writes what has waited for a connection, as much as its stream takes.
    private func writeWaiting(to receiver: BrokerConnection) {
        receiver.isHeld = false
        while !receiver.isHeld, let delivery = receiver.waiting.popFirst() {
            // A subscription may have ended meanwhile.
            if exchange.subscriptions[delivery.id.subscription] != nil { write(delivery, to: receiver) }
        }
    }

    /// Remembers to flush a connection when the read is over.
    func touch(_ connection: BrokerConnection) {
        touched.append(connection)
    }

    /// The read is over: all that it caused leaves.
    func flush() {
        encoder.forget()
        while let connection = touched.popLast() { connection.flush() }
    }

    private func scheduleTick(at time: NIODeadline) {
        clock = eventLoop.assumeIsolated().scheduleTask(deadline: time) { [weak self] in
            guard let self else { return }
            ticks += 1
            // A topic refuses nothing.
            try? exchange.publish(Message.clock(tick: ticks, time: .now()))
            // Nobody need listen to a clock.
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

    /// The stream of a connection takes bytes again.
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
            // Not at once: a write may have brought us here, in the middle of another connection's read.
            eventLoop.assumeIsolated().execute { connection.goOn() }
        }
    }
}

/// Who is not read because somebody else does not take what he sends.
///
/// A value: it says who is to be stopped, and who may go on.
struct Congestion {
    /// Whom each publisher waits for.
    private var waits: [ConnectionID: Set<ConnectionID>] = [:]
    /// Who waits for each receiver.
    private var waiters: [ConnectionID: Set<ConnectionID>] = [:]

    /// - Returns: whether `publisher`, who waited for nobody so far, is to be stopped.
    mutating func hold(_ publisher: ConnectionID, for receiver: ConnectionID) -> Bool {
        waiters[receiver, default: []].insert(publisher)
        let isNew = waits[publisher, default: []].insert(receiver).inserted
        return isNew && waits[publisher]?.count == 1
    }

    /// A receiver takes again, or is gone.
    ///
    /// - Returns: who may go on, in the order of their numbers.
    mutating func release(_ receiver: ConnectionID) -> [ConnectionID] {
        let publishers = waiters.removeValue(forKey: receiver) ?? []
        return publishers.sorted().filter { publisher in
            waits[publisher]?.remove(receiver)
            guard waits[publisher]?.isEmpty ?? false else { return false }
            waits[publisher] = nil
            return true
        }
    }

    /// A publisher is gone, and waits no more.
    mutating func forget(_ publisher: ConnectionID) {
        for receiver in waits.removeValue(forKey: publisher) ?? [] {
            waiters[receiver]?.remove(publisher)
        }
    }
}
