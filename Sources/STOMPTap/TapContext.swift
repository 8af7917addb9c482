import NIOCore
import STOMPTransport

/// The state that the relays of a tap share: its configuration, its sessions, and the pending reports and actions.
/// It is passed down with each event, and no callee keeps it.
struct TapContext {
    /// The maximum number of SockJS sessions that are tracked at a time; requests of further sessions are passed
    /// on without being decoded.
    static let largestSessionCount = 10_000
    /// How long a SockJS session may be without a request before it counts as ended. Servers end it after 5 s.
    static let sessionTimeout = TimeAmount.seconds(6)
    /// The maximum number of events that are reported at once.
    private static let largestBatch = 1000

    let configuration: TapConfiguration
    let admission: RequestAdmission
    let rewriting: RequestRewriting
    /// The time of the current event.
    var now = NIODeadline.uptimeNanoseconds(0)
    /// The sessions, by number.
    var sessions: [Int: TapSession] = [:]
    /// The numbers of the SockJS sessions, by path.
    var numbers: [String: Int] = [:]
    private var lastNumber = 0
    private var events: [TapEvent] = []
    var actions: [TapAction] = []
    /// Sessions that were closed by a fault, with the relays that must still be closed for this reason.
    var closedSessions = CircularBuffer<(session: Int, carriers: [Relay.ID])>()
    /// Relays that have ended.
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
        case .wire: configuration.reportsLayers || content.isTraffic
        case .frame, .unfinished, .opened, .refused, .fault, .note, .ended: true
        }
    }

    mutating func report(_ event: TapEvent) {
        guard reports(event.content) else { return }
        events.append(event)
        // One read may cause a very large number of events.
        if events.count >= Self.largestBatch { deliver() }
    }

    /// Reports an event of a session.
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

    /// Reports an event of a connection that carries no session, or several.
    mutating func report(_ direction: WireEvent.Direction, _ content: TapEvent.Content, of label: inout RelayLabel) {
        // A number is assigned only when something is reported.
        guard reports(content) else { return }
        let number = number(of: &label)
        report(TapEvent(connection: number, app: label.app, direction: direction, content))
    }

    mutating func number(of label: inout RelayLabel) -> Int {
        let number = label.number ?? nextNumber()
        label.number = number
        return number
    }

    /// Adds an action that reports all events collected since the last time.
    mutating func deliver() {
        guard !events.isEmpty else { return }
        actions.append(.report(events))
        events = []
    }
}

/// The identity of a relay.
struct RelayLabel {
    let id: Relay.ID
    /// The app's address and port.
    let app: String
    /// Its number, assigned with the first report about it.
    var number: Int?
}
