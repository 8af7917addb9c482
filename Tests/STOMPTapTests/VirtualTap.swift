import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import STOMPTransport
import TestSupport

@testable import STOMPTap

/// A tap without sockets and without a clock: a test triggers events at its ends and advances the time, and sees
/// what the tap does.
final class VirtualTap: Overheard {
    /// How the tap has closed the connection to one end so far.
    enum Closing: String {
        case no, output, all, reset
    }

    /// One end of a relay.
    struct End {
        /// The bytes written to this end while it was connected.
        var received = ByteBuffer()
        /// How many of them are not flushed.
        var unflushed = 0
        var closing = Closing.no
        var isReading = false
        var hasFinished = false
        var isGone = false
    }

    let events = NIOLockedValueBox<[TapEvent]>([])
    private(set) var machine: TapMachine
    private(set) var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private(set) var timers: [TapTimer: NIODeadline] = [:]
    private(set) var ends: [Relay.ID: Pair<End>] = [:]
    /// The connections to servers that the tap asked for, the newest last.
    private(set) var connects: [(id: Relay.ID, server: TapConfiguration.Server)] = []
    /// Whether written data was left unflushed at the end of a read.
    private(set) var leftUnsent = false
    private var actions: [TapAction] = []
    private var isPerforming = false
    private var lastID = 0

    init(_ configuration: TapConfiguration) { machine = TapMachine(configuration) }

    convenience init(_ kind: TransportTarget.Kind, _ shape: (inout TapConfiguration) -> Void = { _ in }) {
        let target = TransportTarget(kind: kind, host: "server", port: 61613, isSecure: false)
        var configuration = TapConfiguration(host: "127.0.0.1", port: 0, targets: [target])
        shape(&configuration)
        self.init(configuration)
    }

    // MARK: Events

    /// - Returns: the relay's number.
    @discardableResult func accept() -> Relay.ID {
        lastID += 1
        ends[lastID] = Pair { _ in End() }
        handle(.accepted(lastID, app: "app \(lastID)"))
        return lastID
    }

    /// Connects to the server that was requested last.
    func connect() {
        guard let (id, _) = connects.popLast() else { return }
        if machine.awaitsServer(id) {
            handle(.connected(id, address: "server:61613"))
        } else {
            handle(.unusable(id, ChannelError.eof))
        }
    }

    func refuse(_ error: any Error = TransportError.tcp(.connectionRefused(by: ["server:61613"]))) {
        guard let (id, _) = connects.popLast() else { return }
        handle(.notConnected(id, error))
    }

    /// Delivers these bytes as one read from an end.
    func send(_ bytes: ByteBuffer, from side: TapSide, of id: Relay.ID = 1) {
        happen(.bytes(bytes), side, id)
        happen(.readComplete, side, id)
        if ends.values.contains(where: { $0.app.unflushed + $0.server.unflushed > 0 }) { leftUnsent = true }
    }

    func send(_ text: String, from side: TapSide, of id: Relay.ID = 1) {
        send(ByteBuffer(string: text), from: side, of: id)
    }

    /// This end closes its output.
    func finish(_ side: TapSide, of id: Relay.ID = 1) {
        ends[id]?[side].hasFinished = true
        happen(.inputClosed, side, id)
        if ends[id]?[side].closing == .output { go(side, of: id) }
    }

    /// This end disconnects, with an error if its connection broke.
    func go(_ side: TapSide, of id: Relay.ID = 1, _ error: (any Error)? = nil) {
        guard ends[id]?[side].isGone == false else { return }
        ends[id]?[side].isGone = true
        handle(.end(id, side, .gone(error)))
    }

    func happen(_ event: RelayEnd.Event, _ side: TapSide, _ id: Relay.ID = 1) {
        guard ends[id]?[side].isGone == false else { return }
        handle(.end(id, side, event))
    }

    /// Advances the time; each timer fires at its own time.
    func advance(by time: TimeAmount) {
        let end = now + time
        while let (timer, due) = timers.min(by: { $0.value < $1.value }), due <= end {
            now = max(now, due)
            timers[timer] = nil
            handle(.timerFired(timer))
        }
        now = end
    }

    func handle(_ event: TapMachine.Event) {
        actions += machine.handle(event, at: now)
        guard !isPerforming else { return }
        isPerforming = true
        while !actions.isEmpty { perform(actions.removeFirst()) }
        isPerforming = false
    }

    // MARK: Actions of the tap

    private func perform(_ action: TapAction) {
        switch action {
        case .end(let id, let side, let command): perform(command, side, id)
        case .connect(let id, let server): connects.append((id, server))
        case .report(let new): events.withLockedValue { $0 += new }
        case .schedule(let timer, let due): timers[timer] = due
        case .cancel(let timer): timers[timer] = nil
        case .over: break
        }
    }

    private func perform(_ command: RelayEnd.Command, _ side: TapSide, _ id: Relay.ID) {
        guard let pair = ends[id] else { return }
        var end = side == .app ? pair.app : pair.server
        if end.isGone { return }
        switch command {
        case .write(let bytes):
            end.received.writeImmutableBuffer(bytes)
            end.unflushed += bytes.readableBytes
        case .flush: end.unflushed = 0
        case .read(let isReading): end.isReading = isReading
        case .closeOutput: end.closing = .output
        case .close: end.closing = .all
        case .reset: end.closing = .reset
        }
        // Closing sends what was written before.
        if end.closing != .no { end.unflushed = 0 }
        ends[id]?[side] = end
        if end.closing == .all || end.closing == .reset || end.closing == .output && end.hasFinished {
            go(side, of: id)
        }
    }

    func received(_ side: TapSide, of id: Relay.ID = 1) -> String {
        String(buffer: ends[id]?[side].received ?? ByteBuffer())
    }

    func closing(_ side: TapSide, of id: Relay.ID = 1) -> Closing { ends[id]?[side].closing ?? .no }

    /// All reported events as text.
    var told: [String] {
        all.map { event in
            let what =
                switch event.content {
                case .frame(let frame): String(buffer: frame.bytes)
                case .wire(let layer, let content, let bytes):
                    "\(layer) \(plainWords(of: content)) \(bytes.map { String(buffer: $0) } ?? "")"
                default: "\(event.content)"
                }
            return "\(event.connection) \(event.direction) \(what)"
        }
    }
}

/// A session through a virtual tap over one of three transports: a test sends and receives plain STOMP.
struct VirtualSession {
    enum Way: String, CaseIterable {
        case tcp, ws, sockJS
    }

    let tap: VirtualTap
    let way: Way
    /// The number of bytes that each end received during the handshake.
    private var skipped = Pair(app: 0, server: 0)

    /// An open session.
    init(_ way: Way, _ faults: TapFaults = TapFaults(), _ shape: (inout TapConfiguration) -> Void = { _ in }) {
        self.way = way
        tap = VirtualTap(way == .tcp ? .tcp : .webSocket(requestTarget: "/")) {
            $0.faults = faults
            shape(&$0)
        }
        tap.accept()
        switch way {
        case .tcp:
            tap.connect()
        case .ws:
            tap.send(Between.upgrade(host: "localhost"), from: .app)
            tap.connect()
            settle()
            tap.send(Between.switching(), from: .server)
        case .sockJS:
            tap.send(Self.request("xhr_streaming"), from: .app)
            tap.connect()
            settle()
            tap.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Self.chunk("o\n"), from: .server)
            // The app sends over a second connection.
            tap.accept()
            tap.send("GET /ws/info HTTP/1.1\r\n\r\n", from: .app, of: 2)
            tap.connect()
            settle()
            tap.send("HTTP/1.1 204 \r\n\r\n", from: .server, of: 2)
        }
        settle()
        skipped.app = tap.received(.app).utf8.count
        skipped.server = tap.received(.server, of: appsRelay).utf8.count
    }

    /// Waits until faults have passed on everything.
    private func settle() {
        let faults = tap.machine.context.configuration.faults
        guard faults.slowness != nil else { return }
        tap.advance(by: .seconds(5))
    }

    /// The relay that carries what the app sends.
    var appsRelay: Relay.ID { way == .sockJS ? 2 : 1 }

    private static func request(_ transport: String, _ body: String = "") -> String {
        "POST /ws/000/aaa/\(transport) HTTP/1.1\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    private static func quoted(_ text: String) -> String { String(buffer: SockJSMessages.quoted(.init(string: text))) }

    /// Sends this text from one side, as one message.
    func say(_ text: String, _ side: TapSide) {
        switch (way, side) {
        case (.tcp, _):
            tap.send(text, from: side)
        case (.ws, _):
            let message = ByteBuffer(string: text)
            tap.send(WebSocketDissector.message(message, isText: true, isMasked: side == .app), from: side)
        case (.sockJS, .server):
            tap.send(Self.chunk("a[\(Self.quoted(text))]\n"), from: .server)
        case (.sockJS, .app):
            tap.send(Self.request("xhr_send", "[\(Self.quoted(text))]"), from: .app, of: 2)
            settle()
            tap.send("HTTP/1.1 204 \r\n\r\n", from: .server, of: 2)
        }
    }

    /// The STOMP text that one side received since the session was opened; a close is shown as its code in brackets.
    func heard(_ side: TapSide) throws -> String {
        let bytes = ByteBuffer(
            string: String(
                decoding: tap.received(side, of: side == .app ? 1 : appsRelay).utf8.dropFirst(skipped[side]),
                as: UTF8.self))
        switch way {
        case .tcp: return String(buffer: bytes)
        case .ws: return try Self.unwrapped(webSocket: tap.ends[1]?[side].received ?? bytes, skipped[side], side)
        case .sockJS: return try Self.unwrapped(http: bytes, side)
        }
    }

    private static func unwrapped(webSocket bytes: ByteBuffer, _ skipped: Int, _ side: TapSide) throws -> String {
        var bytes = bytes
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols)
        var dissector = try WebSocketDissector(isFromClient: side == .server, answer: head, limit: 1 << 20)
        var heard = ""
        bytes.moveReaderIndex(forwardBy: skipped)
        try dissector.append(bytes) { element in
            switch element {
            case .message(let message, _): heard += String(buffer: message)
            case .control(_, .close(let close)): heard += "[\(close.code ?? 0)]"
            case .control: break
            }
        }
        return heard
    }

    private static func unwrapped(http bytes: ByteBuffer, _ side: TapSide) throws -> String {
        var texts: [ByteBuffer] = []
        var heard = ""
        if side == .server {
            var reader = HTTPReader(.requests)
            reader.append(bytes)
            while let element = try reader.next() { if case .body(let body) = element { texts.append(body) } }
            for text in texts {
                let messages = try text.withUnsafeReadableBytes { try SockJSMessages(messageOrArray: $0) }
                heard += messages.texts.map { String(buffer: $0) }.joined()
            }
            return heard
        }
        // The lines that remain after removing the chunk sizes.
        for line in String(buffer: bytes).split(whereSeparator: \.isNewline) where "ac".contains(line.prefix(1)) {
            guard line.count > 2, line.dropFirst().first == "[" else { continue }
            switch try SockJSFrame(ByteBuffer(string: String(line))) {
            case .messages(let messages): heard += messages.texts.map { String(buffer: $0) }.joined()
            case .close(let code, _): heard += "[\(code)]"
            case .open, .heartBeat, .prelude: break
            }
        }
        return heard
    }
}
