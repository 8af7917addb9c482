import NIOCore
import NIOHTTP1
import STOMPTransport

/// How a relay gets its second end.
extension Relay {
    /// Whether a connection to a server is waited for, and would be used.
    var awaitsServer: Bool { ends.server.state == .connecting && phase == .passing }

    /// Has a connection to the server made, where there is none.
    mutating func connect(_ context: inout TapContext) {
        guard ends.server.state == .absent else { return }
        ends.server.state = .connecting
        connectToFirst(&context)
    }

    private func connectToFirst(_ context: inout TapContext) {
        if let server = servers.first { context.actions.append(.connect(label.id, server)) }
    }

    /// The connection to the server stands.
    mutating func connected(to address: String, _ context: inout TapContext) {
        guard let server = servers.first else { return }
        ends.server = RelayEnd(.open, address: address)
        if traffic.isHTTP { ends.server.reader = HTTPReader(.responses) }
        traffic.updateHTTP { $0.site = HTTPSite(server.target) }
        setHeld(isFrozen, .outgoing, &context)
        command(.flush, .server, &context)
        updateReading(&context)
        context.deliver()
    }

    /// The server that was tried cannot be reached; the next one is tried, where there is one.
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

    /// There is no server, and none will be tried.
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
        // The app has not waited for it.
        if ends.app.isGone { finish(&context) }
    }

    /// Bytes come in place of HTTP, behind the 101 that has just left for the app.
    mutating func upgrade(_ context: inout TapContext) {
        guard case .http(var http) = traffic, let upgrade = http.upgrade else { return }
        http.stop(label.id, &context)
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
        for side in TapSide.both { takeRest(of: side, &context) }
    }

    /// Makes bytes of HTTP, from behind the message that asked for it or agreed to it.
    private mutating func takeRest(of side: TapSide, _ context: inout TapContext) {
        guard let rest = ends[side].reader?.rest else { return }
        ends[side].reader = nil
        if rest.readableBytes > 0 { receive(.bytes(rest), side.direction, &context) }
        readComplete(side, &context)
    }
}

/// How a relay ends.
extension Relay {
    /// How long an end may take to go, once the other is gone.
    static let timeout = TimeAmount.seconds(5)

    mutating func advance(to next: Phase) {
        if next.rawValue > phase.rawValue { phase = next }
    }

    // MARK: - By the tap

    /// What one side sends is no HTTP, or not what the tap would pass on: that side, or the app, is told in an answer
    /// where one may still be given.
    mutating func violated(_ violation: HTTPReader.Violation, by side: TapSide, _ context: inout TapContext) {
        guard phase == .passing else { return }
        let isTooLarge = violation == .headTooLarge
        context.report(side.direction, .note(isTooLarge ? .headTooLarge(from: side) : .notHTTP(from: side)), of: &label)
        let step: RelayStep =
            switch side {
            case _ where traffic.isAnswering: .breakOff
            case .app where isTooLarge:
                .answer(.requestHeaderFieldsTooLarge, "The tap cannot read this request")
            case .app: .answer(.badRequest, "The tap cannot read this request")
            case .server: .answer(.badGateway, "The server's answer is no HTTP")
            }
        perform(step, &context)
        context.deliver()
    }

    /// Answers the app in the server's place, and ends the connection.
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

    /// Ends both connections at once, where there is nothing that an end could be told.
    mutating func breakOff(_ context: inout TapContext) {
        advance(to: .broken)
        context.deliver()
        for side in TapSide.both { reset(side, &context) }
    }

    /// The tap has closed a session that this carries: with a code where there is one, and otherwise by breaking off.
    mutating func breakOff(_ session: Int, _ context: inout TapContext) {
        look(&context)
        let code = context.configuration.faults.closeCode
        let steps = code.map { traffic.farewell($0, of: session, context) } ?? []
        advance(to: .broken)
        for step in steps { perform(step, &context) }
        if phase == .broken { closeBothEnds(code == nil ? .brokenOff : .inputClosed, &context) }
    }

    /// Closes both ends behind what is on its way to them.
    private mutating func closeBothEnds(_ part: RelayPart, _ context: inout TapContext) {
        advance(to: .ending)
        // The ends learn of it when it was told.
        context.deliver()
        for side in TapSide.both.reversed() { pass(part, side.direction, &context) }
        for side in TapSide.both { command(.flush, side, &context) }
        updateReading(&context)
        for side in TapSide.both { expectToGo(side, &context) }
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

    /// This end is gone. The relay is over when there is no other one, or that is gone too.
    mutating func gone(_ side: TapSide, _ context: inout TapContext) {
        ends[side].state = .gone
        switch (ends.app.state, ends.server.state) {
        case (.gone, .gone), (.gone, .absent): finish(&context)
        case (.gone, .connecting) where phase != .passing: finish(&context)
        default: if !isFrozen { expectToGo(side.other, &context) }
        }
    }

    /// Closes an end that does not go by itself, once nothing is on its way to it any more.
    private mutating func expectToGo(_ side: TapSide, _ context: inout TapContext) {
        guard ends[side].state == .open, !ends[side].isExpectedToGo else { return }
        ends[side].isExpectedToGo = true
        context.actions.append(.schedule(.going(label.id, side), at: context.now + Self.timeout))
    }

    /// This end has had its time to go.
    mutating func endShouldBeGone(_ side: TapSide, _ context: inout TapContext) {
        ends[side].isExpectedToGo = false
        guard !ends[side].isGone else { return }
        if lanes[side.other].isEmpty { close(side, &context) } else { expectToGo(side, &context) }
    }

    /// Nothing is left of it.
    mutating func finish(_ context: inout TapContext) {
        look(&context)
        advance(to: .over)
        for side in TapSide.both {
            lanes[side].isHeld = true
            if lanes[side].isAwaited { context.actions.append(.cancel(.lane(label.id, side))) }
            if ends[side].isExpectedToGo { context.actions.append(.cancel(.going(label.id, side))) }
        }
        let id = label.id
        traffic.updateHTTP { $0.stop(id, &context) }
        if let session {
            context.endSession(session, cause ?? .over)
            context.detach(id, from: session)
        }
        context.deliver()
        context.finished.append(id)
    }
}
