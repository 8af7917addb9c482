import NIOCore
import STOMPCore

/// A session that behaves like RabbitMQ 3.10: it continues after most errors.
struct RabbitMQSession: ServerSession {
    /// How long a connection stays open after a failed login.
    static let loginTimeout = TimeAmount.seconds(10)
    static let versions = STOMPVersion.allCases.map(\.rawValue).joined(separator: ",")
    /// The close of a WebSocket when its session has ended, for any reason.
    static let died = SessionEnding.close(code: 1000, reason: "STOMP died")

    private enum State {
        case waiting
        case open(STOMPVersion)
        case over
    }

    private let name: String
    private let policy: SessionPolicy
    private var state = State.waiting
    /// Receipts of SEND frames in open transactions: they are sent after COMMIT.
    private var postponed: [String: [ServerFrame]] = [:]

    init(name: String, policy: SessionPolicy) {
        self.name = name
        self.policy = policy
    }

    /// Whether the transport is a WebSocket, which preserves message boundaries.
    var keepsMessages: Bool { policy.keepsMessages }

    var version: STOMPVersion? {
        if case .open(let version) = state { version } else { nil }
    }

    mutating func receive(_ frame: Frame) -> SessionAction {
        switch (state, frame.command) {
        case (.over, _):
            return .ignore(.sessionOver)
        case (.waiting, .connect), (.waiting, .stomp):
            return connect(frame)
        case (.waiting, _):
            return unknown(frame.command.rawValue)
        case (.open, .connect), (.open, .stomp):
            return end([], .close(code: 1011), .emulated(.unexpectedFrame, "CONNECT came twice"))
        case (.open, .connected), (.open, .message), (.open, .receipt), (.open, .error):
            return unknown(frame.command.rawValue)
        case (.open, .disconnect):
            return disconnect(frame)
        case (.open(let version), _):
            return request(frame, version)
        }
    }

    /// An invalid frame gets no answer and ends the session; an unknown command does not end it.
    mutating func receive(_ error: STOMPProtocolError) -> SessionAction {
        guard let command = error.skippedCommand else { return end([], .close(code: 1007), .malformed(error)) }
        return unknown(command)
    }

    mutating func failed(_ error: BrokerError, _ frame: Frame) -> SessionAction {
        if frame.command == .send, frame.headers.contains("receipt"), let transaction = frame.headers["transaction"] {
            _ = postponed[transaction]?.popLast()
            if postponed[transaction]?.isEmpty ?? false { postponed[transaction] = nil }
        }
        return answer(error, frame)
    }

    mutating func end(_ error: BrokerError) -> SessionAction { end([], Self.died, error) }

    mutating func deny(_ text: String, _ frame: Frame) -> SessionAction {
        guard version == nil else { return .refuse(.denied(text), Self.error(text, text + "\n")) }
        return end([Self.error(text, text + "\n")], .closeLater(Self.loginTimeout), .denied(text))
    }

    // MARK: Connect and disconnect

    private mutating func connect(_ frame: Frame) -> SessionAction {
        let offered = frame.headers["accept-version"]
        guard let version = STOMPVersion.negotiate(offered: offered, supported: STOMPVersion.allCases) else {
            return refuse("Version mismatch", "Supported versions are \(Self.versions)\n", .unsupportedVersion)
        }
        let login = frame.headers["login"]
        do throws(BrokerError) {
            // Without a login the client is the guest user.
            if login != nil || policy.logins == nil { try policy.check(frame) }
        } catch {
            return refuse("Bad CONNECT", "Access refused for user '\(login ?? "guest")'\n", .badCredentials)
        }
        if let host = frame.headers["host"], host != "/" {
            return refuse("Bad CONNECT", "Virtual host '\(host)' access denied", .badCredentials)
        }
        guard let asked = try? frame.heartBeat() else {
            return answer(.emulated(.badHeader, "heart-beat is not two numbers"), frame)
        }
        // The heart-beats that the client asks for, in whole seconds.
        let kept = HeartBeat(outgoing: Self.seconds(asked.incoming), incoming: Self.seconds(asked.outgoing))
        state = .open(version)
        let reply = ServerFrame(
            .connected,
            [
                "server": "RabbitMQ/3.10.8", "session": name, "heart-beat": kept.description,
                "version": version.rawValue,
            ])
        // Escapes are used in 1.0 too. RabbitMQ sends at half of the interval; other servers send at nine tenths of it.
        return .open(reply, .v12, HeartBeat(outgoing: kept.outgoing * 5 / 9, incoming: kept.incoming))
    }

    /// Over WebSocket RabbitMQ sends no receipt for DISCONNECT.
    private mutating func disconnect(_ frame: Frame) -> SessionAction {
        state = .over
        let receipt = policy.keepsMessages ? nil : ServerFrame.receipt(of: frame)
        return .end([receipt].compactMap(\.self), Self.died, nil)
    }

    mutating func end(_ frames: [ServerFrame], _ ending: SessionEnding, _ error: BrokerError) -> SessionAction {
        if case .over = state { return .ignore(.sessionOver) }
        state = .over
        return .end(frames, ending, error)
    }

    private mutating func refuse(_ message: String, _ body: String, _ summary: BrokerError.Summary) -> SessionAction {
        end([Self.error(message, body)], .closeLater(Self.loginTimeout), .emulated(summary, body))
    }

    /// RabbitMQ's heart-beat interval is at least one second.
    private static func seconds(_ milliseconds: Int) -> Int {
        milliseconds == 0 ? 0 : max(1, milliseconds / 1000) * 1000
    }

    // MARK: Requests

    private mutating func request(_ frame: Frame, _ version: STOMPVersion) -> SessionAction {
        var request: ClientRequest
        do throws(BrokerError) {
            guard let read = try ClientRequest(frame, version: version, isStrict: false) else {
                return .ignore(.serverFrame)
            }
            request = read
        } catch {
            return answer(error, frame)
        }
        if let destination = request.destination, frame.command != .send || !policy.answered.contains(destination) {
            switch RabbitMQDestination(destination) {
            case .served(let served): request = request.moved(to: served)
            case .missing(let exchange): return notFound("exchange '\(exchange)'", frame)
            case .invalid(let message, let body):
                let error = BrokerError.invalidDestination(destination)
                return .refuse(error, Self.error(message, body))
            }
        }
        let receipt = [ServerFrame.receipt(of: frame)].compactMap(\.self)
        switch request {
        case .send(_, let transaction?):
            postponed[transaction, default: []] += receipt
            return .perform(request)
        case .commit(let transaction):
            return .perform(request, receipts: receipt + (postponed.removeValue(forKey: transaction) ?? []))
        case .abort(let transaction):
            postponed[transaction] = nil
            return .perform(request, receipts: receipt)
        default:
            return .perform(request, receipts: receipt)
        }
    }
}

extension ClientRequest {
    /// The destination of a SEND or a SUBSCRIBE.
    fileprivate var destination: String? {
        switch self {
        case .send(let message, _): message.destination
        case .subscribe(_, let destination, _): destination
        default: nil
        }
    }

    fileprivate func moved(to destination: String) -> ClientRequest {
        switch self {
        case .send(let message, let transaction) where message.destination != destination:
            .send(Message(destination: destination, frame: message.frame), transaction: transaction)
        case .subscribe(let name, _, let ack): .subscribe(name, destination: destination, ack)
        default: self
        }
    }
}

/// RabbitMQ's answers to errors.
extension RabbitMQSession {
    /// The answer to a command that is unknown or not a client's.
    func unknown(_ command: String) -> SessionAction {
        if version == nil {
            let error = BrokerError.emulated(.unexpectedFrame, "You must log in using CONNECT first")
            return .refuse(error, Self.error("Illegal command", error.explanation))
        }
        let error = BrokerError.emulated(.unexpectedFrame, "Could not interpret command \"\(command)\"")
        return .refuse(error, Self.error("Bad command", error.explanation + "\n"))
    }

    /// The answer to a frame whose request failed.
    mutating func answer(_ error: BrokerError, _ frame: Frame) -> SessionAction {
        let (command, headers) = (frame.command, frame.headers)
        switch error.summary {
        case .unknownQueue:
            return notFound("queue '\(headers["destination"]?.split(separator: "/").last ?? "")'", frame)
        case .duplicateID where command == .subscribe:
            let name = headers["id"].map { "T_\($0)" } ?? "Q_\(headers["destination"] ?? "")"
            return closeChannel(
                "Duplicated subscription identifier", "A subscription identified by '\(name)' already exists.", frame,
                error)
        case .unknownSubscription:
            let name = headers["id"].map { "id='\($0)'" } ?? "destination='\(headers["destination"] ?? "")'"
            return refuse(
                error, "No subscription found",
                "UNSUBSCRIBE must refer to an existing subscription.\nSubscription to \"\(name)\" not found.\n")
        case .unknownTransaction:
            let id = headers["transaction"] ?? ""
            return refuse(error, "Bad transaction", "Invalid transaction identifier: \(id.debugDescription)\n")
        case .unknownMessage:
            return refuse(error, "Invalid header", "\"\(command)\" must include a valid \"\(idHeader)\" header\n")
        case .missingHeader:
            return refuseWithout(frame, error)
        case .badHeader:
            return refuse(error, "Processing error", "Processing error")
        default:
            return refuse(error, error.summary.rawValue, error.explanation + "\n")
        }
    }

    /// The answer to a frame with a missing header.
    private func refuseWithout(_ frame: Frame, _ error: BrokerError) -> SessionAction {
        let command = frame.command
        switch command {
        case .send, .subscribe:
            return frame.headers.contains("destination")
                ? refuse(error, "Invalid destination", "Destination cannot be blank")
                : refuse(error, "Missing destination", "\"\(command)\" must include a 'destination' header\n")
        case .unsubscribe:
            return refuse(
                error, "Missing destination or id", "UNSUBSCRIBE must include a 'destination' or 'id' header")
        case .begin, .commit, .abort:
            return refuse(error, "Missing transaction", "\"\(command)\" must include a 'transaction' header\n")
        default:
            return refuse(error, "Missing header", "\"\(command)\" must include the \"\(idHeader)\" header\n")
        }
    }

    /// The header of an ACK that identifies the message.
    private var idHeader: String { version == .v12 ? "id" : "message-id" }

    private func refuse(_ error: BrokerError, _ message: String, _ body: String) -> SessionAction {
        .refuse(error, Self.error(message, body))
    }

    // MARK: Closing the channel

    mutating func notFound(_ what: String, _ frame: Frame) -> SessionAction {
        let text = "NOT_FOUND - no \(what) in vhost '/'"
        return closeChannel("not_found", text, frame, .emulated(.unknownQueue, text))
    }

    /// An error that closes RabbitMQ's internal channel. Over TCP a SUBSCRIBE still gets its receipt before the
    /// close; over WebSocket the close is all that the client gets.
    private mutating func closeChannel(
        _ message: String, _ body: String, _ frame: Frame, _ error: BrokerError
    ) -> SessionAction {
        guard !keepsMessages else { return end([], Self.died, error) }
        let receipt = frame.command == .subscribe ? ServerFrame.receipt(of: frame) : nil
        return end([Self.error(message, body), receipt].compactMap(\.self), Self.died, error)
    }

    static func error(_ message: String, _ body: String) -> ServerFrame {
        ServerFrame(
            .error, ["message": message, "content-type": "text/plain", "version": versions], body: body)
    }
}
