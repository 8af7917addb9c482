import NIOCore

/// How a relay ends.
extension Relay {
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
    func finishEnds() {
        isEnding = true
        toApp.append(.inputClosed)
        toServer.append(.inputClosed)
        app.flush()
        server?.flush()
        updateReading()
        closeLater(app)
        if let server { closeLater(server) }
    }

    func closeLater(_ end: RelayEnd) {
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

    func gone(_ direction: TapEvent.Direction) {
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
        (carrier as? HTTPCarrier)?.stop()
        session?.end(cause ?? "it is over")
        session?.detach(self)
        switchboard.deliver()
        switchboard.remove(self)
    }
}
