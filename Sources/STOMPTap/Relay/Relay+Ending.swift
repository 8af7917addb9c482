import NIOCore
import STOMPTransport

/// How a relay ends.
extension Relay {
    /// The tap closes the session that this carries: with a code where there is one, and otherwise by breaking off.
    func breakOff(_ session: TapSession, code: Int?) {
        look()
        isBroken = true
        for (direction, part) in code.map({ relayProtocol.farewell($0, of: session) }) ?? [] {
            lane(of: direction).append(part)
        }
        if !isEnding { finishEnds(with: code == nil ? .brokenOff : .inputClosed) }
    }

    /// Closes both ends behind what is on its way to them.
    func finishEnds(with part: RelayPart = .inputClosed) {
        isEnding = true
        toApp.append(part)
        toServer.append(part)
        app.flush()
        server?.flush()
        updateReading()
        closeLater(app)
        if let server { closeLater(server) }
    }

    /// Closes an end that does not go by itself, once nothing is on its way to it any more.
    func closeLater(_ end: RelayEnd) {
        tapServer.eventLoop.assumeIsolated().scheduleTask(in: Self.timeout) { [self] in
            guard !isOver, !end.isGone else { return }
            let lane = lane(of: end.direction == .outgoing ? .incoming : .outgoing)
            if lane.isEmpty { end.close() } else { closeLater(end) }
        }
    }

    func freeze() {
        isFrozen = true
        toServer.isHeld = true
        toApp.isHeld = true
        updateReading()
    }

    func shutDown() {
        cause = cause ?? .tapEnded
        isBroken = true
        app.close()
        server?.close()
    }

    func gone(_ direction: WireEvent.Direction) {
        if app.isGone, server?.isGone ?? (!isConnecting || isBroken) { return finish() }
        guard !isFrozen else { return }
        if let other = target(of: direction) { closeLater(other) }
    }

    func finish() {
        guard !isOver else { return }
        isOver = true
        look()
        toServer.stop()
        toApp.stop()
        (relayProtocol as? HTTPRelayProtocol)?.stop()
        session?.end(cause ?? .over)
        session?.detach(self)
        tapServer.deliver()
        tapServer.remove(self)
    }
}
