import STOMPCore

/// What RabbitMQ says to what goes wrong.
extension RabbitMQSession {
    /// To a command that is none, or that is not a client's.
    func unknown(_ command: String) -> SessionAction {
        if version == nil {
            let error = BrokerError(.unexpectedFrame, "You must log in using CONNECT first")
            return .refuse(error, Self.error("Illegal command", error.explanation))
        }
        let error = BrokerError(.unexpectedFrame, "Could not interpret command \"\(command)\"")
        return .refuse(error, Self.error("Bad command", error.explanation + "\n"))
    }

    /// To a frame whose request failed.
    mutating func answer(_ error: BrokerError, _ frame: Frame) -> SessionAction {
        let (command, headers) = (frame.command, frame.headers)
        switch error.code {
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
            return refuse(error, error.code.description, error.explanation + "\n")
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
        return closeChannel("not_found", text, frame, BrokerError(.unknownQueue, text))
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
