import STOMPTransport

/// Looks at what passes through a relay, and says what of it passes.
protocol RelayProtocol: AnyObject {
    /// Whether bytes pass before they are looked at, as nothing of them can be lost.
    var looksLater: Bool { get }

    /// Takes what one end has sent, and gives what passes on.
    func receive(_ part: RelayPart, _ direction: WireEvent.Direction) -> [RelayPart]

    /// What was taken has been passed on.
    func passed()

    /// What both ends are told when the tap closes a session with this code.
    func farewell(_ code: Int, of session: TapSession) -> [(WireEvent.Direction, RelayPart)]
}

/// Carries STOMP over TCP.
final class StreamRelayProtocol: RelayProtocol {
    private let session: TapSession

    init(_ session: TapSession) { self.session = session }

    var looksLater: Bool { !session.inspector.isSifting }

    func receive(_ part: RelayPart, _ direction: WireEvent.Direction) -> [RelayPart] {
        let outcome: FrameFilter.Outcome
        switch part {
        case .bytes(let bytes): outcome = session.inspector.inspect(bytes, direction)
        case .inputClosed, .reset: outcome = session.inspector.finish(direction)
        default: return [part]
        }
        let isSifting = session.inspector.isSifting
        session.report(direction, outcome.seen)
        if case .bytes = part { return isSifting ? outcome.passed.map { .bytes($0) } : [part] }
        return outcome.passed.map { .bytes($0) } + [part]
    }

    func passed() { session.closeIfSpent() }
    func farewell(_ code: Int, of session: TapSession) -> [(WireEvent.Direction, RelayPart)] { [] }
}

/// Carries what nobody can take apart.
final class OpaqueRelayProtocol: RelayProtocol {
    var looksLater: Bool { true }
    func receive(_ part: RelayPart, _ direction: WireEvent.Direction) -> [RelayPart] { [part] }
    func passed() {}
    func farewell(_ code: Int, of session: TapSession) -> [(WireEvent.Direction, RelayPart)] { [] }
}
