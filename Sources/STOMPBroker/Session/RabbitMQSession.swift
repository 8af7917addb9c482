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
            return .ignore
        case (.waiting, .connect), (.waiting, .stomp):
            return connect(frame)
        case (.waiting, _):
            return unknown(frame.command.rawValue)
        case (.open, .connect), (.open, .stomp):
            return end([], .close(code: 1011), BrokerError(.unexpectedFrame, "CONNECT came twice"))
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
        guard let command = error.skippedCommand else { return end([], .close(code: 1007), BrokerError(error)) }
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
            return answer(BrokerError(.badHeader, "heart-beat is not two numbers"), frame)
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
        if case .over = state { return .ignore }
        state = .over
        return .end(frames, ending, error)
    }

    private mutating func refuse(_ message: String, _ body: String, _ code: BrokerError.Code) -> SessionAction {
        end([Self.error(message, body)], .closeLater(Self.loginTimeout), BrokerError(code, body))
    }

    /// Its heart-beats are at least one second.
    private static func seconds(_ milliseconds: Int) -> Int {
        milliseconds == 0 ? 0 : max(1, milliseconds / 1000) * 1000
    }

    // MARK: Requests

    private mutating func request(_ frame: Frame, _ version: STOMPVersion) -> SessionAction {
        var request: ClientRequest
        do throws(BrokerError) {
            guard let read = try ClientRequest(frame, version: version, isStrict: false) else { return .ignore }
            request = read
        } catch {
            return answer(error, frame)
        }
        if let destination = request.destination {
            switch RabbitMQDestination(destination) {
            case .served(let served): request = request.moved(to: served)
            case .missing(let exchange): return notFound("exchange '\(exchange)'", frame)
            case .invalid(let message, let body):
                let error = BrokerError(.notSupported, "the destination \(destination.debugDescription) is not valid")
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
