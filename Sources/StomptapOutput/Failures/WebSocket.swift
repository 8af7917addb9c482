import STOMPTransport

extension WebSocketFailure {
    var explanation: Explanation {
        Explanation(layer: TransportError.Layer.webSocket.rawValue, sentence, hint: hint)
    }

    private var sentence: String {
        switch self {
        case .refused(let url, let refusal, _): "\(refusal) from \(url)\(refusal.refusedOrigin)"
        case .notUpgraded(let url, let refusal, _):
            "\(refusal)\(refusal.isEmptySuccess ? " with an empty body" : "") from \(url)"
                + (refusal.wantsTLSInstead ? ": this port speaks TLS" : ", not a WebSocket upgrade")
        case .noUpgradeHeader(let url): "101 from \(url) without 'Upgrade: websocket'"
        case .noConnectionHeader(let url): "101 from \(url) without 'Connection: Upgrade'"
        case .wrongAccept(let url): "101 from \(url) with a Sec-WebSocket-Accept that does not answer the key"
        case .chunkedUpgrade(let url):
            "101 from \(url) with 'Transfer-Encoding: chunked', and no WebSocket frame after it"
        case .unofferedExtension(let name, let url):
            "101 from \(url) with the extension \(printable(name)), which was not offered"
        case .invalidExtensionAnswer(let value, let url):
            "101 from \(url) with \(printable(value)), which is no answer to the offer of permessage-deflate"
        case .unofferedSubprotocol(let names, let url, let offered):
            "101 from \(url) with the subprotocol \(printable(names.joined(separator: ", "))), where "
                + (offered.isEmpty ? "none was offered" : "\(offered.joined(separator: ", ")) were offered")
        case .unknownExtensions(let names): "the extension \(printable(names.joined(separator: ", "))) is not known"
        case .invalidSubprotocol(let name): "\"\(printable(name))\" cannot be the name of a subprotocol"
        case .protocolViolation(let violation, let role): "the \(role.name) sent \(violation.closeReason)"
        case .messageTooLarge(let limit, let role):
            "the \(role.name) sent \(WebSocketViolation.tooLarge(limit: limit).closeReason)"
        case .tooMuchUnread(let role):
            "the \(role.name) ended the connection when more had come than can be kept; the rest was left out"
        case .closedWithoutCloseFrame(let peer): "\(peer) ended the connection without a close frame"
        case .cannotCompress(let cause): "zlib cannot be used: \(cause)"
        }
    }

    private var hint: String? {
        switch self {
        case .refused(_, let refusal, let ownOrigin):
            refusal.status == 401 ? refusal.credentialsHint : refusal.forbiddenHint(ownOrigin: ownOrigin)
        case .notUpgraded(_, _, let address?): address.hint
        case .notUpgraded(_, let refusal, nil):
            switch refusal.status {
            case 300..<400: refusal.redirectionHint
            case _ where refusal.wantsTLSInstead: "try wss://"
            case _ where refusal.isEmptySuccess: refusal.interceptorHint
            default: refusal.hint
            }
        case .unofferedSubprotocol(let names, _, _):
            names.count == 1 && names != [""] ? "offer it with --subprotocol" : nil
        case .chunkedUpgrade: "a proxy in front treats the WebSocket as a plain answer: it must pass on Upgrade"
        case .messageTooLarge, .tooMuchUnread: Explanation.raiseLimit
        case .noUpgradeHeader, .noConnectionHeader, .wrongAccept, .unofferedExtension, .invalidExtensionAnswer,
            .unknownExtensions, .invalidSubprotocol, .protocolViolation, .closedWithoutCloseFrame,
            .cannotCompress:
            nil
        }
    }
}

extension TransportRole {
    /// The name of the role in a sentence, as in `the server sent ...`.
    var name: String {
        switch self {
        case .client: "client"
        case .server: "server"
        case .otherSide: "other side"
        }
    }
}

extension SockJSAddress {
    fileprivate var hint: String {
        (hadSlash ? "leave out the slash at the end of the path; " : "")
            + "this is a SockJS endpoint: use \(url), or \(webSocketURL)"
    }
}

extension HTTPRefusal {
    fileprivate var isEmptySuccess: Bool { status == 200 && body.isEmpty }

    fileprivate var wantsTLSInstead: Bool { status == 400 && saysPortWantsTLS }
}
