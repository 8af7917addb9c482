/// Why a WebSocket could not be opened, or why it ended. URLs have no query, because it may contain secrets.
public enum WebSocketFailure: Sendable, Hashable {
    /// Status 401 or 403. `ownOrigin` is the origin of the server's own pages.
    case refused(url: String, HTTPRefusal, ownOrigin: String)
    /// An answer other than 101; `sockJS` is set if the server turned out to speak SockJS.
    case notUpgraded(url: String, HTTPRefusal, sockJS: SockJSAddress?)
    // A 101 response that violates RFC 6455, section 4.1.
    case noUpgradeHeader(from: String)
    case noConnectionHeader(from: String)
    case wrongAccept(from: String)
    /// A 101 response that announced a chunked body and was not followed by a frame.
    case chunkedUpgrade(from: String)
    case unofferedExtension(String, from: String)
    case invalidExtensionAnswer(String, from: String)
    case unofferedSubprotocol([String], from: String, offered: [String])
    /// The two sides of a proxied WebSocket agreed on extensions that cannot be decoded.
    case unknownExtensions([String])
    case invalidSubprotocol(String)
    case protocolViolation(WebSocketViolation, by: TransportRole)
    case messageTooLarge(limit: Int, from: TransportRole)
    /// The connection ended with more unread data than is kept.
    case tooMuchUnread(from: TransportRole)
    case closedWithoutCloseFrame(by: String)
    case cannotCompress(cause: String)

    /// What kind of failure it is.
    public var kind: TransportError.Kind {
        switch self {
        case .refused: .refused
        case .notUpgraded, .noUpgradeHeader, .noConnectionHeader, .wrongAccept, .chunkedUpgrade,
            .unofferedExtension, .invalidExtensionAnswer, .unofferedSubprotocol, .unknownExtensions, .protocolViolation:
            .protocolViolation
        case .messageTooLarge, .tooMuchUnread: .limitExceeded
        case .closedWithoutCloseFrame: .connectionLost
        case .invalidSubprotocol, .cannotCompress: .badConfiguration
        }
    }

    /// The server's answer to a refused request.
    public var response: HTTPRefusal? {
        switch self {
        case .refused(_, let refusal, _), .notUpgraded(_, let refusal, _): refusal
        default: nil
        }
    }
}

/// One end of a WebSocket or of a SockJS session.
public enum TransportRole: Sendable, Hashable {
    case client, server
    /// Either end, as seen by a proxy between them.
    case otherSide
}

/// The address of a SockJS service that was asked for a WebSocket.
public struct SockJSAddress: Sendable, Hashable, CustomStringConvertible {
    /// The base, `http` or `https`.
    public var url: String
    /// The plain WebSocket of the service, `ws` or `wss`.
    public var webSocketURL: String
    /// Whether the given path ended with a slash, which the base must not have.
    public var hadSlash: Bool

    /// Creates the address of a service.
    public init(url: String, webSocketURL: String, hadSlash: Bool = false) {
        self.url = url
        self.webSocketURL = webSocketURL
        self.hadSlash = hadSlash
    }

    /// The base.
    public var description: String { url }
}

/// A violation by the other side of RFC 6455, of RFC 7692, or of a limit of this side.
public enum WebSocketViolation: Error, Sendable, Hashable {
    case unmaskedFrame, maskedFrame
    case unknownOpcode(UInt8)
    case reservedBit
    case fragmentedControlFrame
    case largeControlFrame
    case halfCloseCode
    case forbiddenCloseCode(Int)
    case closeReasonNotUTF8
    case continuationOfNothing
    case messageInsideMessage
    case textNotUTF8
    /// `cause` is the error message of zlib.
    case brokenCompression(cause: String)
    case truncatedCompression
    case tooLarge(limit: Int)

    /// The code to close with (RFC 6455, section 7.4.1).
    var closeCode: Int {
        switch self {
        case .closeReasonNotUTF8, .textNotUTF8, .brokenCompression, .truncatedCompression: WebSocketClose.invalidPayload
        case .tooLarge: WebSocketClose.tooBig
        default: WebSocketClose.protocolError
        }
    }

    /// What the peer sent: the reason in the close frame, and the words for the user.
    package var text: String {
        switch self {
        case .unmaskedFrame: "an unmasked frame"
        case .maskedFrame: "a masked frame"
        case .unknownOpcode(let opcode): "a frame with the unknown opcode \(opcode)"
        case .reservedBit: "a frame with a reserved bit set, although no such extension was negotiated"
        case .fragmentedControlFrame: "a fragmented control frame"
        case .largeControlFrame: "a control frame of more than 125 bytes"
        case .halfCloseCode: "a close frame with an incomplete close code"
        case .forbiddenCloseCode(let code): "a close frame with the code \(code), which must not be sent"
        case .closeReasonNotUTF8: "a close reason that is not UTF-8"
        case .continuationOfNothing: "a continuation frame without a message to continue"
        case .messageInsideMessage: "a new message before the end of a fragmented one"
        case .textNotUTF8: "a text message that is not UTF-8"
        case .brokenCompression(let cause): "an invalid compressed message: \(cause)"
        case .truncatedCompression: "an incomplete compressed message"
        case .tooLarge(let limit): "a message of more than \(limit) bytes"
        }
    }

    /// The connection's error after `role` sent the violation.
    func error(by role: TransportRole) -> TransportError {
        if case .tooLarge(let limit) = self { return .webSocket(.messageTooLarge(limit: limit, from: role)) }
        return .webSocket(.protocolViolation(self, by: role))
    }
}
