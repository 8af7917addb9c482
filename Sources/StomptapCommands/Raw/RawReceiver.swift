import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization
import SystemC

/// Makes events of what a stream brings. It lives on the stream's event loop.
final class RawReceiver: TransportReceiver {
    /// What may wait to be printed before the socket is no longer read, as ``TrafficEvent/cost`` counts it. What is being
    /// printed does not count: a message that takes long to print keeps no ping and no close waiting.
    static let undeliveredLimit = 1 << 20

    /// Something that came when no more should wait to be printed.
    private enum Held {
        case bytes(ByteBuffer, TransportMessageKind)
        case event(TransportEvent)
        case end(TransportError?)
    }

    let stream: any TransportStream
    private let mode: RawMode
    private let trace: WireTrace
    private let events: AsyncStream<[TrafficEvent]>.Continuation
    private let layer: WireEvent.Layer

    private var frames: RawFrameReader
    private var serverSentEvents: ServerSentEventDecoder
    private let memory: Shared<EventStreamMemory>
    /// Whether it was said that an id was ignored.
    private var hasReportedID = false
    /// What this read has brought so far.
    private var batch: [TrafficEvent] = []
    private var incomingKind = TransportMessageKind.text
    private var undelivered = 0
    /// What the socket has brought all the same: it waits as it came, as the events of it may take many times its memory.
    private var held = CircularBuffer<Held>(initialCapacity: 0)
    private var isReading = true
    private(set) var isOver = false

    /// Waits for CONNECTED.
    var handshake: (session: Session, promise: EventLoopPromise<Void>)?
    /// Why the stream ended, or what came that has no place in it.
    private(set) var failure: (any Error)?
    /// How the other side ended it, once it has.
    private(set) var closure: TransportClosure?
    /// The ERROR that came first.
    private(set) var errorFrame: Frame?
    /// Whether CONNECT was sent, and CONNECTED has not come.
    private(set) var isConnecting = false
    private var sentCredentials = SentCredentials()
    private let options: TransportOptions
    /// What the server said to CONNECT, where that was an ERROR.
    private(set) var refusal: STOMPClientError?

    init(
        stream: any TransportStream, mode: RawMode, memory: Shared<EventStreamMemory>, limits: FrameLimits,
        options: TransportOptions, events: AsyncStream<[TrafficEvent]>.Continuation
    ) {
        self.stream = stream
        self.mode = mode
        self.options = options
        trace = options.trace
        self.events = events
        layer = stream.description.layer
        self.memory = memory
        frames = RawFrameReader(limits: limits)
        serverSentEvents = ServerSentEventDecoder(limit: limits.frame)
        events.yield([TrafficEvent(.local, layer, .wire(.opened(stream.description)))])
    }

    // MARK: - What comes

    func received(_ bytes: ByteBuffer) {
        hold(.bytes(bytes, incomingKind))
    }

    private func hold(_ something: Held) {
        guard held.isEmpty, undelivered <= Self.undeliveredLimit else { return held.append(something) }
        receive(something)
    }

    private func receive(_ something: Held) {
        switch something {
        case .bytes(let bytes, let kind): receive(bytes, kind)
        case .event(let event): receive(event)
        case .end(let error): end(error)
        }
    }

    private func receive(_ bytes: ByteBuffer, _ kind: TransportMessageKind) {
        switch mode {
        case .frames:
            for element in frames.read(bytes) { receive(element) }
            if let error = frames.failure, failure == nil { failure = explain(error) }
        case .text, .echo:
            batch.append(TrafficEvent(.incoming, layer, .wire(.message(isText: kind != .binary), bytes)))
            if mode == .echo { echo(bytes, kind) }
        case .events:
            receiveEvents(of: bytes)
        }
    }

    private func receiveEvents(of bytes: ByteBuffer) {
        guard failure == nil else { return }
        serverSentEvents.append(bytes)
        do throws(TransportError) {
            var isMore = true
            while isMore {
                let event = try serverSentEvents.next()
                if let retry = serverSentEvents.retry, retry != memory.value.retry {
                    memory.update { $0.retry = retry }
                    batch.append(TrafficEvent(.incoming, .http, .wire(.retry(retry))))
                }
                if let event { batch.append(TrafficEvent(.incoming, .http, .wire(.serverSentEvent(event)))) }
                isMore = event != nil
            }
            if serverSentEvents.ignoredIDs > 0, !hasReportedID {
                hasReportedID = true
                Diagnostics.note("HTTP: ignored an event id with a control character; Last-Event-ID cannot have it")
            }
            let id = serverSentEvents.lastEventID
            memory.update { $0.lastEventID = id.isEmpty ? $0.lastEventID : id }
        } catch {
            failure = error
            stream.close()
        }
    }

    private func receive(_ element: RawFrameReader.Element) {
        switch element {
        case .heartBeat:
            trace.record(.layers) {
                WireEvent(.stomp, .incoming, .layers, .observedHeartBeat, bytes: ByteBuffer(string: "\n"))
            }
            batch.append(TrafficEvent(.incoming, .stomp, .wire(.observedHeartBeat, ByteBuffer(string: "\n"))))
        case .bytes(let bytes):
            batch.append(TrafficEvent(.incoming, layer, .wire(.bytes, bytes)))
        case .frame(let frame):
            trace.record(.frames) {
                WireEvent(.stomp, .incoming, .frames, .frame(command: frame.command.rawValue), bytes: frame.bytes)
            }
            batch.append(TrafficEvent(.incoming, .stomp, .frame(frame)))
            if frame.command == .error, errorFrame == nil {
                errorFrame = frame.detached()
                if isConnecting { refusal = errorFrame.map { .refused($0, sent: sentCredentials) } }
            }
            if frame.command == .connected { isConnecting = false }
            receiveHandshake(frame)
        }
    }

    private func receiveHandshake(_ frame: Frame) {
        guard let (session, promise) = handshake else { return }
        var answered = session
        do throws(STOMPProtocolError) {
            switch try answered.receive(frame) {
            case .connected: promise.succeed()
            case .error: promise.fail(STOMPClientError.refused(frame.detached(), sent: sentCredentials))
            case .message, .receipt, .goodbye: return
            }
        } catch {
            promise.fail(STOMPClientError.protocolViolation(error, nil))
        }
        handshake = nil
    }

    func receivedAll() {
        if mode == .echo { stream.flush() }
        deliver()
        updateReading()
    }

    func happened(_ event: TransportEvent) {
        switch event {
        case .alive, .invalidUTF8: return
        case .messages(let kind): incomingKind = kind
        case .wire:
            hold(.event(event))
            updateReading()
        }
    }

    private func receive(_ event: TransportEvent) {
        switch event {
        case .alive, .invalidUTF8, .messages: return
        case .wire(.ended(let closure), _):
            self.closure = closure
            flushFrames()
            batch.append(TrafficEvent(.incoming, layer, .wire(.ended(closure))))
        case .wire(let content, let payload): batch.append(TrafficEvent(.incoming, .ws, .wire(content, payload)))
        }
        deliver()
    }

    func ended(_ error: TransportError?) {
        isOver = true
        hold(.end(error))
    }

    private func end(_ error: TransportError?) {
        flushFrames()
        deliver()
        failure = failure ?? error
        handshake?.promise.fail(
            error.map(STOMPClientError.transport) ?? .closed(nil, .beforeConnected))
        events.finish()
    }

    /// What has come of a frame that will never be whole is shown all the same.
    private func flushFrames() {
        if let rest = frames.takeRest() { batch.append(TrafficEvent(.incoming, layer, .wire(.bytes, rest))) }
    }

    private func deliver() {
        guard !batch.isEmpty else { return }
        for event in batch { undelivered += event.cost }
        events.yield(batch)
        batch = []
    }

    /// Names the protocol that a peer speaks instead, where its first bytes tell.
    private func explain(_ error: STOMPProtocolError) -> STOMPClientError {
        let foreign = frames.hadFrame ? nil : error.foreignProtocol ?? ForeignProtocol(firstBytes: frames.firstBytes)
        return .protocolViolation(error, foreign.map { .speaks($0) })
    }

    // MARK: - What goes

    /// Tells of bytes that are about to be written.
    func sent(_ event: TrafficEvent) {
        var event = event
        event.time = .now()
        deliver()
        if case .frame(let frame) = event.content {
            if frame.command == .connect || frame.command == .stomp {
                isConnecting = true
                sentCredentials = SentCredentials(frame, over: stream.description, options: options)
            }
            trace.record(.frames) {
                WireEvent(.stomp, .outgoing, .frames, .frame(command: frame.command.rawValue), bytes: frame.bytes)
            }
        }
        undelivered += event.cost
        events.yield([event])
        updateReading()
    }

    private func echo(_ bytes: ByteBuffer, _ kind: TransportMessageKind) {
        stream.request(.messages(as: kind))
        batch.append(TrafficEvent(.outgoing, layer, .wire(.message(isText: kind != .binary), bytes)))
        stream.write(bytes, promise: nil)
    }

    func writabilityChanged(_ isWritable: Bool) {
        updateReading()
    }

    /// Events of this cost are being printed.
    func delivered(_ cost: Int) {
        undelivered -= cost
        while undelivered <= Self.undeliveredLimit, let first = held.popFirst() {
            receive(first)
            if mode == .echo, !isOver { stream.flush() }
            deliver()
        }
        updateReading()
    }

    /// Reads no faster than is printed, and echoes no more than the other side takes.
    private func updateReading() {
        let shallRead = held.isEmpty && undelivered <= Self.undeliveredLimit && (mode != .echo || stream.isWritable)
        guard shallRead != isReading, !isOver else { return }
        isReading = shallRead
        stream.setReading(shallRead)
    }
}

/// Prints events on stdout, a batch at a time, on a thread that may block.
final class RawPrinter: Sendable {
    private struct State: Sendable {
        var renderer: TrafficRenderer
        var buffer = OutputBuffer(to: .standardOutput)
    }

    private let state: Mutex<State>

    init(_ form: OutputForm, bodies: BodyStyle, hasDump: Bool, diagnostics: DiagnosticOptions) {
        let renderer = TrafficRenderer(
            form: form, style: diagnostics.appearance.style(of: STDOUT_FILENO, bodies: bodies), hasDump: hasDump)
        state = Mutex(State(renderer: renderer))
    }

    /// Prints events and returns when they have left; false where the reader of stdout has gone.
    ///
    /// - Throws: ``Failure`` with 74, or `CancellationError`, with which what is being written goes on without its caller.
    func print(_ events: ArraySlice<TrafficEvent>) async throws -> Bool {
        try await BlockingThread.output.run { [self] in
            try StandardOutput.reportingFailures {
                try state.withLock { state in
                    for event in events { state.renderer.append(event, to: &state.buffer) }
                    try state.buffer.flush()
                }
            }
        }
    }
}
