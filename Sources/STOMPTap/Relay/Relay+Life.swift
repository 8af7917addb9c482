import NIOCore
import NIOHTTP1
import STOMPTransport

/// The connection of a relay to its server, and upgrades of its protocol.
extension Relay {
    /// Whether a connection to a server is pending and can still be used.
    var awaitsServer: Bool { ends.server.state == .connecting && phase == .passing }

    /// Connects to the server, if there is no connection yet.
    mutating func connect(_ context: inout TapContext) {
        guard ends.server.state == .absent else { return }
        ends.server.state = .connecting
        connectToFirst(&context)
    }

    private func connectToFirst(_ context: inout TapContext) {
        if let server = servers.first { context.actions.append(.connect(label.id, server)) }
    }

    /// Handles a new connection to the server.
    mutating func connected(to address: String, _ headers: HTTPHeaders, _ context: inout TapContext) {
        guard let server = servers.first else { return }
        ends.server = RelayEnd(.open, address: address)
        if traffic.isHTTP { ends.server.reader = HTTPReader(.responses) }
        traffic.updateHTTP { ($0.site, $0.headers) = (HTTPSite(server.target), headers) }
        setHeld(isFrozen, .outgoing, &context)
        // The app may have disconnected meanwhile.
        if ends.app.isGone, !isFrozen { scheduleClose(.server, &context) }
        command(.flush, .server, &context)
        updateReading(&context)
        context.deliver()
    }

    /// Handles a server that cannot be reached: the next one is tried, if there is one.
    mutating func notConnected(_ error: any Error, _ context: inout TapContext) {
        guard let target = servers.popFirst()?.target else { return }
        let site = addressText(host: target.host, port: target.port)
        context.report(.local, .note(.cannotConnect(TransportError(breaking: error, with: site))), of: &label)
        if !servers.isEmpty {
            connectToFirst(&context)
            return context.deliver()
        }
        unusable(error, &context)
    }

    /// Handles a failure to make headers: no server can be used without them.
    mutating func noHeaders(_ error: any Error, _ context: inout TapContext) {
        guard awaitsServer else { return }
        context.report(.local, .note(.noHeaders(cause: String(describing: error))), of: &label)
        unusable(error, &context)
    }

    /// Handles the case that no server can be reached, or that the connection cannot be used.
    mutating func unusable(_ error: any Error, _ context: inout TapContext) {
        ends.server.state = .absent
        cause = cause ?? .noConnectionToServer
        if traffic.isHTTP, phase == .passing {
            perform(.answer(.badGateway, "stomptap cannot reach the server: \(error)"), &context)
        } else if !traffic.isHTTP {
            advance(to: .broken)
            context.deliver()
            reset(.app, &context)
        }
        updateReading(&context)
        context.deliver()
        // The app has already disconnected.
        if ends.app.isGone { finish(&context) }
    }

    /// Replaces HTTP after the 101 response has been sent to the app.
    mutating func upgrade(_ context: inout TapContext) {
        guard case .http(var http) = traffic, let upgrade = http.upgrade else { return }
        http.stop(&label, &context)
        traffic = .opaque
        let path = String(upgrade.request.uri.prefix { $0 != "?" })
        if upgrade.answer.headers.hasToken("websocket", in: "Upgrade") {
            let number = context.number(of: &label)
            context.open(.webSocket(path: path), number: number, app: label.app)
            context.attach(label.id, to: number)
            session = number
            do throws(TransportError) {
                traffic = .webSocket(
                    try WebSocketTraffic(
                        session: number, answer: upgrade.answer, mayBeSockJS: upgrade.mayBeSockJS,
                        limit: context.configuration.transport.maximumMessage))
            } catch {
                context.report(.local, .note(.notTakenApart(error)), of: number)
            }
        } else {
            context.report(.local, .note(.otherUpgrade(path: path)), of: &label)
        }
        for side in TapSide.both { switchToBytes(from: side, &context) }
    }

    /// Switches this side from HTTP to bytes, the first of which may have arrived together with its last HTTP
    /// message.
    private mutating func switchToBytes(from side: TapSide, _ context: inout TapContext) {
        guard let rest = ends[side].reader?.rest else { return }
        ends[side].reader = nil
        if rest.readableBytes > 0 { receive(.bytes(rest), side.direction, &context) }
        endInput(side, &context)
        readComplete(side, &context)
    }
}

/// How a relay ends.
extension Relay {
    /// How long an end may stay open after the other one is gone.
    static let timeout = TimeAmount.seconds(5)

    mutating func advance(to next: Phase) {
        if next.rawValue > phase.rawValue { phase = next }
    }

    // MARK: - By the tap

    /// Handles input that is not HTTP, or is not passed on for safety: the app gets an answer, if that is still
    /// possible.
    mutating func violated(_ violation: HTTPReader.Violation, by side: TapSide, _ context: inout TapContext) {
        guard phase == .passing else { return }
        let isTooLarge = violation == .headTooLarge
        context.report(side.direction, .note(isTooLarge ? .headTooLarge(from: side) : .notHTTP(from: side)), of: &label)
        let step: RelayStep =
            switch side {
            case _ where !traffic.mayAnswer(insteadOf: side): .breakOff
            case .app where isTooLarge:
                .answer(.requestHeaderFieldsTooLarge, "The tap cannot read this request")
            case .app: .answer(.badRequest, "The tap cannot read this request")
            case .server: .answer(.badGateway, "The server's answer is no HTTP")
            }
        perform(step, &context)
        context.deliver()
    }

    /// Answers the app instead of the server, and ends the connection.
    mutating func answer(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: ByteBuffer, _ context: inout TapContext
    ) {
        var headers = headers
        headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        headers.add(name: "Connection", value: "close")
        advance(to: .broken)
        pass(
            .responseHead(HTTPResponseHead(version: .http1_1, status: status, headers: headers), nil), .incoming,
            &context)
        pass(.body(body), .incoming, &context)
        pass(.end(nil), .incoming, &context)
        closeBothEnds(.inputClosed, &context)
    }

    /// Resets both connections, because no answer is possible.
    mutating func breakOff(_ context: inout TapContext) {
        advance(to: .broken)
        context.deliver()
        for side in TapSide.both { reset(side, &context) }
    }

    /// Ends the relay because the tap has closed a session that it carries: with the close code if there is one,
    /// otherwise without a close frame.
    mutating func breakOff(_ session: Int, _ context: inout TapContext) {
        inspect(&context)
        let code = context.configuration.faults.closeCode
        let steps = code.map { traffic.closeParts($0, of: session, context) } ?? []
        advance(to: .broken)
        for step in steps { perform(step, &context) }
        if phase == .broken { closeBothEnds(code == nil ? .brokenOff : .inputClosed, &context) }
    }

    /// Closes both ends after all data on its way to them.
    private mutating func closeBothEnds(_ part: RelayPart, _ context: inout TapContext) {
        advance(to: .ending)
        // Report this before the ends notice.
        context.deliver()
        for side in TapSide.both.reversed() { pass(part, side.direction, &context) }
        for side in TapSide.both { command(.flush, side, &context) }
        updateReading(&context)
        for side in TapSide.both { scheduleClose(side, &context) }
    }

    mutating func freeze(_ context: inout TapContext) {
        isFrozen = true
        for side in TapSide.both { lanes[side].isHeld = true }
        updateReading(&context)
    }

    mutating func shutDown(_ context: inout TapContext) {
        cause = cause ?? .tapEnded
        advance(to: .broken)
        for side in TapSide.both { close(side, &context) }
    }

    // MARK: - By its ends

    /// Handles an end that is gone. The relay is over if there is no other end, or that is gone too.
    mutating func gone(_ side: TapSide, _ context: inout TapContext) {
        ends[side].state = .gone
        switch (ends.app.state, ends.server.state) {
        case (.gone, .gone), (.gone, .absent): finish(&context)
        case (.gone, .connecting) where phase != .passing: finish(&context)
        default: if !isFrozen { scheduleClose(side.other, &context) }
        }
    }

    /// Sets a timer that closes an end if it does not close by itself in time, once no data is on its way to it.
    mutating func scheduleClose(_ side: TapSide, _ context: inout TapContext) {
        guard ends[side].state == .open, !ends[side].hasCloseTimer else { return }
        ends[side].hasCloseTimer = true
        context.actions.append(.schedule(.endClose(label.id, side), at: context.now + Self.timeout))
    }

    /// Closes an end that did not close by itself in time.
    mutating func closeTimerFired(_ side: TapSide, _ context: inout TapContext) {
        ends[side].hasCloseTimer = false
        // A frozen session is not closed.
        guard !ends[side].isGone, !isFrozen else { return }
        if lanes[side.other].isEmpty { close(side, &context) } else { scheduleClose(side, &context) }
    }

    /// Sets the timer for a head that the app has started to send, or cancels it when the head is complete.
    mutating func updateHeadTimer(_ context: inout TapContext) {
        let isInHead = phase == .passing && ends.app.state == .open && ends.app.reader?.isInHead ?? false
        guard isInHead != hasHeadTimer else { return }
        hasHeadTimer = isInHead
        let due = context.now + HTTPReader.requestTimeout
        context.actions.append(isInHead ? .schedule(.head(label.id), at: due) : .cancel(.head(label.id)))
    }

    /// Closes the relay because the app did not complete a head in time.
    mutating func headTimerFired(_ context: inout TapContext) {
        hasHeadTimer = false
        guard phase == .passing else { return }
        context.report(.outgoing, .note(.unfinishedHead(within: HTTPReader.requestTimeout)), of: &label)
        advance(to: .broken)
        context.deliver()
        for side in TapSide.both { close(side, &context) }
    }

    /// Ends the relay.
    mutating func finish(_ context: inout TapContext) {
        inspect(&context)
        advance(to: .over)
        for side in TapSide.both {
            lanes[side].isHeld = true
            if lanes[side].hasTimer { context.actions.append(.cancel(.lane(label.id, side))) }
            if ends[side].hasCloseTimer { context.actions.append(.cancel(.endClose(label.id, side))) }
        }
        if hasHeadTimer { context.actions.append(.cancel(.head(label.id))) }
        var label = label
        traffic.updateHTTP { $0.stop(&label, &context) }
        if let session {
            context.endSession(session, cause ?? .over)
            context.detach(label.id, from: session)
        }
        context.deliver()
        context.finishedRelays.append(label.id)
    }
}
