import NIOCore
import NIOHTTP1
import STOMPTransport

/// What becomes of HTTP.
extension Relay {
    /// Bytes are to come in place of HTTP, behind the 101 that is on its way to the app.
    func expectUpgrade(_ request: HTTPRequestHead, _ answer: HTTPResponseHead, mayBeSockJS: Bool) {
        upgrade = (request, answer, mayBeSockJS)
        updateReading()
    }

    func upgradeEnds() {
        guard let (request, answer, mayBeSockJS) = upgrade else { return }
        upgrade = nil
        let path = String(request.uri.prefix { $0 != "?" })
        relayProtocol = OpaqueRelayProtocol()
        if answer.headers.hasToken("websocket", in: "Upgrade") {
            let session = makeSession(keepsMessages: true)
            session.start(.webSocket(path: path))
            do throws(TransportError) {
                relayProtocol = try WebSocketRelayProtocol(
                    session, answer: answer, mayBeSockJS: mayBeSockJS,
                    limit: tapServer.configuration.transport.maximumMessage)
            } catch {
                session.report(.local, .note(.notTakenApart(error)))
            }
        } else {
            report(.local, .note(.otherUpgrade(path: path)))
        }
        app.upgrade()
        server?.upgrade()
    }

    func violated(_ violation: HTTPReader.Violation, _ direction: WireEvent.Direction) {
        guard !isBroken else { return }
        let isTooLarge = violation == .headTooLarge
        report(direction, .note(isTooLarge ? .headTooLarge(from: direction.sender) : .notHTTP(from: direction.sender)))
        let isAnswering = (relayProtocol as? HTTPRelayProtocol)?.isAnswering ?? true
        if direction == .outgoing, !isAnswering {
            answer(isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest, "The tap cannot read this request")
        } else if direction == .incoming, !isAnswering {
            answer(.badGateway, "The server's answer is no HTTP")
        } else {
            breakOff()
        }
        tapServer.deliver()
    }

    /// Ends both connections at once, where there is nothing that an end could be told.
    func breakOff() {
        isBroken = true
        app.reset()
        server?.reset()
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
        toApp.append(.responseHead(head, nil))
        toApp.append(.body(body))
        toApp.append(.end(nil))
        finishEnds()
    }
}
