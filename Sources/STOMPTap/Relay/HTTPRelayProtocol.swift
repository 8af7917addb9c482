import NIOCore
import NIOHTTP1
import STOMPTransport

/// Carries HTTP requests and their answers, among them those of SockJS sessions, and the requests for WebSockets.
final class HTTPRelayProtocol: RelayProtocol {
    /// A request whose answer is not whole yet.
    private final class Exchange {
        let head: HTTPRequestHead
        let path: SockJSPath?
        var session: TapSession?
        var answer: HTTPResponseHead?
        /// The body of the request, where it carries messages.
        var body = ByteBuffer()
        var isTooLarge = false
        /// The head, where it has to wait for a body that may become another one.
        var heldHead: RelayPart?
        /// What takes the answer apart.
        var frames: SockJSBody?

        init(_ head: HTTPRequestHead, _ path: SockJSPath?, _ session: TapSession?) {
            self.head = head
            self.path = path
            self.session = session
        }

        var carriesMessages: Bool { session != nil && path?.carriage == .sending }
    }

    /// The most requests that wait for their answers before no more are read.
    private static let largestExchangeCount = 1000

    private unowned let relay: Relay
    private let tapServer: TapServer
    private let admission: RequestAdmission
    private let rewriting: RequestRewriting
    /// The server, once there is a connection to it.
    var site: HTTPSite?
    /// In the order of the requests; the last one may still be coming, the first one is answered.
    private var exchanges = CircularBuffer<Exchange>()
    /// The sessions of the answers that are whole, and on their way to the app.
    private var answered = CircularBuffer<TapSession?>()
    /// The session that the present part belongs to.
    private var latest: TapSession?
    /// Whether the app's next request may be read, which was held back as long as the connection might become another.
    private var goesOn = false

    init(_ relay: Relay, _ tapServer: TapServer) {
        self.relay = relay
        self.tapServer = tapServer
        let configuration = tapServer.configuration
        admission = tapServer.admission
        rewriting = RequestRewriting(
            isTapSecure: configuration.tls != nil, options: configuration.transport,
            withholdsCompression: configuration.faults.needsSifting)
    }

    var looksLater: Bool { false }
    /// Whether more requests should come.
    var hasRoom: Bool { exchanges.count < Self.largestExchangeCount }
    /// Whether the answer to a request has begun, and is not whole.
    var isAnswering: Bool { exchanges.first?.answer != nil }
    private var isSifting: Bool { tapServer.configuration.faults.needsSifting }

    func receive(_ part: RelayPart, _ direction: WireEvent.Direction) -> [RelayPart] {
        switch (part, direction) {
        case (.requestHead(let head, let raw, _), _): receive(request: head, raw)
        case (.responseHead(let head, let raw, _), _): receive(answer: head, raw)
        case (.body(let bytes), .outgoing): receive(requestBody: bytes)
        case (.chunkFraming, .outgoing): exchanges.last?.heldHead == nil ? [part] : []
        case (.chunkFraming, .incoming): isSifting && exchanges.first?.frames?.canSift == true ? [] : [part]
        case (.end(let trailers), .outgoing): takeRequestEnd(trailers)
        case (.body(let bytes), .incoming): receive(answerBody: bytes)
        case (.end, .incoming): takeAnswerEnd(part)
        default: [part]
        }
    }

    /// The connection is over.
    func stop() {
        for session in exchanges.map(\.session) + answered { session?.detach(relay) }
        (exchanges, answered) = ([], [])
    }

    /// The app has been given an answer.
    func answerLeft() { answered.popFirst()??.detach(relay) }

    // MARK: - Requests

    private func receive(request head: HTTPRequestHead, _ raw: HTTPRawHead?) -> [RelayPart] {
        if let refusal = admission.refusal(of: head) {
            relay.report(.local, .refused(refusal))
            // The answers to earlier requests come first.
            if exchanges.isEmpty { relay.answer(refusal.status, refusal.text) } else { relay.breakOff() }
            return []
        }
        let path = SockJSPath(requestTarget: head.uri)
        var session: TapSession?
        if let path, path.carriage != .websocket, head.method == path.method {
            session = tapServer.session(of: path, app: relay.app.address, isReceiving: path.carriage != .sending)
        }
        if let session, session.isClosed {
            answerClosed(head, path)
            return []
        }
        let (reduced, withheld) = rewriting.withholding(from: head, isOfSession: session != nil)
        let exchange = Exchange(head, path, session)
        exchanges.append(exchange)
        session?.attach(relay)
        let request = WireEvent.Content.request(method: head.method.rawValue, target: head.uri.decodingUTF8)
        report(exchange, .outgoing, .wire(.http, request, raw?.bytes))
        if !withheld.isEmpty {
            report(exchange, .local, .wire(.http, .offerWithheld(of: withheld), nil))
        }
        relay.needServer()
        if isSifting, exchange.carriesMessages {
            exchange.heldHead = .requestHead(reduced, raw, makesChunks: raw?.framing == .chunked)
            return []
        }
        return [.requestHead(reduced, raw)]
    }

    /// A request as the server gets it that took the connection.
    func addressed(_ head: HTTPRequestHead) -> HTTPRequestHead {
        site.map { rewriting.addressed(head, to: $0) } ?? head
    }

    private func receive(requestBody bytes: ByteBuffer) -> [RelayPart] {
        guard let exchange = exchanges.last, exchange.carriesMessages, !exchange.isTooLarge else {
            return [.body(bytes)]
        }
        exchange.body.writeImmutableBuffer(bytes)
        if exchange.body.readableBytes > tapServer.configuration.transport.maximumMessage {
            exchange.isTooLarge = true
            report(exchange, .outgoing, .note(.requestTooLarge))
            defer { exchange.body = ByteBuffer() }
            guard let head = exchange.heldHead.take() else { return [.body(bytes)] }
            return [head, .body(exchange.body)]
        }
        return exchange.heldHead == nil ? [.body(bytes)] : []
    }

    private func takeRequestEnd(_ trailers: HTTPHeaders?) -> [RelayPart] {
        guard let exchange = exchanges.last, exchange.carriesMessages, !exchange.isTooLarge,
            let session = exchange.session
        else { return [.end(trailers)] }
        let form = SockJSForm(exchange.head.headers)
        let array = form.array(in: exchange.body)
        let outcome = session.inspector.takeSockJS(array: array)
        latest = session
        session.report(.outgoing, outcome.seen)
        let original = exchange.body
        exchange.body = ByteBuffer()
        guard case .requestHead(var head, let raw, _)? = exchange.heldHead.take() else { return [.end(trailers)] }
        // A request whose messages all got lost is still to be answered.
        let body = outcome.passed == [array] ? original : form.body(outcome.passed.first ?? ByteBuffer(string: "[]"))
        head.headers.remove(name: "Transfer-Encoding")
        head.headers.replaceOrAdd(name: "Content-Length", value: "\(body.readableBytes)")
        return [.requestHead(head, raw), .body(body), .end(nil)]
    }

    // MARK: - Answers

    private func receive(answer head: HTTPResponseHead, _ raw: HTTPRawHead?) -> [RelayPart] {
        guard let exchange = exchanges.first else {
            // Such as a 408, before a server closes a connection that has been idle.
            relay.report(.incoming, .note(.unsolicitedAnswer))
            return [.responseHead(head, raw)]
        }
        let (status, reason) = (Int(head.status.code), head.status.reasonPhrase.decodingUTF8)
        report(exchange, .incoming, .wire(.http, .answer(status: status, reason: reason), raw?.bytes))
        if head.status.code < 200, head.status.code != 101 { return [.responseHead(head, raw)] }
        let head = site.map { rewriting.rewritten(head, from: $0, to: exchange.head) } ?? head
        exchange.answer = head
        if exchange.head.asksForWebSocket, head.status.code != 101 {
            let path = String(exchange.head.uri.prefix { $0 != "?" })
            report(exchange, .incoming, .note(.notUpgraded(path: path, status: status, reason: reason)))
        }
        if let path = exchange.path, let session = exchange.session, path.carriage != .sending {
            guard head.status.code == 200 else {
                session.end(.answered(status: status, reason: reason))
                return [.responseHead(head, raw)]
            }
            exchange.frames = SockJSBody(
                path, headers: head.headers, limit: tapServer.configuration.transport.maximumMessage)
        }
        guard isSifting, exchange.frames?.canSift == true else { return [.responseHead(head, raw)] }
        var sifted = head
        sifted.headers.remove(name: "Content-Length")
        guard head.version == .http1_1 else { return [.responseHead(sifted, raw)] }
        sifted.headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
        return [.responseHead(sifted, raw, makesChunks: true)]
    }

    private func receive(answerBody bytes: ByteBuffer) -> [RelayPart] {
        guard let exchange = exchanges.first, let frames = exchange.frames else { return [.body(bytes)] }
        return pass(frames.decode(bytes), frames, of: exchange, orAll: bytes)
    }

    private func takeAnswerEnd(_ end: RelayPart) -> [RelayPart] {
        guard let exchange = exchanges.popFirst() else { return [end] }
        var parts: [RelayPart] = []
        if let frames = exchange.frames { parts = pass(frames.finish(), frames, of: exchange, orAll: nil) }
        answered.append(exchange.session)
        if let answer = exchange.answer, answer.isLast(to: exchange.head.method) {
            relay.expectUpgrade(exchange.head, answer, mayBeSockJS: exchange.path?.carriage == .websocket)
            return [.upgraded]
        }
        goesOn = exchange.head.asksForAnotherProtocol
        return parts + [end]
    }

    private func pass(
        _ taken: (pieces: [SockJSBody.Piece], failure: TransportError?), _ body: SockJSBody, of exchange: Exchange,
        orAll bytes: ByteBuffer?
    ) -> [RelayPart] {
        let isSifting = isSifting && body.canSift
        var passed = ByteBuffer()
        for piece in taken.pieces {
            guard let frame = piece.frame, let session = session(of: exchange, for: frame) else {
                if isSifting { body.write([], of: piece, to: &passed) }
                continue
            }
            latest = session
            let unwrapped = session.inspector.takeSockJS(frame: frame)
            session.report(.incoming, unwrapped.outcome.seen)
            if let closing = unwrapped.closing {
                session.note(ending: closing)
                session.end(closing)
            }
            if isSifting { body.write(unwrapped.outcome.passed, of: piece, to: &passed) }
        }
        if let failure = taken.failure { report(exchange, .incoming, .note(.noLongerTakenApart(failure))) }
        if isSifting { return passed.readableBytes > 0 ? [.body(passed)] : [] }
        return bytes.map { [.body($0)] } ?? []
    }

    /// The session of a frame of an answer: another one where the frame opens again what has ended.
    private func session(of exchange: Exchange, for frame: ByteBuffer) -> TapSession? {
        guard let session = exchange.session, session.hasEnded, let path = exchange.path,
            StreamInspector.opensSockJS(frame)
        else { return exchange.session }
        let another = tapServer.makeSession(path, app: relay.app.address)
        another.attach(relay)
        session.detach(relay)
        exchange.session = another
        return another
    }

    func passed() {
        latest?.closeIfSpent()
        latest = nil
        guard goesOn else { return }
        goesOn = false
        relay.app.goOn()
    }

    func farewell(_ code: Int, of session: TapSession) -> [(WireEvent.Direction, RelayPart)] {
        guard let exchange = exchanges.first, exchange.session === session else { return [] }
        guard exchange.answer != nil else {
            // It waits for a frame: this is it.
            answerClosed(exchange.head, exchange.path)
            return []
        }
        guard let frames = exchange.frames, frames.canSift, exchange.path?.takesFrames == true else { return [] }
        var body = ByteBuffer()
        frames.write(SockJSFrame.closing(code: code, reason: WebSocketRelayProtocol.reason), to: &body)
        return [(.incoming, .body(body)), (.incoming, .end(nil))]
    }

    /// Answers a request of a session that the tap has closed: with the code to one that receives.
    private func answerClosed(_ request: HTTPRequestHead, _ path: SockJSPath?) {
        guard let code = tapServer.configuration.faults.closeCode, let path, path.takesWholeAnswer,
            let frames = SockJSBody(path, headers: [:], limit: 1)
        else { return relay.answer(.notFound, "The tap has closed this session") }
        var headers = HTTPHeaders()
        headers.add(
            name: "Content-Type", value: path.carriage == .events ? "text/event-stream" : "application/javascript")
        // A page of another origin may not read it otherwise.
        if let origin = request.headers.first(name: "Origin") {
            headers.add(name: "Access-Control-Allow-Origin", value: origin)
            headers.add(name: "Access-Control-Allow-Credentials", value: "true")
        }
        var body = ByteBuffer()
        frames.write(SockJSFrame.closing(code: code, reason: WebSocketRelayProtocol.reason), to: &body)
        relay.answer(.ok, headers, body)
    }

    // MARK: - What is told

    private func report(_ exchange: Exchange, _ direction: WireEvent.Direction, _ content: TapEvent.Content) {
        if let session = exchange.session {
            session.report(direction, content)
        } else {
            relay.report(direction, content)
        }
    }
}
