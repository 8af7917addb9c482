import NIOCore
import NIOHTTP1
import STOMPTransport

/// What travels through a relay, as far as the tap can take it apart. A value without I/O: it is given what an end has
/// sent, and says what the relay is to do.
enum Traffic {
    /// What nobody can take apart.
    case opaque
    /// STOMP over TCP: this session.
    case stomp(Int)
    /// Requests and their answers, among them those of SockJS sessions, and the requests for WebSockets.
    case http(HTTPTraffic)
    case webSocket(WebSocketTraffic)

    /// Why the tap closes a session, for both ends.
    static let closeReason = "closed by stomptap"

    var isHTTP: Bool {
        if case .http = self { true } else { false }
    }

    /// Whether the answer to a request has begun, or there is none to be given.
    var isAnswering: Bool {
        if case .http(let http) = self { http.isAnswering } else { true }
    }

    /// Whether this side should send more, as far as it depends on what it sends.
    func takesMore(from side: TapSide) -> Bool {
        guard case .http(let http) = self else { return true }
        return http.upgrade == nil && (side == .server || http.hasRoom)
    }

    /// A request as the server gets it that took the connection.
    func addressed(_ head: HTTPRequestHead, _ rewriting: RequestRewriting) -> HTTPRequestHead {
        guard case .http(let http) = self, let site = http.site else { return head }
        return rewriting.addressed(head, to: site)
    }

    /// Changes what is known of requests and answers, where there are any.
    mutating func updateHTTP(_ body: (inout HTTPTraffic) -> Void) {
        guard case .http(var http) = self else { return }
        // Nothing else has it meanwhile, so that it is not copied.
        self = .opaque
        body(&http)
        self = .http(http)
    }

    /// Whether bytes pass before they are looked at, as nothing of them can be lost.
    func looksLater(_ context: TapContext) -> Bool {
        switch self {
        case .http: false
        case .opaque: true
        case .stomp, .webSocket: !context.configuration.faults.needsSifting
        }
    }

    /// Takes what one end has sent.
    ///
    /// - Returns: what the relay is to do, in this order.
    mutating func receive(
        _ part: RelayPart, _ direction: WireEvent.Direction, _ label: inout RelayLabel, _ context: inout TapContext
    ) -> [RelayStep] {
        switch self {
        case .opaque:
            return [.pass(part, direction)]
        case .stomp(let session):
            return Self.receive(stomp: part, direction, of: session, &context)
        case .http(var http):
            // Nothing else has it meanwhile, so that it is not copied.
            self = .opaque
            defer { self = .http(http) }
            return http.receive(part, direction, &label, &context)
        case .webSocket(var webSocket):
            self = .opaque
            defer { self = .webSocket(webSocket) }
            return webSocket.receive(part, direction, &context)
        }
    }

    private static func receive(
        stomp part: RelayPart, _ direction: WireEvent.Direction, of session: Int, _ context: inout TapContext
    ) -> [RelayStep] {
        guard let index = context.sessions.index(forKey: session) else { return [.pass(part, direction)] }
        let isSifting = context.configuration.faults.needsSifting
        let outcome: FrameFilter.Outcome
        var steps: [RelayStep] = []
        switch part {
        case .bytes(let bytes):
            outcome = context.sessions.values[index].inspector.inspect(bytes, direction)
            if !isSifting { steps.append(.pass(part, direction)) }
        case .inputClosed, .reset:
            outcome = context.sessions.values[index].inspector.finish(direction)
        default:
            return [.pass(part, direction)]
        }
        context.report(direction, outcome.seen, of: session)
        steps += outcome.passed.lazy.filter { _ in isSifting }.map { .pass(.bytes($0), direction) }
        if case .bytes = part {} else { steps.append(.pass(part, direction)) }
        return steps + context.closing(of: session)
    }

    /// What both ends are told when the tap closes this session with this code.
    func farewell(_ code: Int, of session: Int, _ context: TapContext) -> [RelayStep] {
        switch self {
        case .opaque, .stomp: []
        case .http(let http): http.farewell(code, of: session, context)
        case .webSocket(let webSocket): webSocket.farewell(code)
        }
    }
}

/// What a relay is to do after something came.
enum RelayStep {
    /// This passes that way.
    case pass(RelayPart, WireEvent.Direction)
    /// There is to be a connection to the server.
    case connect
    /// The app is answered in the server's place, and the connection ends.
    case answer(HTTPResponseStatus, HTTPHeaders, ByteBuffer)
    /// Both connections end at once, as there is nothing that an end could be told.
    case breakOff
    /// Nothing passes any more: it is for a session that is frozen.
    case freeze
    /// The tap closes this session.
    case close(Int)
    /// The app's next request may be read, which was held back as long as the connection might become another.
    case readOn

    /// Answers with a line of text.
    static func answer(_ status: HTTPResponseStatus, _ text: String) -> RelayStep {
        .answer(status, ["Content-Type": "text/plain; charset=utf-8"], ByteBuffer(string: text + "\n"))
    }
}

extension TapContext {
    /// The step that closes a session, where it has had all the frames that it was to have.
    func closing(of session: Int?) -> [RelayStep] {
        guard let session, sessions[session]?.isSpent == true else { return [] }
        return [.close(session)]
    }
}

/// The messages of a WebSocket. A value without I/O.
struct WebSocketTraffic {
    let session: Int
    /// Whether messages are envelopes of SockJS; nil until the server's first one tells.
    private var isSockJS: Bool?
    /// What takes apart what each side sends, until it cannot be taken apart any more.
    private var dissectors: Pair<WebSocketDissector?>

    /// - Parameters:
    ///   - answer: the head of the 101.
    ///   - mayBeSockJS: whether the path is one of a SockJS session.
    ///   - limit: the largest message that is taken apart, in bytes.
    /// - Throws: ``TransportError`` where the sides have agreed on what cannot be taken apart.
    init(session: Int, answer: HTTPResponseHead, mayBeSockJS: Bool, limit: Int) throws(TransportError) {
        self.session = session
        isSockJS = mayBeSockJS ? nil : false
        dissectors = Pair(
            app: try WebSocketDissector(isFromClient: true, answer: answer, limit: limit),
            server: try WebSocketDissector(isFromClient: false, answer: answer, limit: limit))
    }

    mutating func receive(
        _ part: RelayPart, _ direction: WireEvent.Direction, _ context: inout TapContext
    ) -> [RelayStep] {
        guard case .bytes(let bytes) = part, let index = context.sessions.index(forKey: session),
            var dissector = dissectors[direction].take()
        else { return [.pass(part, direction)] }
        let isSifting = context.configuration.faults.needsSifting
        var outcome = FrameFilter.Outcome()
        var steps: [RelayStep] = []
        do throws(TransportError) {
            try dissector.append(bytes) { element in
                receive(element, direction, &context.sessions.values[index], isSifting, &outcome)
            }
            dissectors[direction] = dissector
            context.report(direction, outcome.seen, of: session)
        } catch {
            context.report(direction, outcome.seen, of: session)
            context.report(direction, .note(.noLongerTakenApart(error)), of: session)
            // What the dissector has kept is lost where it alone says what passes.
            if isSifting { steps.append(.pass(.reset, direction)) }
        }
        if isSifting {
            steps.insert(contentsOf: outcome.passed.map { .pass(.bytes($0), direction) }, at: 0)
        } else {
            steps.append(.pass(part, direction))
        }
        return steps + context.closing(of: session)
    }

    /// - Parameter outcome: what was seen of this read, and the frames that pass of it.
    private mutating func receive(
        _ element: WebSocketDissector.Element, _ direction: WireEvent.Direction, _ session: inout TapSession,
        _ isSifting: Bool, _ outcome: inout FrameFilter.Outcome
    ) {
        let isMasked = direction.sender == .app
        switch element {
        case .control(let control, let content):
            outcome.seen.append(.wire(.ws, content, control.payload))
            if case .close(let close) = content {
                session.note(ending: .webSocketClosed(by: direction.sender, close))
            }
            if isSifting { outcome.passed.append(control.bytes(isMasked: isMasked)) }
        case .message(let bytes, let isText):
            let first = outcome.passed.count
            receive(bytes, isText, direction, &session, &outcome)
            for index in outcome.passed.indices[first...] {
                outcome.passed[index] = WebSocketDissector.message(
                    outcome.passed[index], isText: isText, isMasked: isMasked)
            }
        }
    }

    private mutating func receive(
        _ bytes: ByteBuffer, _ isText: Bool, _ direction: WireEvent.Direction, _ session: inout TapSession,
        _ outcome: inout FrameFilter.Outcome
    ) {
        if isSockJS == nil, direction == .incoming { isSockJS = StreamInspector.opensSockJS(bytes) }
        switch (isSockJS, direction) {
        case (true?, .outgoing):
            session.inspector.takeSockJS(array: bytes, into: &outcome)
        case (true?, _):
            if let closing = session.inspector.takeSockJS(frame: bytes, into: &outcome) {
                session.note(ending: closing)
            }
        default:
            session.inspector.inspect(bytes, direction, isText: isText, into: &outcome)
        }
    }

    func farewell(_ code: Int) -> [RelayStep] {
        let reason = Traffic.closeReason
        var steps = TapSide.both.map { side in
            let close = WebSocketDissector.close(code: code, reason: reason, isMasked: side == .app)
            return RelayStep.pass(.bytes(close), side.direction)
        }
        if isSockJS == true {
            let frame = SockJSFrame.closing(code: code, reason: reason)
            let message = WebSocketDissector.message(frame, isText: true, isMasked: false)
            steps.insert(.pass(.bytes(message), .incoming), at: 0)
        }
        return steps
    }
}
