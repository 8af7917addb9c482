import STOMPTransport

extension TransportError {
    /// A copy with PORT instead of the port number in URLs, so that errors can be compared.
    func withoutPort(_ port: Int) -> TransportError {
        let mask = PortMask(port)
        return switch self {
        case .http(let failure): .http(mask.masked(failure))
        case .webSocket(let failure): .webSocket(mask.masked(failure))
        case .sockJS(let failure): .sockJS(mask.masked(failure))
        default: self
        }
    }
}

/// Replaces the port with PORT, and the id of a SockJS session with S.
struct PortMask {
    private let port: Int

    init(_ port: Int) { self.port = port }

    func masked(_ text: String) -> String {
        text.split(separator: ":\(port)", omittingEmptySubsequences: false).joined(separator: ":PORT")
            .replacing(/\/[0-9]{3}\/[a-z0-5]{16}\//, with: "/S/")
    }

    func masked(_ failure: HTTPFailure) -> HTTPFailure {
        switch failure {
        case .noAnswer(let request, let span): .noAnswer(to: masked(request), within: span)
        case .connectionClosed(let request): .connectionClosed(beforeAnswerTo: masked(request))
        case .answerCutShort(let url): .answerCutShort(of: masked(url))
        case .malformedAnswer(let url): .malformedAnswer(of: masked(url))
        case .notHTTP(let url, let line, let spoken): .notHTTP(from: masked(url), firstLine: line, protocol: spoken)
        case .headTooLarge(let url): .headTooLarge(of: masked(url))
        default: failure
        }
    }

    private func masked(_ request: HTTPRequestSummary) -> HTTPRequestSummary {
        var request = request
        request.url = masked(request.url)
        return request
    }

    func masked(_ failure: WebSocketFailure) -> WebSocketFailure {
        switch failure {
        case .refused(let url, let refusal, let origin):
            .refused(url: masked(url), refusal, ownOrigin: masked(origin))
        case .notUpgraded(let url, let refusal, let address):
            .notUpgraded(
                url: masked(url), refusal,
                sockJS: address.map {
                    SockJSAddress(
                        url: masked($0.url), webSocketURL: masked($0.webSocketURL), hadSlash: $0.hadSlash)
                })
        case .noUpgradeHeader(let url): .noUpgradeHeader(from: masked(url))
        case .noConnectionHeader(let url): .noConnectionHeader(from: masked(url))
        case .wrongAccept(let url): .wrongAccept(from: masked(url))
        case .unofferedExtension(let name, let url): .unofferedExtension(name, from: masked(url))
        case .invalidExtensionAnswer(let value, let url): .invalidExtensionAnswer(value, from: masked(url))
        case .unofferedSubprotocol(let names, let url, let offered):
            .unofferedSubprotocol(names, from: masked(url), offered: offered)
        default: failure
        }
    }

    func masked(_ failure: SockJSFailure) -> SockJSFailure {
        switch failure {
        case .refused(let url, let refusal, let origin):
            .refused(url: masked(url), refusal, ownOrigin: masked(origin))
        case .noInfo(let url, let refusal, let target): .noInfo(url: masked(url), refusal, movedTo: target)
        case .infoNotJSON(let url, let refusal): .infoNotJSON(url: masked(url), refusal)
        case .infoWithoutWebSocketMember(let url, let refusal):
            .infoWithoutWebSocketMember(url: masked(url), refusal)
        case .invalidInfo(let fault, let url, let refusal): .invalidInfo(fault, url: masked(url), refusal)
        case .noWebSocketOffered(let url): .noWebSocketOffered(by: masked(url))
        case .noTransportWorks(let url, let failures):
            .noTransportWorks(
                at: masked(url), failures.map { FailedTransport($0.transport, $0.error.withoutPort(port)) })
        case .neither(let sockJS, let webSocket):
            .neither(sockJS.withoutPort(port), norWebSocket: webSocket.withoutPort(port))
        case .requestRefused(let url, let refusal): .requestRefused(url: masked(url), refusal)
        case .requestFailed(let url, let refusal): .requestFailed(url: masked(url), refusal)
        case .unknownSession(let url, let refusal): .unknownSession(url: masked(url), refusal)
        default: failure
        }
    }
}
