import NIOCore
import STOMPCore

/// A session as RabbitMQ 3.10 has it: after most errors it goes on.
struct RabbitMQSession: ServerSession {
    /// How long a connection stays open that did not get in.
    static let loginTimeout = TimeAmount.seconds(10)
    private static let versions = STOMPVersion.allCases.map(\.rawValue).joined(separator: ",")

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
            let error = BrokerError(.unexpectedFrame, "You must log in using CONNECT first")
            return .refuse(error, Self.error("Illegal command", error.explanation))
        case (.open, .connect), (.open, .stomp):
            return end([], .close(), BrokerError(.unexpectedFrame, "CONNECT came twice"))
        case (.open, .disconnect):
            return disconnect(frame)
        case (.open(let version), _):
            return request(frame, version)
        }
    }

    /// Nothing is said to what is no frame.
    mutating func receive(_ error: STOMPProtocolError) -> SessionAction {
        end([], .close(code: 1007), BrokerError(error))
    }

    mutating func failed(_ error: BrokerError, _ frame: Frame) -> SessionAction {
        if frame.command == .send, frame.headers.contains("receipt"), let transaction = frame.headers["transaction"] {
            _ = postponed[transaction]?.popLast()
            if postponed[transaction]?.isEmpty ?? false { postponed[transaction] = nil }
        }
        return answer(error, frame)
    }

    private mutating func answer(_ error: BrokerError, _ frame: Frame) -> SessionAction {
        switch error.code {
        case .duplicateID where frame.command == .subscribe:
            let id = frame.headers["id"] ?? ""
            return closeChannel(
                "Duplicated subscription identifier", "A subscription identified by 'T_\(id)' already exists.", frame,
                error)
        case .unknownSubscription:
            let id = frame.headers["id"].map { "id='\($0)'" } ?? frame.headers["destination"] ?? ""
            return .refuse(
                error,
                Self.error(
                    "No subscription found",
                    "UNSUBSCRIBE must refer to an existing subscription.\nSubscription to \"\(id)\" not found.\n"))
        case .unknownTransaction:
            let id = frame.headers["transaction"] ?? ""
            return .refuse(
                error, Self.error("Bad transaction", "Invalid transaction identifier: \(id.debugDescription)\n"))
        case .unknownMessage:
            return .refuse(
                error, Self.error("Invalid header", "\"\(frame.command)\" must include a valid \"id\" header\n"))
        case .missingHeader where frame.headers["destination"] == nil && frame.command.hasDestination:
            return .refuse(
                error,
                Self.error("Missing destination", "\"\(frame.command)\" must include a 'destination' header\n"))
        default:
            return .refuse(error, Self.error(error.code.description, error.explanation + "\n"))
        }
    }

    mutating func end(_ error: BrokerError) -> SessionAction { end([], .close(), error) }

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
            return end([], .close(), BrokerError(.badHeader, "heart-beat is not two numbers"))
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
        if policy.keepsMessages { return .end([], .close(code: 1000, reason: "STOMP died"), nil) }
        return .end([ServerFrame.receipt(of: frame)].compactMap(\.self), .close(), nil)
    }

    private mutating func end(_ frames: [ServerFrame], _ ending: SessionEnding, _ error: BrokerError) -> SessionAction {
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
        let request: ClientRequest
        do throws(BrokerError) {
            guard let read = try ClientRequest(frame, version: version, isStrict: false) else {
                throw BrokerError(.unexpectedFrame, "\(frame.command) is a server's frame")
            }
            request = read
        } catch {
            return answer(error, frame)
        }
        if frame.command.hasDestination, let destination = frame.headers["destination"],
            let action = refuse(destination, frame)
        {
            return action
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

    /// What is said to a destination that is none, or that is not there.
    private mutating func refuse(_ destination: String, _ frame: Frame) -> SessionAction? {
        let parts = destination.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.dropFirst().first {
        case "exchange" where parts.count > 2 && !parts[2].hasPrefix("amq."):
            return notFound("exchange '\(parts[2])'", frame)
        case "amq" where parts.count > 3 && parts[2] == "queue":
            return notFound("queue '\(parts[3])'", frame)
        case "temp-queue", "exchange", "topic", "queue", "reply-queue":
            return nil
        default:
            let body = """
                '\(destination)' is not a valid destination.
                Valid destination types are: /temp-queue, /exchange, /topic, /queue, /amq/queue, /reply-queue/.

                """
            return .refuse(
                BrokerError(.notSupported, "the destination \(destination.debugDescription) is not valid"),
                Self.error("Unknown destination", body))
        }
    }

    private mutating func notFound(_ what: String, _ frame: Frame) -> SessionAction {
        let text = "NOT_FOUND - no \(what) in vhost '/'"
        return closeChannel("not_found", text, frame, BrokerError(.notSupported, text))
    }

    /// An error that ends RabbitMQ's own channel: SUBSCRIBE gets its receipt all the same, and then comes the close.
    private mutating func closeChannel(
        _ message: String, _ body: String, _ frame: Frame, _ error: BrokerError
    ) -> SessionAction {
        let receipt = [ServerFrame.receipt(of: frame)].compactMap(\.self)
        return end([Self.error(message, body)] + receipt, .close(), error)
    }

    private static func error(_ message: String, _ body: String) -> ServerFrame {
        ServerFrame(
            .error, ["message": message, "content-type": "text/plain", "version": versions], body: body)
    }
}

extension Command {
    fileprivate var hasDestination: Bool { self == .send || self == .subscribe }
}
