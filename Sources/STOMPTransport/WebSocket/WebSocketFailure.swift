/// Why there is no WebSocket, or no longer one. URLs are without their query, which may hold secrets.
public enum WebSocketFailure: Sendable, Hashable {
    /// 401 or 403. `ownOrigin` is that of the server's own pages.
    case refused(url: String, HTTPRefusal, ownOrigin: String)
    /// Any other answer than a 101; `sockJS` is known where the server turned out to speak that.
    case notUpgraded(url: String, HTTPRefusal, sockJS: SockJSAddress?)
    // A 101 that is not as RFC 6455, section 4.1, has it.
    case noUpgradeHeader(from: String)
    case noConnectionHeader(from: String)
    case wrongAccept(from: String)
    /// A 101 whose body was to come in chunks, and no frame came after it.
    case chunkedUpgrade(from: String)
    case unofferedExtension(String, from: String)
    case invalidExtensionAnswer(String, from: String)
    case unofferedSubprotocol([String], from: String, offered: [String])
    /// Two other sides have agreed on extensions that cannot be taken apart.
    case unknownExtensions([String])
    case invalidSubprotocol(String)
    case protocolViolation(WebSocketViolation, by: TransportRole)
    case messageTooLarge(limit: Int, from: TransportRole)
    /// The connection ended when more had come and was not taken yet than is kept.
    case tooMuchUnread(from: TransportRole)
    case closedWithoutCloseFrame(by: String)
    case cannotCompress(cause: String)

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

    /// The answer to a request that was refused.
    public var response: HTTPRefusal? {
        switch self {
        case .refused(_, let refusal, _), .notUpgraded(_, let refusal, _): refusal
        default: nil
        }
    }
}

/// An end of a WebSocket or of a SockJS session.
public enum TransportRole: Sendable, Hashable {
    case client, server
    /// One of the two, as seen by somebody between them.
    case otherSide
}

/// Where a SockJS service is that was asked for a WebSocket.
public struct SockJSAddress: Sendable, Hashable, CustomStringConvertible {
    /// The base, `http` or `https`.
    public var url: String
    /// The plain WebSocket of the service, `ws` or `wss`.
    public var webSocketURL: String
    /// Whether the path was given with a slash at its end, which the base must not have.
    public var hadSlash: Bool

    public init(url: String, webSocketURL: String, hadSlash: Bool = false) {
        self.url = url
        self.webSocketURL = webSocketURL
        self.hadSlash = hadSlash
    }

    public var description: String { url }
}

/// What the other side sent that RFC 6455, RFC 7692 or a limit of this side forbids.
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
    /// `cause` is what zlib says.
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

    /// The reason that the close frame gives the other side: what it sent.
    package var closeReason: String {
        switch self {
        case .unmaskedFrame: "an unmasked frame"
        case .maskedFrame: "a masked frame"
        case .unknownOpcode(let opcode): "a frame with the unknown opcode \(opcode)"
        case .reservedBit: "a frame with a reserved bit set, as of an extension that was not agreed on"
        case .fragmentedControlFrame: "a fragmented control frame"
        case .largeControlFrame: "a control frame of more than 125 octets"
        case .halfCloseCode: "a close frame with half a close code"
        case .forbiddenCloseCode(let code): "the close code \(code), which is not to be sent"
        case .closeReasonNotUTF8: "a close reason that is no UTF-8"
        case .continuationOfNothing: "a continuation of no message"
        case .messageInsideMessage: "a new message in the midst of a fragmented one"
        case .textNotUTF8: "a text message that is no UTF-8"
        case .brokenCompression(let cause): "a compressed message that is broken: \(cause)"
        case .truncatedCompression: "a compressed message that is broken: it ends too early"
        case .tooLarge(let limit): "a message of more than \(limit) octets"
        }
    }

    /// The failure of the connection, for the side that `role` sent it to.
    func error(by role: TransportRole) -> TransportError {
        if case .tooLarge(let limit) = self { return .webSocket(.messageTooLarge(limit: limit, from: role)) }
        return .webSocket(.protocolViolation(self, by: role))
    }
}
