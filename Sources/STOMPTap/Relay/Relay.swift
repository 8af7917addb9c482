import NIOCore
import NIOHTTP1
import STOMPTransport

/// A connection of an app's, and the one to the server that takes what it says: two ends, and a lane each way.
final class Relay {
    /// How long an end may take to go, once the other is gone.
    private static let patience = TimeAmount.seconds(5)

    private let switchboard: Switchboard
    private let channel: any Channel
    private lazy var number = switchboard.nextNumber()
    private(set) lazy var app = RelayEnd(channel, .toServer) { [weak self] in self?.happened($0, at: .toServer) }
    private var server: RelayEnd?
    private lazy var toServer = lane(.toServer)
    private lazy var toApp = lane(.toApp)
    private var carrier: any Carrier = OpaqueCarrier()
    /// What is carried, where it is one session.
    private var session: TapSession?
    /// What has passed and is still to be looked at.
    private var later: [(RelayPart, TapEvent.Direction)] = []
    private var isConnecting = false
    private var isFrozen = false
    /// Whether nothing passes any more but what the tap itself says.
    private var isBroken = false
    /// Whether both ends are being closed.
    private var isEnding = false
    private var isOver = false
    /// The request and the answer that are about to make a WebSocket.
    private var upgrade: (request: HTTPRequestHead, answer: HTTPResponseHead, mayBeSockJS: Bool)?
    /// Who ended it first, and how.
    private var cause: String?

    init(_ channel: any Channel, _ switchboard: Switchboard) {
        self.channel = channel
        self.switchboard = switchboard
    }

    private func lane(_ direction: TapEvent.Direction) -> Lane {
        Lane(switchboard.configuration.faults, on: switchboard.eventLoop) { [weak self] part in
            self?.deliver(part, direction)
        } flush: { [weak self] in
            self?.readAll(direction)
        }
    }

    private func lane(of direction: TapEvent.Direction) -> Lane { direction == .toServer ? toServer : toApp }
    private func target(of direction: TapEvent.Direction) -> RelayEnd? { direction == .toServer ? server : app }
    private func source(of direction: TapEvent.Direction) -> RelayEnd? { direction == .toServer ? app : server }

    // MARK: - The beginning

    /// Takes up the connection of the app.
    func begin() throws {
        toApp.isHeld = false
        if switchboard.configuration.targets.first?.kind == .tcp {
            try app.attach()
            let session = makeSession(keepsMessages: false)
            carrier = StreamCarrier(session)
            session.begin("TCP")
            needServer()
        } else {
            try app.attachHTTP()
            guard let target = switchboard.configuration.targets.first else { return app.close() }
            carrier = HTTPCarrier(self, switchboard, site: HTTPSite(target))
        }
        updateReading()
        switchboard.deliver()
    }

    private func makeSession(keepsMessages: Bool) -> TapSession {
        let session = TapSession(number: number, app: app.address, switchboard, keepsMessages: keepsMessages)
        self.session = session
        session.attach(self)
        return session
    }

    /// Has a connection to the server made, where there is none.
    func needServer() {
        guard server == nil, !isConnecting else { return }
        isConnecting = true
        connect(to: switchboard.configuration.targets[...])
    }

    private func connect(to targets: ArraySlice<TransportTarget>) {
        guard let target = targets.first else { return }
        switchboard.connector.channel(
            to: target, on: switchboard.eventLoop, deadline: .now() + switchboard.configuration.connectTimeout
        ).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let channel): connected(channel)
            case .failure(let error):
                tell(nil, .note("\(error)"))
                if targets.count > 1, !isOver { return connect(to: targets.dropFirst()) }
                unreachable(error)
            }
            switchboard.deliver()
            // The app has not waited for it.
            if app.isGone, server == nil { finish() }
        }
    }

    private func connected(_ channel: any Channel) {
        isConnecting = false
        guard !isOver, !isBroken, channel.isActive else {
            channel.close(promise: nil)
            return isOver ? () : unreachable(ChannelError.eof)
        }
        let end = RelayEnd(channel, .toApp) { [weak self] in self?.happened($0, at: .toApp) }
        do {
            try carrier is HTTPCarrier ? end.attachHTTP() : end.attach()
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
        cause = cause ?? "there is no connection to the server"
        guard !isOver else { return }
        if carrier is HTTPCarrier {
            answer(.badGateway, "stomptap cannot reach the server: \(error)")
        } else {
            isBroken = true
            app.reset()
        }
        updateReading()
    }

    // MARK: - What passes

    private func happened(_ event: RelayEnd.Event, at direction: TapEvent.Direction) {
        switch event {
        case .part(let part): receive(part, direction)
        case .readAll: readAll(direction)
        case .writabilityChanged: updateReading()
        case .violation(let error): violated(error, direction)
        case .gone: gone(direction)
        }
    }

    private func receive(_ part: RelayPart, _ direction: TapEvent.Direction) {
        note(cause: part, direction)
        guard !isBroken else { return }
        if case .octets = part, carrier.looksLater {
            if let target = target(of: direction), target.isGone, !isFrozen { source(of: direction)?.reset() }
            lane(of: direction).append(part)
            later.append((part, direction))
            return
        }
        look()
        for part in carrier.take(part, direction) { lane(of: direction).append(part) }
        carrier.passed()
        if case .inputClosed = part, server == nil, !isConnecting { app.close() }
    }

    private func note(cause part: RelayPart, _ direction: TapEvent.Direction) {
        guard cause == nil else { return }
        let who = direction == .toServer ? "the app" : "the server"
        switch part {
        case .inputClosed: cause = "\(who) closed the connection"
        case .reset:
            let error = source(of: direction)?.error.map { TransportError(breaking: $0, with: who) }
            cause = error.map(\.message) ?? "\(who) reset the connection"
        default: break
        }
    }

    /// Looks at what has passed.
    private func look() {
        guard !later.isEmpty else { return }
        let parts = later
        later.removeAll(keepingCapacity: true)
        for (part, direction) in parts { _ = carrier.take(part, direction) }
    }

    private func readAll(_ direction: TapEvent.Direction) {
        target(of: direction)?.flush()
        look()
        updateReading()
        switchboard.deliver()
    }

    private func deliver(_ part: RelayPart, _ direction: TapEvent.Direction) {
        if case .upgraded = part { return upgradeEnds() }
        target(of: direction)?.write(part)
    }

    /// Back-pressure: an end is read from where the other one takes what it says.
    private func updateReading() {
        let mayRead = !isFrozen && upgrade == nil
        let hasRoom = toServer.hasRoom && !app.isFull && (carrier as? HTTPCarrier)?.hasRoom ?? true
        app.setReading(
            isBroken
                || mayRead && hasRoom && !isConnecting
                    && (server.map { $0.channel.isWritable || $0.isGone } ?? true)
        )
        server?.setReading(isBroken || mayRead && toApp.hasRoom && (app.channel.isWritable || app.isGone))
    }

    // MARK: - HTTP

    /// Octets are to come in place of HTTP, behind the 101 that is on its way to the app.
    func expectUpgrade(_ request: HTTPRequestHead, _ answer: HTTPResponseHead, mayBeSockJS: Bool) {
        upgrade = (request, answer, mayBeSockJS)
        updateReading()
    }

    private func upgradeEnds() {
        guard let (request, answer, mayBeSockJS) = upgrade else { return }
        upgrade = nil
        let path = request.uri.prefix { $0 != "?" }
        carrier = OpaqueCarrier()
        if answer.headers.hasToken("websocket", in: "Upgrade") {
            let session = makeSession(keepsMessages: true)
            session.begin("WebSocket \(path)")
            do throws(TransportError) {
                carrier = try WebSocketCarrier(
                    session, answer: answer, mayBeSockJS: mayBeSockJS,
                    limit: switchboard.configuration.transport.maximumMessage)
            } catch {
                session.tell(nil, .note("not taken apart: \(error)"))
            }
        } else {
            tell(nil, .note("\(path) was upgraded to what is no WebSocket, and is not taken apart"))
        }
        app.upgrade()
        server?.upgrade()
    }

    private func violated(_ violation: HTTPReader.Violation, _ direction: TapEvent.Direction) {
        guard !isBroken else { return }
        let isTooLarge = violation == .headTooLarge
        let what = isTooLarge ? "a head of HTTP that is too large" : "what is no HTTP"
        tell(direction, .note("the \(direction == .toServer ? "app" : "server") sent \(what)"))
        let isAnswering = (carrier as? HTTPCarrier)?.isAnswering ?? true
        if direction == .toServer, !isAnswering {
            answer(isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest, "The tap cannot read this request")
        } else if direction == .toApp, !isAnswering {
            answer(.badGateway, "The server's answer is no HTTP")
        } else {
            isBroken = true
            app.reset()
            server?.reset()
        }
        switchboard.deliver()
    }

    /// Answers the app in the server's place, and ends the connection.
    func answer(_ status: HTTPResponseStatus, _ text: String) {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        answer(status, headers, ByteBuffer(string: text + "\n"))
    }

    func answer(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: ByteBuffer) {
        var headers = headers
        headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        headers.add(name: "Connection", value: "close")
        isBroken = true
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        toApp.append(.responseHead(head, .length(body.readableBytes)))
        toApp.append(.body(body))
        toApp.append(.end(nil))
        finishEnds()
    }

    // MARK: - The end

    func tell(_ direction: TapEvent.Direction?, _ content: TapEvent.Content) {
        // A number is taken by what is told only.
        guard switchboard.tells(content) else { return }
        switchboard.tell(TapEvent(connection: number, app: app.address, direction: direction, content))
    }

    /// The tap closes the session that this carries: with a code where there is one, and otherwise by breaking off.
    func breakOff(_ session: TapSession, code: Int?) {
        look()
        isBroken = true
        guard let code else {
            app.close()
            server?.close()
            return updateReading()
        }
        for (direction, part) in carrier.farewell(code, of: session) { lane(of: direction).append(part) }
        if !isEnding { finishEnds() }
    }

    /// Closes both ends behind what is on its way to them.
    private func finishEnds() {
        isEnding = true
        toApp.append(.inputClosed)
        toServer.append(.inputClosed)
        app.flush()
        server?.flush()
        updateReading()
        closeLater(app)
        if let server { closeLater(server) }
    }

    private func closeLater(_ end: RelayEnd) {
        switchboard.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { end.close() }
    }

    func freeze() {
        isFrozen = true
        toServer.isHeld = true
        toApp.isHeld = true
        updateReading()
    }

    func shutDown() {
        cause = cause ?? "the tap was ended"
        isBroken = true
        app.close()
        server?.close()
    }

    private func gone(_ direction: TapEvent.Direction) {
        if app.isGone, server?.isGone ?? (!isConnecting || isBroken) { return finish() }
        guard !isFrozen else { return }
        if let other = target(of: direction) { closeLater(other) }
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        look()
        toServer.stop()
        toApp.stop()
        (carrier as? HTTPCarrier)?.stop()
        session?.end(cause ?? "it is over")
        session?.detach(self)
        switchboard.deliver()
        switchboard.remove(self)
    }
}
