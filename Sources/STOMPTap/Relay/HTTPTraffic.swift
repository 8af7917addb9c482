import NIOCore
import NIOHTTP1
import STOMPTransport

/// HTTP requests and their answers, including those of SockJS sessions, and requests for WebSockets. A value without I/O.
struct HTTPTraffic {
    /// A request whose answer is not complete yet.
    private struct Exchange {
        let head: HTTPRequestHead
        let path: SockJSPath?
        var session: Int?

        var carriesMessages: Bool { session != nil && path?.carriage == .sending }
    }

    /// A request that carries messages of a SockJS session and is not complete yet.
    private struct Sending {
        let session: Int
        let form: SockJSForm
        var body = ByteBuffer()
        /// The head, if it is held because faults may change the body.
        let heldHead: (HTTPRequestHead, HTTPRawHead?)?
    }

    /// An answer that has started.
    private struct Answer {
        let head: HTTPResponseHead
        /// The decoder of its body, if that contains frames of a SockJS session.
        var frames: SockJSBody?
        /// The request that it refuses, until that is reported.
        var failedRequest: FailedRequest?
    }

    /// The request and the answer that upgrade the connection.
    struct Upgrade {
        let request: HTTPRequestHead
        let answer: HTTPResponseHead
        let mayBeSockJS: Bool
    }

    /// The maximum number of unanswered requests; no more requests are read until answers arrive.
    private static let largestExchangeCount = 1000
    /// The maximum number of cookies of another domain that are reported.
    private static let mostReportedCookies = 20

    /// The server, once there is a connection to it.
    var site: HTTPSite?
    /// The headers that were made for its requests.
    var headers = HTTPHeaders()
    /// Set when the answer has been received; the answer may still be on its way to the app.
    private(set) var upgrade: Upgrade?
    /// The exchanges in the order of the requests. The last request may be incomplete; the first one is being
    /// answered.
    private var exchanges = CircularBuffer<Exchange>()
    /// Whether the last request is incomplete.
    private var isRequestOpen = false
    private var sending: Sending?
    private var answer: Answer?
    /// The sessions of the complete answers that are on their way to the app.
    private var answered = CircularBuffer<Int?>()
    /// The names of the cookies of another domain that were already reported.
    private var reportedCookies: Set<String> = []

    /// A request as it is sent to the connected server.
    func addressed(_ head: HTTPRequestHead, _ rewriting: RequestRewriting) -> HTTPRequestHead {
        site.map { rewriting.addressed(head, to: $0, adding: headers) } ?? head
    }

    /// Whether more requests may be read.
    var hasRoom: Bool { exchanges.count < Self.largestExchangeCount }

    /// Whether the tap may send an answer of its own: instead of the server's next one, or to what the app sends
    /// now. It must not overtake the answers to earlier requests, and is not allowed while an answer is passing.
    func mayAnswer(insteadOf side: TapSide) -> Bool {
        guard answer == nil else { return false }
        return side == .server || exchanges.count == (isRequestOpen ? 1 : 0)
    }

    mutating func receive(
        _ part: RelayPart, _ direction: WireEvent.Direction, _ label: inout RelayLabel, _ context: inout TapContext
    ) -> [RelayStep] {
        switch (part, direction) {
        case (.requestHead(let head, let raw, _), _):
            return receive(request: head, raw, &label, &context)
        case (.responseHead(let head, let raw, _), _):
            return [.pass(receive(answer: head, raw, &label, &context), direction)]
        case (.body(let bytes), .outgoing):
            return receive(requestBody: bytes, &context).map { .pass($0, direction) }
        case (.chunkFraming, .outgoing) where sending?.heldHead != nil:
            return []
        case (.chunkFraming, .incoming) where isSifting(context):
            return []
        case (.end(let trailers), .outgoing):
            return endRequest(trailers, &context)
        case (.body(let bytes), .incoming):
            return receive(answerBody: bytes, &label, &context)
        case (.end, .incoming):
            return endAnswer(part, &label, &context)
        default:
            return [.pass(part, direction)]
        }
    }

    /// Stops, because the connection has ended or is not HTTP any more.
    mutating func stop(_ label: inout RelayLabel, _ context: inout TapContext) {
        reportFailedRequest(&label, &context)
        for case let session? in exchanges.map(\.session) + answered { context.detach(label.id, from: session) }
        (exchanges, answered, sending, answer) = ([], [], nil, nil)
    }

    /// Handles an answer that has been sent to the app.
    mutating func answerLeft(_ relay: Relay.ID, _ context: inout TapContext) {
        if case let session?? = answered.popFirst() { context.detach(relay, from: session) }
    }

    // MARK: - Requests

    private mutating func receive(
        request head: HTTPRequestHead, _ raw: HTTPRawHead?, _ label: inout RelayLabel, _ context: inout TapContext
    ) -> [RelayStep] {
        if let refusal = context.admission.refusal(of: head) {
            context.report(.local, .refused(refusal), of: &label)
            return [mayAnswer(insteadOf: .app) ? .answer(refusal.status, refusal.text) : .breakOff]
        }
        let path = SockJSPath(requestTarget: head.uri)
        var session: Int?
        if let path, path.carriage != .websocket, head.method == path.method {
            session = context.session(of: path, app: label.app, isReceiving: path.carriage != .sending)
        }
        var steps: [RelayStep] = []
        if let session, let present = context.sessions[session] {
            if present.isClosed {
                return [mayAnswer(insteadOf: .app) ? Self.answerClosed(head, path, context) : .breakOff]
            }
            if present.isFrozen { steps.append(.freeze) }
            context.attach(label.id, to: session)
        }
        let (reduced, withheld) = context.rewriting.withholding(from: head, isOfSession: session != nil)
        let exchange = Exchange(head: head, path: path, session: session)
        exchanges.append(exchange)
        isRequestOpen = true
        let request = WireEvent.Content.request(method: head.method.rawValue, target: head.uri.decodingUTF8)
        context.report(.outgoing, .wire(.http, request, raw?.bytes), of: session, &label)
        if !withheld.isEmpty {
            context.report(.local, .wire(.http, .offerWithheld(of: withheld), nil), of: session, &label)
        }
        steps.append(.connect)
        let isHeld = exchange.carriesMessages && context.configuration.faults.needsSifting
        sending = nil
        if let session, exchange.carriesMessages {
            sending = Sending(
                session: session, form: SockJSForm(head.headers), heldHead: isHeld ? (reduced, raw) : nil)
        }
        if !isHeld { steps.append(.pass(.requestHead(reduced, raw), .outgoing)) }
        return steps
    }

    private mutating func receive(requestBody bytes: ByteBuffer, _ context: inout TapContext) -> [RelayPart] {
        sending?.body.writeImmutableBuffer(bytes)
        guard let sending else { return [.body(bytes)] }
        guard sending.body.readableBytes > context.configuration.transport.maximumMessage else {
            return sending.heldHead == nil ? [.body(bytes)] : []
        }
        self.sending = nil
        context.report(.outgoing, .note(.requestTooLarge), of: sending.session)
        guard let (head, raw) = sending.heldHead else { return [.body(bytes)] }
        return [.requestHead(head, raw, makesChunks: raw?.framing == .chunked), .body(sending.body)]
    }

    private mutating func endRequest(_ trailers: HTTPHeaders?, _ context: inout TapContext) -> [RelayStep] {
        isRequestOpen = false
        guard let sending = sending.take(), let index = context.sessions.index(forKey: sending.session) else {
            return [.pass(.end(trailers), .outgoing)]
        }
        let array = sending.form.array(in: sending.body)
        var outcome = FrameFilter.Outcome()
        context.sessions.values[index].inspector.inspectSockJS(array: array, into: &outcome)
        context.report(inspected: outcome.seen, .outgoing, of: sending.session)
        let closing = context.closing(of: sending.session)
        guard case (var head, let raw)? = sending.heldHead else {
            return [.pass(.end(trailers), .outgoing)] + closing
        }
        // A request whose messages were all dropped must still be answered.
        let body =
            outcome.passed == [array]
            ? sending.body : sending.form.body(outcome.passed.first ?? ByteBuffer(string: "[]"))
        head.headers.remove(name: "Transfer-Encoding")
        head.headers.replaceOrAdd(name: "Content-Length", value: "\(body.readableBytes)")
        let parts: [RelayPart] = [.requestHead(head, raw), .body(body), .end(nil)]
        return parts.map { .pass($0, .outgoing) } + closing
    }

    // MARK: - Answers

    private mutating func receive(
        answer head: HTTPResponseHead, _ raw: HTTPRawHead?, _ label: inout RelayLabel, _ context: inout TapContext
    ) -> RelayPart {
        guard let exchange = exchanges.first else {
            // For example a 408, before a server closes an idle connection.
            context.report(.incoming, .note(.unsolicitedAnswer), of: &label)
            return .responseHead(head, raw)
        }
        let (status, reason) = (Int(head.status.code), head.status.reasonPhrase.decodingUTF8)
        context.report(
            .incoming, .wire(.http, .answer(status: status, reason: reason), raw?.bytes), of: exchange.session, &label)
        if head.status.code < 200, head.status.code != 101 { return .responseHead(head, raw) }
        let head = site.map { context.rewriting.rewritten(head, from: $0, to: exchange.head) } ?? head
        answer = Answer(head: head)
        inspectHead(head, of: exchange, &label, &context)
        if let path = exchange.path, let session = exchange.session, path.carriage != .sending {
            guard head.status.code == 200 else {
                context.endSession(session, .answered(status: status, reason: reason))
                return .responseHead(head, raw)
            }
            answer?.frames = SockJSBody(
                path, headers: head.headers, limit: context.configuration.transport.maximumMessage)
        }
        guard isSifting(context) else { return .responseHead(head, raw) }
        var sifted = head
        sifted.headers.remove(name: "Content-Length")
        guard head.version == .http1_1 else { return .responseHead(sifted, raw) }
        sifted.headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
        return .responseHead(sifted, raw, makesChunks: true)
    }

    /// Reports anything in the head of an answer that keeps an app from its session.
    private mutating func inspectHead(
        _ head: HTTPResponseHead, of exchange: Exchange, _ label: inout RelayLabel, _ context: inout TapContext
    ) {
        let status = Int(head.status.code)
        // An answer such as 404, because the server no longer knows the session, is not reported.
        let isForbidden = exchange.path?.carriage == .sending && (status == 401 || status == 403)
        let isInfo = exchange.head.path.hasSuffix("/info") && status >= 300 && status != 304
        if isForbidden || isInfo || exchange.head.asksForWebSocket && status != 101 {
            let sent = addressed(exchange.head, context.rewriting)
            answer?.failedRequest = FailedRequest(
                path: exchange.head.path.decodingUTF8, origin: sent.headers.first(name: "Origin")?.decodingUTF8,
                status: status,
                reason: head.status.reasonPhrase.decodingUTF8)
        }
        for cookie in context.rewriting.foreignCookies(in: head, to: exchange.head)
        where reportedCookies.count < Self.mostReportedCookies && reportedCookies.insert(cookie.name).inserted {
            let note = TapNote.cookieOfOtherDomain(name: cookie.name, domain: cookie.domain, host: cookie.host)
            context.report(.incoming, .note(note), of: exchange.session, &label)
        }
    }

    private mutating func reportFailedRequest(_ label: inout RelayLabel, _ context: inout TapContext) {
        guard let request = answer?.failedRequest.take() else { return }
        context.report(.incoming, .note(.requestFailed(request)), of: exchanges.first?.session, &label)
    }

    /// Whether only the allowed frames of the answer pass.
    private func isSifting(_ context: TapContext) -> Bool {
        context.configuration.faults.needsSifting && answer?.frames?.canSift == true
    }

    private mutating func receive(
        answerBody bytes: ByteBuffer, _ label: inout RelayLabel, _ context: inout TapContext
    ) -> [RelayStep] {
        answer?.failedRequest?.append(bytes)
        guard let taken = answer?.frames?.decode(bytes) else { return [.pass(.body(bytes), .incoming)] }
        let (body, session) = pass(taken, orAll: bytes, &label, &context)
        return (body.map { [.pass(.body($0), .incoming)] } ?? []) + context.closing(of: session)
    }

    private mutating func endAnswer(
        _ end: RelayPart, _ label: inout RelayLabel, _ context: inout TapContext
    ) -> [RelayStep] {
        reportFailedRequest(&label, &context)
        let taken = answer?.frames?.finish()
        let (body, session) = taken.map { pass($0, orAll: nil, &label, &context) } ?? (nil, nil)
        let answer = answer.take()
        guard let exchange = exchanges.popFirst() else { return [.pass(end, .incoming)] }
        // The rest of a request that was answered before it was complete passes unchanged.
        if exchanges.isEmpty { sending = nil }
        answered.append(exchange.session)
        if let answer, answer.head.isLast(to: exchange.head.method) {
            upgrade = Upgrade(
                request: exchange.head, answer: answer.head, mayBeSockJS: exchange.path?.carriage == .websocket)
            return [.pass(.upgraded, .incoming)]
        }
        let parts = (body.map { [.body($0)] } ?? []) + [end]
        let next = exchange.head.asksForAnotherProtocol ? [RelayStep.readOn] : []
        return parts.map { .pass($0, .incoming) } + context.closing(of: session) + next
    }

    /// Inspects decoded frames.
    ///
    /// - Returns: the body that passes: the frames that no fault drops, or all the received bytes if no frame can
    ///   be dropped; and the session of the frames.
    private mutating func pass(
        _ taken: (pieces: [SockJSBody.Piece], failure: TransportError?), orAll bytes: ByteBuffer?,
        _ label: inout RelayLabel, _ context: inout TapContext
    ) -> (body: ByteBuffer?, session: Int?) {
        guard let body = answer?.frames, var session = exchanges.first?.session,
            var index = context.sessions.index(forKey: session)
        else { return (bytes, nil) }
        let isSifting = isSifting(context)
        var outcome = FrameFilter.Outcome()
        var passed = ByteBuffer()
        for piece in taken.pieces {
            outcome.passed.removeAll(keepingCapacity: true)
            if let frame = piece.frame {
                if context.sessions.values[index].hasEnded, StreamInspector.opensSockJS(frame) {
                    context.report(.incoming, outcome.takeSeen(), of: session)
                    session = openAgain(session, label, &context)
                    index = context.sessions.index(forKey: session) ?? index
                }
                let closing = context.sessions.values[index].inspector.inspectSockJS(frame: frame, into: &outcome)
                if let closing {
                    context.report(.incoming, outcome.takeSeen(), of: session)
                    context.sessions.values[index].note(ending: closing)
                    context.endSession(session, closing)
                }
            }
            if isSifting { body.write(outcome.passed, of: piece, to: &passed) }
        }
        context.report(inspected: outcome.seen, .incoming, of: session)
        if let failure = taken.failure {
            context.report(.incoming, .note(.noLongerTakenApart(failure)), of: session)
        }
        return (isSifting ? (passed.readableBytes > 0 ? passed : nil) : bytes, session)
    }

    /// Starts a session that replaces one that has ended, because a frame of the answer opens it again.
    private mutating func openAgain(_ session: Int, _ label: RelayLabel, _ context: inout TapContext) -> Int {
        guard let path = exchanges.first?.path else { return session }
        let another = context.openSession(path, app: label.app)
        context.attach(label.id, to: another)
        context.detach(label.id, from: session)
        exchanges[exchanges.startIndex].session = another
        return another
    }

    // MARK: - Sessions that the tap closes

    func closeParts(_ code: Int, of session: Int, _ context: TapContext) -> [RelayStep] {
        guard let exchange = exchanges.first, exchange.session == session else { return [] }
        // The request waits for a frame, and gets this one.
        guard let answer else { return [Self.answerClosed(exchange.head, exchange.path, context)] }
        guard let frames = answer.frames, frames.canSift, exchange.path?.acceptsFrames == true else { return [] }
        var body = ByteBuffer()
        frames.write(SockJSFrame.closing(code: code, reason: Traffic.closeReason), to: &body)
        return [.pass(.body(body), .incoming), .pass(.end(nil), .incoming)]
    }

    /// The answer to a request of a closed session. It contains the close code if the request receives frames.
    private static func answerClosed(
        _ request: HTTPRequestHead, _ path: SockJSPath?, _ context: TapContext
    ) -> RelayStep {
        guard let code = context.configuration.faults.closeCode, let path, path.acceptsWholeAnswer,
            let frames = SockJSBody(path, headers: [:], limit: 1)
        else { return .answer(.notFound, "The tap has closed this session") }
        var headers = HTTPHeaders()
        headers.add(
            name: "Content-Type", value: path.carriage == .events ? "text/event-stream" : "application/javascript")
        // Without these headers, a page of another origin may not read the answer.
        if let origin = request.headers.first(name: "Origin") {
            headers.add(name: "Access-Control-Allow-Origin", value: origin)
            headers.add(name: "Access-Control-Allow-Credentials", value: "true")
        }
        var body = ByteBuffer()
        frames.write(SockJSFrame.closing(code: code, reason: Traffic.closeReason), to: &body)
        return .answer(.ok, headers, body)
    }
}

extension HTTPRequestHead {
    /// Its target without the query.
    fileprivate var path: String { String(uri.prefix { $0 != "?" }) }
}

extension FailedRequest {
    /// The maximum number of body bytes that are kept.
    private static let longestBody = 200

    fileprivate mutating func append(_ bytes: ByteBuffer) {
        body.writeBytes(bytes.readableBytesView.prefix(Self.longestBody - body.readableBytes))
    }
}

extension TapContext {
    /// Reports an event of the session if there is one, otherwise of the connection.
    fileprivate mutating func report(
        _ direction: WireEvent.Direction, _ content: TapEvent.Content, of session: Int?, _ label: inout RelayLabel
    ) {
        if let session { report(direction, content, of: session) } else { report(direction, content, of: &label) }
    }
}
