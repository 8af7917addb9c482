import NIOCore
import NIOHTTP1
import STOMPTransport

/// Carries the messages of a WebSocket.
final class WebSocketRelayProtocol: RelayProtocol {
    /// Why the tap closes a session, for both ends.
    static let reason = "closed by stomptap"

    private let session: TapSession
    /// Whether messages are envelopes of SockJS; nil until the server's first one tells.
    private var isSockJS: Bool?
    /// What takes apart what each side sends, until it cannot be taken apart any more.
    private var toServer: WebSocketDissector?
    private var toApp: WebSocketDissector?

    /// - Parameters:
    ///   - answer: the head of the 101.
    ///   - mayBeSockJS: whether the path is one of a SockJS session.
    /// - Throws: ``TransportError`` where the sides have agreed on what cannot be taken apart.
    init(_ session: TapSession, answer: HTTPResponseHead, mayBeSockJS: Bool, limit: Int) throws(TransportError) {
        self.session = session
        isSockJS = mayBeSockJS ? nil : false
        toServer = try WebSocketDissector(isFromClient: true, answer: answer, limit: limit)
        toApp = try WebSocketDissector(isFromClient: false, answer: answer, limit: limit)
    }

    var looksLater: Bool { !session.inspector.isSifting }

    func receive(_ part: RelayPart, _ direction: WireEvent.Direction) -> [RelayPart] {
        guard case .bytes(let bytes) = part else { return [part] }
        var passed: [RelayPart] = []
        let isSifting = session.inspector.isSifting
        do throws(TransportError) {
            let body = { (element: WebSocketDissector.Element) in self.receive(element, direction, isSifting, &passed) }
            if direction == .outgoing { try toServer?.append(bytes, body) } else { try toApp?.append(bytes, body) }
        } catch {
            session.report(direction, .note(.noLongerTakenApart(error)))
            if direction == .outgoing { toServer = nil } else { toApp = nil }
            // What the dissector has kept is lost where it alone says what passes.
            return isSifting ? passed + [.reset] : [part]
        }
        return isSifting ? passed : [part]
    }

    private func receive(
        _ element: WebSocketDissector.Element, _ direction: WireEvent.Direction, _ isSifting: Bool,
        _ passed: inout [RelayPart]
    ) {
        let isMasked = direction == .outgoing
        switch element {
        case .control(let control, let content):
            session.report(direction, .wire(.ws, content, control.payload))
            if case .close(let close) = content {
                session.note(ending: .webSocketClosed(by: direction.sender, close))
            }
            if isSifting { passed.append(.bytes(control.bytes(isMasked: isMasked))) }
        case .message(let bytes, let isText):
            let outcome = receive(bytes, isText, direction)
            session.report(direction, outcome.seen)
            guard isSifting else { return }
            for message in outcome.passed {
                passed.append(.bytes(WebSocketDissector.message(message, isText: isText, isMasked: isMasked)))
            }
        }
    }

    private func receive(
        _ bytes: ByteBuffer, _ isText: Bool, _ direction: WireEvent.Direction
    ) -> FrameFilter.Outcome {
        if isSockJS == nil, direction == .incoming { isSockJS = bytes.readableBytesView.elementsEqual("o".utf8) }
        switch (isSockJS, direction) {
        case (true?, .outgoing):
            return session.inspector.takeSockJS(array: bytes)
        case (true?, .incoming):
            let unwrapped = session.inspector.takeSockJS(frame: bytes)
            if let closing = unwrapped.closing { session.note(ending: closing) }
            return unwrapped.outcome
        default:
            return session.inspector.inspect(bytes, direction, isText: isText)
        }
    }

    func passed() { session.closeIfSpent() }

    func farewell(_ code: Int, of session: TapSession) -> [(WireEvent.Direction, RelayPart)] {
        func close(isMasked: Bool) -> RelayPart {
            .bytes(WebSocketDissector.close(code: code, reason: Self.reason, isMasked: isMasked))
        }
        var parts = [(WireEvent.Direction.outgoing, close(isMasked: true)), (.incoming, close(isMasked: false))]
        if isSockJS == true {
            let frame = SockJSFrame.closing(code: code, reason: Self.reason)
            parts.insert((.incoming, .bytes(WebSocketDissector.message(frame, isText: true, isMasked: false))), at: 0)
        }
        return parts
    }
}
