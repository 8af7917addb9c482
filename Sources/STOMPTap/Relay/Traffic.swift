import NIOCore
import NIOHTTP1
import STOMPTransport

/// What passes through a relay, as far as the tap can decode it: plain STOMP, HTTP, whose bodies may be those of
/// SockJS, or a WebSocket. A value without I/O: it receives what an end has sent, and returns the steps that its
/// relay performs.
enum Traffic {
    /// Bytes that the tap cannot decode.
    case opaque
    /// STOMP over TCP, of the session with this number.
    case stomp(Int)
    /// Requests and their answers, including those of SockJS sessions, and requests for WebSockets.
    case http(HTTPTraffic)
    case webSocket(WebSocketTraffic)

    /// The reason in the close frames of the tap.
    static let closeReason = "closed by stomptap"

    var isHTTP: Bool {
        if case .http = self { true } else { false }
    }

    /// Whether the tap may send an answer of its own to what this side sends: see
    /// ``HTTPTraffic/mayAnswer(insteadOf:)``.
    func mayAnswer(insteadOf side: TapSide) -> Bool {
        if case .http(let http) = self { http.mayAnswer(insteadOf: side) } else { false }
    }

    /// Whether the protocol allows more to be read from this side.
    func acceptsMore(from side: TapSide) -> Bool {
        guard case .http(let http) = self else { return true }
        return http.upgrade == nil && (side == .server || http.hasRoom)
    }

    /// A request as it is sent to the connected server.
    func addressed(_ head: HTTPRequestHead, _ rewriting: RequestRewriting) -> HTTPRequestHead {
        guard case .http(let http) = self else { return head }
        return http.addressed(head, rewriting)
    }

    /// Changes the state of HTTP, if this is HTTP.
    mutating func updateHTTP(_ body: (inout HTTPTraffic) -> Void) {
        guard case .http(var http) = self else { return }
        // Moved out, so that it is not copied.
        self = .opaque
        body(&http)
        self = .http(http)
    }

    /// Whether bytes pass before they are inspected, because no fault can drop any of them.
    func inspectsLater(_ context: TapContext) -> Bool {
        switch self {
        case .http: false
        case .opaque: true
        case .stomp, .webSocket: !context.configuration.faults.needsSifting
        }
    }

    /// Inspects what one end has sent.
    ///
    /// - Returns: the steps of the relay, in order.
    mutating func receive(
        _ part: RelayPart, _ direction: WireEvent.Direction, _ label: inout RelayLabel, _ context: inout TapContext
    ) -> [RelayStep] {
        switch self {
        case .opaque:
            return [.pass(part, direction)]
        case .stomp(let session):
            return Self.receive(stomp: part, direction, of: session, &context)
        case .http(var http):
            // Moved out, so that it is not copied.
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
        switch part {
        case .bytes(let bytes): outcome = context.sessions.values[index].inspector.inspect(bytes, direction)
        case .inputClosed, .reset: outcome = context.sessions.values[index].inspector.finish(direction)
        default: return [.pass(part, direction)]
        }
        context.report(inspected: outcome.seen, direction, of: session)
        guard isSifting else { return [.pass(part, direction)] }
        var parts = outcome.passed.map { RelayPart.bytes($0) }
        if case .bytes = part {} else { parts.append(part) }
        return parts.map { .pass($0, direction) } + context.closing(of: session)
    }

    /// The steps that pass these messages, if they can pass without an HTTP request or answer.
    func steps(passing messages: [ByteBuffer], isText: Bool, _ direction: WireEvent.Direction) -> [RelayStep] {
        switch self {
        case .http: []
        case .opaque, .stomp: messages.map { .pass(.bytes($0), direction) }
        case .webSocket(let webSocket):
            webSocket.wrapped(messages, isText, direction).map { .pass(.bytes($0), direction) }
        }
    }

    /// The steps that notify the ends when the tap closes this session with this code.
    func closeParts(_ code: Int, of session: Int, _ context: TapContext) -> [RelayStep] {
        switch self {
        case .opaque, .stomp: []
        case .http(let http): http.closeParts(code, of: session, context)
        case .webSocket(let webSocket): webSocket.closeParts(code)
        }
    }
}

/// A step that a relay must perform after an end has sent something.
enum RelayStep {
    /// Pass this part on in this direction.
    case pass(RelayPart, WireEvent.Direction)
    /// Connect to the server, if there is no connection yet.
    case connect
    /// Answer the app instead of the server, and end the connection.
    case answer(HTTPResponseStatus, HTTPHeaders, ByteBuffer)
    /// Reset both connections, because no answer is possible.
    case breakOff
    /// Pass nothing on from now on: the session is frozen.
    case freeze
    /// Close this session, as a fault.
    case close(Int)
    /// Read the app's next request, which had to wait while the connection might be upgraded.
    case readOn

    /// Answers with a line of text.
    static func answer(_ status: HTTPResponseStatus, _ text: String) -> RelayStep {
        .answer(status, ["Content-Type": "text/plain; charset=utf-8"], ByteBuffer(string: text + "\n"))
    }
}

extension TapContext {
    /// The step that closes a session, if the number of frames that a fault allows has passed.
    func closing(of session: Int?) -> [RelayStep] {
        guard configuration.faults.needsSifting, let session, sessions[session]?.isSpent == true else { return [] }
        return [.close(session)]
    }
}

/// The messages of a WebSocket. A value without I/O.
struct WebSocketTraffic {
    let session: Int
    /// Whether messages are SockJS envelopes; nil until the server's first message shows it.
    private var isSockJS: Bool?
    /// The decoder of each side; nil after it has failed.
    private var dissectors: Pair<WebSocketDissector?>

    /// - Parameters:
    ///   - answer: the head of the 101 response.
    ///   - mayBeSockJS: whether the path is one of a SockJS session.
    ///   - limit: the maximum size of a message that is decoded, in bytes.
    /// - Throws: ``TransportError`` if the sides have agreed on an unsupported extension.
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
        guard let index = context.sessions.index(forKey: session) else { return [.pass(part, direction)] }
        let isSifting = context.configuration.faults.needsSifting
        var outcome = FrameFilter.Outcome()
        switch part {
        case .inputClosed, .reset: finish(direction, &context.sessions.values[index], isSifting, &outcome)
        default: break
        }
        guard case .bytes(let bytes) = part, var dissector = dissectors[direction].take() else {
            context.report(direction, outcome.seen, of: session)
            return outcome.passed.map { .pass(.bytes($0), direction) } + [.pass(part, direction)]
        }
        var steps: [RelayStep] = []
        do throws(TransportError) {
            try dissector.append(bytes) { element in
                receive(element, direction, &context.sessions.values[index], isSifting, &outcome)
            }
            dissectors[direction] = dissector
            context.report(inspected: outcome.seen, direction, of: session)
        } catch {
            context.report(direction, outcome.seen, of: session)
            context.report(direction, .note(.noLongerTakenApart(error)), of: session)
            // The bytes that the dissector has kept cannot be passed on.
            if isSifting { steps.append(.pass(.reset, direction)) }
        }
        if isSifting {
            steps.insert(contentsOf: outcome.passed.map { .pass(.bytes($0), direction) }, at: 0)
        } else {
            steps.append(.pass(part, direction))
        }
        return steps + context.closing(of: session)
    }

    /// - Parameter outcome: what was seen of this read, and the frames of it that pass.
    private mutating func receive(
        _ element: WebSocketDissector.Element, _ direction: WireEvent.Direction, _ session: inout TapSession,
        _ isSifting: Bool, _ outcome: inout FrameFilter.Outcome
    ) {
        let isMasked = direction.sender == .app
        switch element {
        case .control(let control, let content):
            if case .close = content { finish(direction, &session, isSifting, &outcome) }
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

    /// Passes the held messages of a side that sends no more messages.
    private func finish(
        _ direction: WireEvent.Direction, _ session: inout TapSession, _ isSifting: Bool,
        _ outcome: inout FrameFilter.Outcome
    ) {
        let held = session.inspector.finish(direction)
        outcome.seen += held.seen
        if isSifting { outcome.passed += wrapped(held.passed, session.inspector.isText[direction], direction) }
    }

    /// STOMP messages, encoded as the WebSocket frames that pass.
    func wrapped(_ messages: [ByteBuffer], _ isText: Bool, _ direction: WireEvent.Direction) -> [ByteBuffer] {
        guard !messages.isEmpty else { return [] }
        let isMasked = direction.sender == .app
        guard isSockJS == true else {
            return messages.map { WebSocketDissector.message($0, isText: isText, isMasked: isMasked) }
        }
        let envelope = SockJSMessages.envelope(of: messages, direction)
        return [WebSocketDissector.message(envelope, isText: true, isMasked: isMasked)]
    }

    private mutating func receive(
        _ bytes: ByteBuffer, _ isText: Bool, _ direction: WireEvent.Direction, _ session: inout TapSession,
        _ outcome: inout FrameFilter.Outcome
    ) {
        if isSockJS == nil, direction == .incoming { isSockJS = StreamInspector.opensSockJS(bytes) }
        switch (isSockJS, direction) {
        case (true?, .outgoing):
            session.inspector.inspectSockJS(array: bytes, into: &outcome)
        case (true?, _):
            if let closing = session.inspector.inspectSockJS(frame: bytes, into: &outcome) {
                session.note(ending: closing)
            }
        default:
            session.inspector.inspect(bytes, direction, isText: isText, into: &outcome)
        }
    }

    func closeParts(_ code: Int) -> [RelayStep] {
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
