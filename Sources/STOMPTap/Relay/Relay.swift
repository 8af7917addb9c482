import NIOCore
import NIOHTTP1
import STOMPTransport

/// A connection from an app and the one to its server: two ends, and a lane in each direction. A value without
/// I/O: it receives the events of its ends, and adds what must be done to ``TapContext/actions``.
///
/// What an end sends goes from ``handle(_:at:_:)`` through the HTTP reader, if it is HTTP, to ``receive(_:_:_:)``.
/// There ``Traffic`` inspects it and returns steps, most of them parts that pass. These wait in a lane until they
/// may leave, and are then written to the other end.
struct Relay {
    typealias ID = Int

    /// The phase of a relay. A phase is only followed by a later one.
    enum Phase: Int {
        case passing
        /// Nothing passes any more except what the tap itself sends.
        case broken
        /// Both ends are being closed, after all data on its way to them.
        case ending
        case over
    }

    var label: RelayLabel
    var ends: Pair<RelayEnd>
    /// The data that each end has sent and that has not been passed on yet.
    var lanes: Pair<RelayLane>
    var traffic = Traffic.opaque
    /// The session that it carries, if this relay carries the entire session.
    var session: Int?
    var phase = Phase.passing
    /// Whether a fault has frozen its session, so that nothing passes. This is possible in any phase.
    var isFrozen = false
    /// Whether a timer is set for the head that the app has started to send.
    var hasHeadTimer = false
    /// The parts that have passed and are not inspected yet.
    private var uninspected: [(RelayPart, WireEvent.Direction)] = []
    private var uninspectedSize = 0
    /// The maximum number of bytes that wait for inspection: the reports about them may need a hundred times as
    /// much memory.
    private static let mostUninspected = 64 << 10
    /// The servers that have not failed, the current one first.
    var servers: ArraySlice<TapConfiguration.Server>
    /// By which side and how it ended; the first cause counts.
    var cause: TapEnding?

    init(_ id: ID, app: String, _ context: TapContext) {
        label = RelayLabel(id: id, app: app)
        ends = Pair(app: RelayEnd(.open, address: app), server: RelayEnd(.absent))
        lanes = Pair { _ in RelayLane(context.configuration.faults) }
        servers = context.configuration.servers[...]
    }

    /// Starts the relay after the app has connected.
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

    // MARK: - Events of an end

    mutating func handle(_ event: RelayEnd.Event, at side: TapSide, _ context: inout TapContext) {
        switch event {
        case .bytes(let bytes):
            guard ends[side].reader != nil else { return receive(.bytes(bytes), side.direction, &context) }
            ends[side].reader?.append(bytes)
            dissectHTTP(side, &context)
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
            let error = TransportError(breaking: error, with: ends[side].address)
            cause = cause ?? .connectionBroken(by: side, error)
            if error.endsStream {
                closeInput(side, &context)
            } else {
                receive(.reset, side.direction, &context)
            }
            gone(side, &context)
        }
    }

    private mutating func closeInput(_ side: TapSide, _ context: inout TapContext) {
        guard ends[side].input == .open else { return }
        ends[side].input = .ending
        endInput(side, &context)
        readComplete(side, &context)
    }

    /// Passes on that a side sends nothing more, after everything that it has sent.
    mutating func endInput(_ side: TapSide, _ context: inout TapContext) {
        guard ends[side].input == .ending, ends[side].reader?.isHolding != true else { return }
        ends[side].input = .closed
        if case .end? = ends[side].reader?.finish() { receive(.end(nil), side.direction, &context) }
        // An incomplete head or line between chunks is passed on incomplete.
        if let rest = ends[side].reader?.rest, rest.readableBytes > 0 {
            ends[side].reader?.stop()
            receive(.bytes(rest), side.direction, &context)
        }
        cause = cause ?? .connectionClosed(by: side)
        receive(.inputClosed, side.direction, &context)
    }

    /// Decodes the HTTP received so far.
    private mutating func dissectHTTP(_ side: TapSide, _ context: inout TapContext) {
        do throws(HTTPReader.Violation) {
            while let element = try ends[side].reader?.next() {
                receive(try RelayPart(element), side.direction, &context)
            }
        } catch {
            ends[side].reader?.stop()
            violated(error, by: side, &context)
        }
    }

    /// Completes a read: its data is sent, and then inspected and reported.
    mutating func readComplete(_ side: TapSide, _ context: inout TapContext) {
        command(.flush, side.other, &context)
        inspect(&context)
        updateReading(&context)
        updateHeadTimer(&context)
        context.deliver()
    }

    // MARK: - Passing parts on

    mutating func receive(
        _ part: RelayPart, _ direction: WireEvent.Direction, _ context: inout TapContext
    ) {
        guard phase == .passing else { return }
        if case .bytes = part, traffic.inspectsLater(context) {
            if ends[direction.receiver].isGone, !isFrozen { reset(direction.sender, &context) }
            pass(part, direction, &context)
            uninspected.append((part, direction))
            uninspectedSize += part.size
            if uninspectedSize > Self.mostUninspected {
                inspect(&context)
                context.deliver()
            }
            return
        }
        inspect(&context)
        for step in traffic.receive(part, direction, &label, &context) { perform(step, &context) }
        if case .inputClosed = part, ends.server.state == .absent { close(.app, &context) }
    }

    /// Inspects the parts that have already passed.
    mutating func inspect(_ context: inout TapContext) {
        guard !uninspected.isEmpty else { return }
        let parts = uninspected
        uninspected.removeAll(keepingCapacity: true)
        uninspectedSize = 0
        // The steps are ignored, because they would only pass the part on again.
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
            // Close this relay at once, so that nothing more of the same read passes.
            context.closedSessions.append((session, context.closeSession(session).filter { $0 != label.id }))
            breakOff(session, &context)
        case .readOn:
            ends.app.reader?.proceed()
            dissectHTTP(.app, &context)
            endInput(.app, &context)
            readComplete(.app, &context)
        }
    }

    /// Passes on what one end has sent, or the tap on its behalf, as soon as it may leave.
    mutating func pass(_ part: RelayPart, _ direction: WireEvent.Direction, _ context: inout TapContext) {
        lanes[direction].append(part, at: context.now)
        pump(direction, &context)
    }

    /// Passes on messages that its session has held.
    mutating func pass(_ messages: [ByteBuffer], isText: Bool, from side: TapSide, _ context: inout TapContext) {
        guard phase == .passing else { return }
        for step in traffic.steps(passing: messages, isText: isText, side.direction) { perform(step, &context) }
        readComplete(side, &context)
    }

    /// Passes on the parts that may leave now.
    private mutating func pump(_ direction: WireEvent.Direction, _ context: inout TapContext) {
        while let part = lanes[direction].next(at: context.now) { deliver(part, direction, &context) }
        if let due = lanes[direction].timer(after: context.now) {
            context.actions.append(.schedule(.lane(label.id, direction.sender), at: due))
        }
    }

    /// Passes on the parts from this end that may leave now.
    mutating func laneTimerFired(from side: TapSide, _ context: inout TapContext) {
        lanes[side].timerFired()
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

    /// Whether the tap may read from an end. Back-pressure: it reads only while the other end accepts data.
    func mayBeRead(_ side: TapSide) -> Bool {
        guard !ends[side].isFull else { return false }
        guard phase == .passing else { return true }
        return !isFrozen && lanes[side].hasRoom && ends[side.other].acceptsMore && traffic.acceptsMore(from: side)
    }

    mutating func updateReading(_ context: inout TapContext) {
        for side in TapSide.both where ends[side].state == .open {
            let isReading = mayBeRead(side)
            guard isReading != ends[side].isReading else { continue }
            ends[side].isReading = isReading
            command(.read(isReading), side, &context)
        }
    }

    // MARK: - Commands to an end

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

extension TransportError {
    /// Whether the connection ended normally: everything sent was received. Many servers omit the close_notify of
    /// TLS; a reset instead would discard data that the app has not read yet.
    fileprivate var endsStream: Bool {
        if case .tls(.noCloseNotify) = self { true } else { false }
    }
}
