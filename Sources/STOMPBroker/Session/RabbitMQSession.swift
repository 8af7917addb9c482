import NIOCore
import STOMPCore

/// A session as RabbitMQ 3.10 has it: after most errors it goes on.
struct RabbitMQSession: ServerSession {
    /// How long a connection stays open that did not get in.
    static let loginTimeout = TimeAmount.seconds(10)
    static let versions = STOMPVersion.allCases.map(\.rawValue).joined(separator: ",")
    /// How a WebSocket is closed once the session behind it is over, for whatever reason.
    static let died = SessionEnding.close(code: 1000, reason: "STOMP died")

    private enum State {
        case waiting
        case open(STOMPVersion)
        case over
    }

    private let name: String
    private let policy: SessionPolicy
    private var state = State.waiting
    /// Receipts of SEND frames in open transactions: they come after COMMIT.
    private var postponed: [String: [ServerFrame]] = [:]

    init(name: String, policy: SessionPolicy) {
        self.name = name
        self.policy = policy
    }

    /// Whether the stream is one of messages: a WebSocket.
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

    /// Nothing is said to what is no frame; one whose command is unknown does no harm.
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

    // MARK: Beginning and end

    private mutating func connect(_ frame: Frame) -> SessionAction {
        let offered = frame.headers["accept-version"]
        guard let version = STOMPVersion.negotiate(offered: offered, supported: STOMPVersion.allCases) else {
            return refuse("Version mismatch", "Supported versions are \(Self.versions)\n", .unsupportedVersion)
        }
        let login = frame.headers["login"]
        do throws(BrokerError) {
            // Without a login one is the guest.
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
        // What the client asks for, in whole seconds.
        let kept = HeartBeat(outgoing: Self.seconds(asked.incoming), incoming: Self.seconds(asked.outgoing))
        state = .open(version)
        let reply = ServerFrame(
            .connected,
            [
                "server": "RabbitMQ/3.10.8", "session": name, "heart-beat": kept.description,
                "version": version.rawValue,
            ])
        // Escapes are applied at 1.0 too. It sends at half the interval, where others send at nine tenths of it.
        return .open(reply, .v12, HeartBeat(outgoing: kept.outgoing * 5 / 9, incoming: kept.incoming))
    }

    /// Over WebSocket the receipt never arrives.
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

    /// Its heart-beats are at least one second.
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
    /// Where a SEND or a SUBSCRIBE goes.
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

/// What RabbitMQ says to what goes wrong.
extension RabbitMQSession {
    /// To a command that is none, or that is not a client's.
    func unknown(_ command: String) -> SessionAction {
        if version == nil {
            let error = BrokerError.emulated(.unexpectedFrame, "You must log in using CONNECT first")
            return .refuse(error, Self.error("Illegal command", error.explanation))
        }
        let error = BrokerError.emulated(.unexpectedFrame, "Could not interpret command \"\(command)\"")
        return .refuse(error, Self.error("Bad command", error.explanation + "\n"))
    }

    /// To a frame whose request failed.
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

    /// To a frame that lacks a header.
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

    /// What names the message in an ACK.
    private var idHeader: String { version == .v12 ? "id" : "message-id" }

    private func refuse(_ error: BrokerError, _ message: String, _ body: String) -> SessionAction {
        .refuse(error, Self.error(message, body))
    }

    // MARK: The end of the channel

    mutating func notFound(_ what: String, _ frame: Frame) -> SessionAction {
        let text = "NOT_FOUND - no \(what) in vhost '/'"
        return closeChannel("not_found", text, frame, .emulated(.unknownQueue, text))
    }

    /// An error that ends RabbitMQ's own channel. Over TCP SUBSCRIBE gets its receipt all the same, and then comes the
    /// close; over WebSocket nothing comes but that.
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
