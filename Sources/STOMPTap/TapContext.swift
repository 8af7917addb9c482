import NIOCore
import STOMPTransport

/// What the relays of a tap share: its configuration, its sessions, what it reports, and what must be done. It is handed
/// down with each event, and nobody keeps it.
struct TapContext {
    /// The most SockJS sessions that are known at a time; the requests of more are passed on and not taken apart.
    static let largestSessionCount = 10_000
    /// How long a SockJS session may be without a request before it counts as over. Servers end it after 5 s.
    static let sessionTimeout = TimeAmount.seconds(6)
    /// The most events that are reported at once.
    private static let largestBatch = 1000

    let configuration: TapConfiguration
    let admission: RequestAdmission
    let rewriting: RequestRewriting
    /// When the present event happened.
    var now = NIODeadline.uptimeNanoseconds(0)
    /// By their numbers.
    var sessions: [Int: TapSession] = [:]
    /// Of the SockJS sessions, by their paths.
    var numbers: [String: Int] = [:]
    private var lastNumber = 0
    private var events: [TapEvent] = []
    var actions: [TapAction] = []
    /// Sessions that were closed by a fault, with the relays that must still be closed for it.
    var closedSessions = CircularBuffer<(session: Int, carriers: [Relay.ID])>()
    /// Relays that are over.
    var finishedRelays = CircularBuffer<Relay.ID>()

    init(_ configuration: TapConfiguration) {
        self.configuration = configuration
        admission = RequestAdmission(configuration)
        rewriting = RequestRewriting(
            isTapSecure: configuration.tls != nil, options: configuration.transport,
            withholdsCompression: configuration.faults.needsSifting)
    }

    mutating func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    mutating func takeActions() -> [TapAction] {
        defer { actions = [] }
        return actions
    }

    // MARK: - Reports

    func reports(_ content: TapEvent.Content) -> Bool {
        switch content {
        case .wire(_, .observedHeartBeat, _): true
        case .wire: configuration.tellsLayers || content.isTraffic
        case .frame, .unfinished, .opened, .refused, .fault, .note, .ended: true
        }
    }

    mutating func report(_ event: TapEvent) {
        guard reports(event.content) else { return }
        events.append(event)
        // One read may bring very many.
        if events.count >= Self.largestBatch { deliver() }
    }

    /// Reports what concerns a session.
    mutating func report(_ direction: WireEvent.Direction, _ content: TapEvent.Content, of session: Int) {
        guard let app = sessions[session]?.app else { return }
        report(TapEvent(connection: session, app: app, direction: direction, content))
    }

    mutating func report(_ direction: WireEvent.Direction, _ contents: [TapEvent.Content], of session: Int) {
        guard !contents.isEmpty, let app = sessions[session]?.app else { return }
        for content in contents where reports(content) {
            events.append(TapEvent(connection: session, app: app, direction: direction, content))
            if events.count >= Self.largestBatch { deliver() }
        }
    }

    /// Reports what concerns a connection that carries no session, or several.
    mutating func report(_ direction: WireEvent.Direction, _ content: TapEvent.Content, of label: inout RelayLabel) {
        // A number is used up only by what is reported.
        guard reports(content) else { return }
        let number = number(of: &label)
        report(TapEvent(connection: number, app: label.app, direction: direction, content))
    }

    mutating func number(of label: inout RelayLabel) -> Int {
        let number = label.number ?? nextNumber()
        label.number = number
        return number
    }

    /// Hands on all that was reported since the last time.
    mutating func deliver() {
        guard !events.isEmpty else { return }
        actions.append(.report(events))
        events = []
    }
}

/// Who a relay is.
struct RelayLabel {
    let id: Relay.ID
    /// The app's address and port.
    let app: String
    /// Its number, once something of it was reported.
    var number: Int?
}
