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
        case .wrongAccept(let url): "101 from \(url) with a Sec-WebSocket-Accept that does not match the key"
        case .chunkedUpgrade(let url):
            "101 from \(url) with 'Transfer-Encoding: chunked', and no WebSocket frame after it"
        case .unofferedExtension(let name, let url):
            "101 from \(url) with the extension \(printable(name)), which was not offered"
        case .invalidExtensionAnswer(let value, let url):
            "101 from \(url) with \(printable(value)), which is not a valid answer to permessage-deflate"
        case .unofferedSubprotocol(let names, let url, let offered):
            "101 from \(url) with the subprotocol \(printable(names.joined(separator: ", "))), which was not offered"
                + (offered.isEmpty ? "" : " (offered: \(offered.joined(separator: ", ")))")
        case .unknownExtensions(let names): "unknown extension \(printable(names.joined(separator: ", ")))"
        case .invalidSubprotocol(let name): "invalid subprotocol name \"\(printable(name))\""
        case .protocolViolation(let violation, let role): "the \(role.name) sent \(violation.text)"
        case .messageTooLarge(let limit, let role):
            "the \(role.name) sent \(WebSocketViolation.tooLarge(limit: limit).text)"
        case .tooMuchUnread(let role):
            "the \(role.name) closed the connection with more unread data than can be kept; the rest was dropped"
        case .closedWithoutCloseFrame(let peer): "\(peer) closed the connection without a close frame"
        case .cannotCompress(let cause): "cannot use zlib: \(cause)"
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
        case .chunkedUpgrade: "a proxy in front treats the WebSocket as a normal HTTP answer: it must forward Upgrade"
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
        case .otherSide: "peer"
        }
    }
}

extension SockJSAddress {
    fileprivate var hint: String {
        (hadSlash ? "remove the slash at the end of the path; " : "")
            + "this is a SockJS endpoint: use \(url), or \(webSocketURL)"
    }
}

extension HTTPRefusal {
    fileprivate var isEmptySuccess: Bool { status == 200 && body.isEmpty }

    fileprivate var wantsTLSInstead: Bool { status == 400 && saysPortWantsTLS }
}
