import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization
import SystemC

/// Turns the data of a stream into events. It runs on the stream's event loop.
final class RawReceiver: TransportReceiver {
    /// The amount that may wait to be printed before the socket is no longer read, counted as
    /// ``TrafficEvent/cost``. Events being printed do not count, so that a message that takes long to print does
    /// not delay a ping or close.
    static let undeliveredLimit = 1 << 20

    /// Data that arrived when the queue for printing was full.
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
    /// Whether a warning about an ignored id was printed.
    private var hasReportedID = false
    /// The events from this read so far.
    private var batch: [TrafficEvent] = []
    private var incomingKind = TransportMessageKind.text
    private var undelivered = 0
    /// Data that arrived although reading was stopped. It is kept undecoded, because its events may need many times
    /// the memory.
    private var held = CircularBuffer<Held>(initialCapacity: 0)
    private var isReading = true
    private(set) var isOver = false

    /// The handshake that waits for CONNECTED.
    var handshake: (session: Session, promise: EventLoopPromise<Void>)?
    /// The error that ended the stream, or the first protocol violation.
    private(set) var failure: (any Error)?
    /// How the peer closed the stream; nil until then.
    private(set) var closure: TransportClosure?
    /// The first ERROR frame.
    private(set) var errorFrame: Frame?
    /// Whether CONNECT was sent and CONNECTED has not arrived.
    private(set) var isConnecting = false
    private var sentCredentials = SentCredentials()
    private let options: TransportOptions
    /// The ERROR with which the server rejected CONNECT; nil if it did not.
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

    // MARK: - Receiving

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
                Diagnostics.note("HTTP: ignored an event id with a control character; Last-Event-ID cannot contain it")
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
            case .message, .receipt, .disconnected: return
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

    /// Delivers the bytes of a frame that will never be complete.
    private func flushFrames() {
        if let rest = frames.takeRest() { batch.append(TrafficEvent(.incoming, layer, .wire(.bytes, rest))) }
    }

    private func deliver() {
        guard !batch.isEmpty else { return }
        for event in batch { undelivered += event.cost }
        events.yield(batch)
        batch = []
    }

    /// Names the protocol that the peer uses instead, if its first bytes identify it.
    private func explain(_ error: STOMPProtocolError) -> STOMPClientError {
        let foreign = frames.hadFrame ? nil : error.foreignProtocol ?? ForeignProtocol(firstBytes: frames.firstBytes)
        return .protocolViolation(error, foreign.map { .speaks($0) })
    }

    // MARK: - Sending

    /// Reports bytes that are about to be written.
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

    /// Releases the queue space of events that are being printed, of this cost.
    func delivered(_ cost: Int) {
        undelivered -= cost
        while undelivered <= Self.undeliveredLimit, let first = held.popFirst() {
            receive(first)
            if mode == .echo, !isOver { stream.flush() }
            deliver()
        }
        updateReading()
    }

    /// Stops reading while printing, or the peer in echo mode, does not keep up.
    private func updateReading() {
        let shallRead = held.isEmpty && undelivered <= Self.undeliveredLimit && (mode != .echo || stream.isWritable)
        guard shallRead != isReading, !isOver else { return }
        isReading = shallRead
        stream.setReading(shallRead)
    }
}

/// Prints events on stdout, one batch at a time, on a thread that may block.
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

    /// Prints events and returns when they are written; false if the reader of stdout has closed it.
    ///
    /// - Throws: ``Failure`` with 74, or `CancellationError`; after a cancellation the write in progress continues
    ///   in the background.
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
