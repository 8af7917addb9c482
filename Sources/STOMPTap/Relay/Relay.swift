import NIOCore
import NIOHTTP1
import STOMPTransport

/// A connection of an app's, and the one to the server that takes what it says: two ends, and a lane each way. A value
/// without I/O: what happens at the ends is told to it, and what is to be done is added to ``TapContext/actions``.
struct Relay {
    typealias ID = Int

    /// How far it is. It only ever goes on to a later phase.
    enum Phase: Int {
        case passing
        /// Nothing passes any more but what the tap itself says.
        case broken
        /// Both ends are being closed, behind what is on its way to them.
        case ending
        case over
    }

    var label: RelayLabel
    var ends: Pair<RelayEnd>
    /// What each end has sent and has not been passed on yet.
    var lanes: Pair<RelayLane>
    var traffic = Traffic.opaque
    /// What it carries, where that is one session from its beginning to its end.
    var session: Int?
    var phase = Phase.passing
    /// Whether nothing passes, and nothing is closed, as a fault of the session that it carries. It may still be ended.
    var isFrozen = false
    /// What has passed and is still to be looked at.
    private var later: [(RelayPart, WireEvent.Direction)] = []
    /// The servers that are still to be tried, the present one first.
    var servers: ArraySlice<TapConfiguration.Server>
    /// Who ended it first, and how.
    var cause: TapEnding?

    init(_ id: ID, app: String, _ context: TapContext) {
        label = RelayLabel(id: id, app: app)
        ends = Pair(app: RelayEnd(.open, address: app), server: RelayEnd(.absent))
        lanes = Pair { _ in RelayLane(context.configuration.faults) }
        servers = context.configuration.servers[...]
    }

    /// Takes up the connection of the app.
    mutating func start(_ context: inout TapContext) {
        lanes.server.isHeld = false
        if servers.first?.target.kind == .tcp {
            let number = context.number(of: &label)
            context.open(.tcp, number: number, app: label.app, keepsMessages: false)
            context.attach(label.id, to: number)
            session = number
            traffic = .stomp(number)
            connect(&context)
        } else {
            ends.app.reader = HTTPReader(.requests)
            traffic = .http(HTTPTraffic())
        }
        updateReading(&context)
        context.deliver()
    }

    // MARK: - What happens at an end

    mutating func handle(_ event: RelayEnd.Event, at side: TapSide, _ context: inout TapContext) {
        switch event {
        case .bytes(let bytes):
            guard ends[side].reader != nil else { return receive(.bytes(bytes), side.direction, &context) }
            ends[side].reader?.append(bytes)
            takeApart(side, &context)
        case .readComplete:
            readComplete(side, &context)
        case .writable(let isWritable):
            ends[side].isWritable = isWritable
            updateReading(&context)
        case .inputClosed:
            closeInput(side, &context)
        case .gone(nil):
            closeInput(side, &context)
            gone(side, &context)
        case .gone(let error?):
            cause = cause ?? .connectionBroken(by: side, TransportError(breaking: error, with: ends[side].address))
            receive(.reset, side.direction, &context)
            gone(side, &context)
        }
    }

    private mutating func closeInput(_ side: TapSide, _ context: inout TapContext) {
        guard !ends[side].isInputClosed else { return }
        ends[side].isInputClosed = true
        if case .end? = ends[side].reader?.finish() { receive(.end(nil), side.direction, &context) }
        cause = cause ?? .connectionClosed(by: side)
        receive(.inputClosed, side.direction, &context)
        readComplete(side, &context)
    }

    /// Takes HTTP apart that has come, as far as it goes.
    private mutating func takeApart(_ side: TapSide, _ context: inout TapContext) {
        do throws(HTTPReader.Violation) {
            while let element = try ends[side].reader?.next() {
                receive(try RelayPart(element), side.direction, &context)
            }
        } catch {
            ends[side].reader?.stop()
            violated(error, by: side, &context)
        }
    }

    /// A read is over, or as good as one: what it brought is sent, and then looked at and told.
    mutating func readComplete(_ side: TapSide, _ context: inout TapContext) {
        command(.flush, side.other, &context)
        look(&context)
        updateReading(&context)
        context.deliver()
    }

    // MARK: - What passes

    mutating func receive(
        _ part: RelayPart, _ direction: WireEvent.Direction, _ context: inout TapContext
    ) {
        guard phase == .passing else { return }
        if case .bytes = part, traffic.looksLater(context) {
            if ends[direction.receiver].isGone, !isFrozen { reset(direction.sender, &context) }
            pass(part, direction, &context)
            later.append((part, direction))
            return
        }
        look(&context)
        for step in traffic.receive(part, direction, &label, &context) { perform(step, &context) }
        if case .inputClosed = part, ends.server.state == .absent { close(.app, &context) }
    }

    /// Looks at what has passed.
    mutating func look(_ context: inout TapContext) {
        guard !later.isEmpty else { return }
        let parts = later
        later.removeAll(keepingCapacity: true)
        // All of it has passed, so that nothing is left to be done.
        for (part, direction) in parts { _ = traffic.receive(part, direction, &label, &context) }
    }

    mutating func perform(_ step: RelayStep, _ context: inout TapContext) {
        switch step {
        case .pass(let part, let direction): pass(part, direction, &context)
        case .connect: connect(&context)
        case .answer(let status, let headers, let body): answer(status, headers, body, &context)
        case .breakOff: breakOff(&context)
        case .freeze: freeze(&context)
        case .close(let session):
            // This one at once, so that nothing more of the same read passes.
            context.closed.append((session, context.closeSession(session).filter { $0 != label.id }))
            breakOff(session, &context)
        case .readOn:
            ends.app.reader?.proceed()
            takeApart(.app, &context)
            readComplete(.app, &context)
        }
    }

    /// Passes on what one end has sent, or the tap says in its place, when it may leave.
    mutating func pass(_ part: RelayPart, _ direction: WireEvent.Direction, _ context: inout TapContext) {
        lanes[direction].append(part, at: context.now)
        pump(direction, &context)
    }

    /// Passes on what may leave now.
    private mutating func pump(_ direction: WireEvent.Direction, _ context: inout TapContext) {
        while let part = lanes[direction].next(at: context.now) { deliver(part, direction, &context) }
        if let due = lanes[direction].wait(after: context.now) {
            context.actions.append(.schedule(.lane(label.id, direction.sender), at: due))
        }
    }

    /// What this end has sent may pass by now.
    mutating func laneIsDue(from side: TapSide, _ context: inout TapContext) {
        lanes[side].waited()
        pump(side.direction, &context)
        readComplete(side, &context)
    }

    mutating func setHeld(_ isHeld: Bool, _ direction: WireEvent.Direction, _ context: inout TapContext) {
        lanes[direction].isHeld = isHeld
        pump(direction, &context)
    }

    private mutating func deliver(
        _ part: RelayPart, _ direction: WireEvent.Direction, _ context: inout TapContext
    ) {
        switch part {
        case .upgraded: return upgrade(&context)
        case .inputClosed: closeOutput(direction.receiver, &context)
        case .reset: reset(direction.receiver, &context)
        case .brokenOff: close(direction.receiver, &context)
        case .requestHead(let head, let raw, let makesChunks):
            let head = traffic.addressed(head, context.rewriting)
            write(.requestHead(head, raw, makesChunks: makesChunks), direction.receiver, &context)
        case .end where direction == .incoming:
            write(part, direction.receiver, &context)
            let id = label.id
            traffic.updateHTTP { $0.answerLeft(id, &context) }
        case .bytes, .responseHead, .body, .chunkFraming, .end:
            write(part, direction.receiver, &context)
        }
    }

    /// Back-pressure: an end is read from where the other one takes what it says.
    func mayBeRead(_ side: TapSide) -> Bool {
        guard !ends[side].isFull else { return false }
        guard phase == .passing else { return true }
        return !isFrozen && lanes[side].hasRoom && ends[side.other].takesMore && traffic.takesMore(from: side)
    }

    mutating func updateReading(_ context: inout TapContext) {
        for side in TapSide.both where ends[side].state == .open {
            let isReading = mayBeRead(side)
            guard isReading != ends[side].isReading else { continue }
            ends[side].isReading = isReading
            command(.read(isReading), side, &context)
        }
    }

    // MARK: - What is done at an end

    func command(_ command: RelayEnd.Command, _ side: TapSide, _ context: inout TapContext) {
        guard ends[side].state == .open else { return }
        context.actions.append(.end(label.id, side, command))
    }

    private mutating func write(_ part: RelayPart, _ side: TapSide, _ context: inout TapContext) {
        for bytes in ends[side].encode(part) { command(.write(bytes), side, &context) }
    }

    private mutating func closeOutput(_ side: TapSide, _ context: inout TapContext) {
        guard !ends[side].isOutputClosed else { return }
        ends[side].isOutputClosed = true
        command(.closeOutput, side, &context)
    }

    mutating func close(_ side: TapSide, _ context: inout TapContext) {
        ends[side].isOutputClosed = true
        command(.close, side, &context)
    }

    mutating func reset(_ side: TapSide, _ context: inout TapContext) {
        ends[side].isOutputClosed = true
        command(.reset, side, &context)
    }
}
