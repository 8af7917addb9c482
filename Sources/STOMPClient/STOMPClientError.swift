import STOMPCore
import STOMPTransport

/// Why a session cannot be opened, or why it ended.
public struct STOMPClientError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. More may come: keep a `default` in a `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        enum Kind: String {
            case invalidEndpoint, nameNotFound, cannotConnect, connectionLost, timedOut, refused, protocolViolation
            case limitExceeded, badConfiguration, missingFile, serverError, cannotSend
        }

        let kind: Kind

        public var description: String { kind.rawValue }

        /// The text is no endpoint.
        public static let invalidEndpoint = Code(kind: .invalidEndpoint)
        /// The name service knows no such host.
        public static let nameNotFound = Code(kind: .nameNotFound)
        /// Nothing answers at that address.
        public static let cannotConnect = Code(kind: .cannotConnect)
        /// The connection was closed, reset, or fell silent past its heart-beat.
        public static let connectionLost = Code(kind: .connectionLost)
        /// No CONNECTED, no receipt, or no progress in time.
        public static let timedOut = Code(kind: .timedOut)
        /// The server will not have us: an ERROR to CONNECT, 401, 403, a certificate.
        public static let refused = Code(kind: .refused)
        /// The server broke a protocol, or speaks another one.
        public static let protocolViolation = Code(kind: .protocolViolation)
        /// The server sent more than a limit of this side allows.
        public static let limitExceeded = Code(kind: .limitExceeded)
        /// What was asked for cannot be done: an unreadable key, a header that is none.
        public static let badConfiguration = Code(kind: .badConfiguration)
        /// A file of certificates or keys is not there.
        public static let missingFile = Code(kind: .missingFile)
        /// The server answered ERROR; ``STOMPClientError/frame`` is that frame.
        public static let serverError = Code(kind: .serverError)
        /// This side was asked to send what the protocol forbids at this point; nothing was sent.
        public static let cannotSend = Code(kind: .cannotSend)
    }

    public let code: Code
    /// The layer that failed, as a user reads it: `TCP`, `WebSocket`, `STOMP`.
    public let layer: String
    /// One sentence that a user understands, without the layer and without a full stop.
    public let message: String
    /// What to do about it, where that is known.
    public var remedy: String?
    /// The ERROR frame, where there was one.
    public var frame: Frame?
    /// The error beneath.
    public var cause: (any Error)?

    public init(
        _ code: Code, layer: String = "STOMP", _ message: String, remedy: String? = nil, frame: Frame? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.layer = layer
        self.message = message
        self.remedy = remedy
        self.frame = frame
        self.cause = cause
    }

    public var description: String {
        "\(layer): \(message)" + (remedy.map { "; \($0)" } ?? "")
    }
}

extension STOMPClientError {
    init(_ error: TransportError) {
        let code: Code =
            switch error.kind {
            case .nameNotFound: .nameNotFound
            case .cannotConnect: .cannotConnect
            case .timedOut: .timedOut
            case .refused: .refused
            case .protocolViolation: .protocolViolation
            case .limitExceeded: .limitExceeded
            case .badConfiguration: .badConfiguration
            case .missingFile: .missingFile
            default: .connectionLost
            }
        self.init(code, layer: error.layer.rawValue, error.message, remedy: error.remedy, cause: error)
    }

    /// What the server sent is no STOMP, or not at this point.
    static func received(_ error: STOMPProtocolError) -> STOMPClientError {
        STOMPClientError(error.isLimit ? .limitExceeded : .protocolViolation, error.message, cause: error)
    }

    /// What was to be sent is no STOMP, or not at this point.
    ///
    /// A header that is missing is missing in the message that was to be acknowledged: that is the server's fault.
    static func sending(_ error: STOMPProtocolError) -> STOMPClientError {
        STOMPClientError(error.code == .missingHeader ? .protocolViolation : .cannotSend, error.message, cause: error)
    }

    /// `what`, such as `the body`, cannot go over a transport that carries only text.
    package static func notText(_ what: String, over transport: TransportDescription) -> STOMPClientError {
        let layer = transport.kind.layer.rawValue
        return STOMPClientError(
            .cannotSend, layer: layer, "\(what) is no UTF-8, and \(layer) carries only text",
            remedy: "send it as base64, or over the plain WebSocket: ws://, and /websocket at the end of the path")
    }

    /// An ERROR frame; before CONNECTED it is a refusal.
    static func server(_ frame: Frame, connected: Bool) -> STOMPClientError {
        let text = frame.headers["message"] ?? ""
        let body = String(decoding: frame.body.readableBytesView.prefix(200), as: UTF8.self)
        let firstLine = body.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        var parts = [text, firstLine].filter { !$0.isEmpty }
        if parts.count == 2, parts[0] == parts[1] || parts[1].hasPrefix(parts[0]) { parts.removeFirst() }
        let said = parts.isEmpty ? "the server sent an ERROR without a reason" : parts.joined(separator: ": ")
        return STOMPClientError(
            connected ? .serverError : .refused, connected ? "ERROR: \(said)" : "CONNECT was refused: \(said)",
            frame: frame.detached())
    }
}
