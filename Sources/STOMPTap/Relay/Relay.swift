import NIOCore
import NIOHTTP1
import STOMPTransport

/// A connection of an app's, and the one to the server that takes what it says: two ends, and a lane each way.
final class Relay {
    /// How long an end may take to go, once the other is gone.
    static let timeout = TimeAmount.seconds(5)

    let tapServer: TapServer
    private let channel: any Channel
    private lazy var number = tapServer.nextNumber()
    private(set) lazy var app = RelayEnd(channel, .outgoing) { [weak self] in self?.happened($0, at: .outgoing) }
    var server: RelayEnd?
    lazy var toServer = lane(.outgoing)
    lazy var toApp = lane(.incoming)
    var relayProtocol: any RelayProtocol = OpaqueRelayProtocol()
    /// What is carried, where it is one session.
    var session: TapSession?
    /// What has passed and is still to be looked at.
    private var later: [(RelayPart, WireEvent.Direction)] = []
    var isConnecting = false
    var isFrozen = false
    /// Whether nothing passes any more but what the tap itself says.
    var isBroken = false
    /// Whether both ends are being closed.
    var isEnding = false
    var isOver = false
    /// The request and the answer that are about to make a WebSocket.
    var upgrade: (request: HTTPRequestHead, answer: HTTPResponseHead, mayBeSockJS: Bool)?
    /// Who ended it first, and how.
    var cause: TapEnding?

    init(_ channel: any Channel, _ tapServer: TapServer) {
        self.channel = channel
        self.tapServer = tapServer
    }

    private func lane(_ direction: WireEvent.Direction) -> RelayChannel {
        RelayChannel(tapServer.configuration.faults, on: tapServer.eventLoop) { [weak self] part in
            self?.deliver(part, direction)
        } flush: { [weak self] in
            self?.readAll(direction)
        }
    }

    func lane(of direction: WireEvent.Direction) -> RelayChannel { direction == .outgoing ? toServer : toApp }
    func target(of direction: WireEvent.Direction) -> RelayEnd? { direction == .outgoing ? server : app }
    private func source(of direction: WireEvent.Direction) -> RelayEnd? { direction == .outgoing ? app : server }

    // MARK: - The beginning

    /// Takes up the connection of the app.
    func start() throws {
        toApp.isHeld = false
        if tapServer.configuration.servers.first?.target.kind == .tcp {
            try app.attach()
            let session = makeSession(keepsMessages: false)
            relayProtocol = StreamRelayProtocol(session)
            session.start(.tcp)
            needServer()
        } else {
            try app.attachHTTP()
            relayProtocol = HTTPRelayProtocol(self, tapServer)
        }
        updateReading()
        tapServer.deliver()
    }

    func makeSession(keepsMessages: Bool) -> TapSession {
        let session = TapSession(number: number, app: app.address, tapServer, keepsMessages: keepsMessages)
        self.session = session
        session.attach(self)
        return session
    }

    /// Has a connection to the server made, where there is none.
    func needServer() {
        guard server == nil, !isConnecting else { return }
        isConnecting = true
        connect(to: tapServer.configuration.servers[...])
    }

    private func connect(to servers: ArraySlice<TapConfiguration.Server>) {
        guard let server = servers.first else { return }
        tapServer.connector.channel(
            to: server.target, by: server.proxy, on: tapServer.eventLoop,
            deadline: .now() + tapServer.configuration.connectTimeout
        ).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let channel):
                (relayProtocol as? HTTPRelayProtocol)?.site = HTTPSite(server.target)
                connected(channel)
            case .failure(let error):
                let site = addressText(host: server.target.host, port: server.target.port)
                report(.local, .note(.cannotConnect(TransportError(breaking: error, with: site))))
                if servers.count > 1, !isOver { return connect(to: servers.dropFirst()) }
                unreachable(error)
            }
            tapServer.deliver()
            // The app has not waited for it.
            if app.isGone, self.server == nil { finish() }
        }
    }

    private func connected(_ channel: any Channel) {
        isConnecting = false
        guard !isOver, !isBroken, channel.isActive else {
            channel.close(promise: nil)
            return isOver ? () : unreachable(ChannelError.eof)
        }
        let end = RelayEnd(channel, .incoming) { [weak self] in self?.happened($0, at: .incoming) }
        do {
            try relayProtocol is HTTPRelayProtocol ? end.attachHTTP() : end.attach()
        } catch {
            channel.close(promise: nil)
            return unreachable(error)
        }
        server = end
        toServer.isHeld = isFrozen
        end.flush()
        updateReading()
    }

    private func unreachable(_ error: any Error) {
        isConnecting = false
        cause = cause ?? .noConnectionToServer
        guard !isOver else { return }
        if relayProtocol is HTTPRelayProtocol {
            answer(.badGateway, "stomptap cannot reach the server: \(error)")
        } else {
            isBroken = true
            app.reset()
        }
        updateReading()
    }

    // MARK: - What passes

    private func happened(_ event: RelayEnd.Event, at direction: WireEvent.Direction) {
        switch event {
        case .part(let part): receive(part, direction)
        case .readAll: readAll(direction)
        case .writabilityChanged: updateReading()
        case .violation(let error): violated(error, direction)
        case .gone: gone(direction)
        }
    }

    private func receive(_ part: RelayPart, _ direction: WireEvent.Direction) {
        note(cause: part, direction)
        guard !isBroken else { return }
        if case .bytes = part, relayProtocol.looksLater {
            if let target = target(of: direction), target.isGone, !isFrozen { source(of: direction)?.reset() }
            lane(of: direction).append(part)
            later.append((part, direction))
            return
        }
        look()
        for part in relayProtocol.receive(part, direction) { lane(of: direction).append(part) }
        relayProtocol.passed()
        if case .inputClosed = part, server == nil, !isConnecting { app.close() }
    }

    private func note(cause part: RelayPart, _ direction: WireEvent.Direction) {
        guard cause == nil else { return }
        switch part {
        case .inputClosed: cause = .connectionClosed(by: direction.sender)
        case .reset:
            guard let end = source(of: direction), let error = end.error else {
                return cause = .connectionReset(by: direction.sender)
            }
            cause = .connectionBroken(by: direction.sender, TransportError(breaking: error, with: end.address))
        default: break
        }
    }

    /// Looks at what has passed.
    func look() {
        guard !later.isEmpty else { return }
        let parts = later
        later.removeAll(keepingCapacity: true)
        for (part, direction) in parts { _ = relayProtocol.receive(part, direction) }
    }

    private func readAll(_ direction: WireEvent.Direction) {
        target(of: direction)?.flush()
        look()
        updateReading()
        tapServer.deliver()
    }

    private func deliver(_ part: RelayPart, _ direction: WireEvent.Direction) {
        switch part {
        case .upgraded: return upgradeEnds()
        case .requestHead(let head, let raw, let makesChunks):
            let head = (relayProtocol as? HTTPRelayProtocol)?.addressed(head) ?? head
            server?.write(.requestHead(head, raw, makesChunks: makesChunks))
        default: target(of: direction)?.write(part)
        }
        if case .end = part, direction == .incoming { (relayProtocol as? HTTPRelayProtocol)?.answerLeft() }
    }

    /// Back-pressure: an end is read from where the other one takes what it says.
    func updateReading() {
        let mayRead = !isFrozen && upgrade == nil
        let hasRoom = toServer.hasRoom && (relayProtocol as? HTTPRelayProtocol)?.hasRoom ?? true
        let takesMore = server.map { $0.channel.isWritable || $0.isGone } ?? true
        app.setReading(!app.isFull && (isBroken || mayRead && hasRoom && !isConnecting && takesMore))
        guard let server else { return }
        let mayTake = mayRead && toApp.hasRoom && (app.channel.isWritable || app.isGone)
        server.setReading(!server.isFull && (isBroken || mayTake))
    }

    // MARK: - What is told

    func report(_ direction: WireEvent.Direction, _ content: TapEvent.Content) {
        // A number is taken by what is told only.
        guard tapServer.tells(content) else { return }
        tapServer.report(TapEvent(connection: number, app: app.address, direction: direction, content))
    }
}
