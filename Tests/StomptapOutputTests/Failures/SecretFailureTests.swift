import NIOCore
import STOMPClient
import STOMPCore
import STOMPTap
import STOMPTransport
import StomptapOutput
import Testing

/// No failure shows a secret, whichever of its fields contains one.
@Suite struct SecretFailureTests {
    private static let secret = "Qz7xwV9k"
    /// An address that a user or a peer may have given.
    private static let url = "ws://u:\(secret)@h/ws?token=\(secret)"
    private static let refusal = HTTPRefusal(status: 400, reason: url, body: url, location: url)
    private static let request = HTTPRequestSummary(.webSocket, url, isSecure: false)

    private static let transport: [TransportError] = [
        .name(.noSuchHost(url, cause: url)), .name(.noAnswer(for: url, within: .seconds(1))),
        .tcp(.connectionRefused(by: [url, url])), .tcp(.cannotConnect(to: [url], nil)),
        .tcp(.noAnswer(from: url, within: .seconds(1))), .tcp(.connectionReset(by: url)),
        .tcp(.connectionLost(to: url, nil)), .tcp(.cannotListen(on: url, nil)),
        .tls(.damagedCertificate(number: 1, in: url, cause: url)), .tls(.encryptedFile(url)),
        .tls(.wrongPassphrase(for: url)), .tls(.unreadableKey(in: url, cause: url)),
        .tls(.unsupportedKey(in: url, cause: url)), .tls(.javaKeyStore(url)),
        .tls(.mismatchedKey(in: url, certificate: nil, from: url)), .tls(.rejectedCertificate(in: url, cause: url)),
        .tls(.rejectedAuthority(in: url, cause: url)), .tls(.cannotStartLibrary(cause: url)),
        .tls(.invalidServerName(url)), .tls(.handshakeFailed(cause: url)), .tls(.invalidRecord(cause: url)),
        .tls(.streamFailed(cause: url)),
        .http(.invalidPath(url)), .http(.invalidHeaderName(url)), .http(.invalidValue(ofHeader: url)),
        .http(.noAnswer(to: request, within: .seconds(1))), .http(.connectionClosed(beforeAnswerTo: request)),
        .http(.answerCutShort(of: url)), .http(.malformedAnswer(of: url)),
        .http(.notHTTP(from: url, firstLine: url, protocol: nil)), .http(.compressedAnswer(encoding: url)),
        .http(.headTooLarge(of: url)), .http(.tooManyInformationalAnswers(from: url, limit: 1)),
        .http(.notEventStream(refusal, from: url)),
        .proxy(.unusableTarget(url)), .proxy(.noAnswer(from: url, within: .seconds(1))),
        .proxy(.connectionClosed(by: url, askedFor: url, nil)),
        .proxy(.httpRefusal(by: url, askedFor: url, status: 502, reason: url, withCredentials: true)),
        .proxy(.notHTTP(from: url, firstLine: url, nil)), .proxy(.headTooLarge(from: url, limit: 1)),
        .proxy(.notSOCKS(from: url, nil)), .proxy(.authenticationRequired(by: url)),
        .proxy(.otherAuthenticationRequired(by: url)), .proxy(.unofferedMethod(9, by: url)),
        .proxy(.credentialsRejected(by: url)), .proxy(.invalidAnswer(toCredentialsBy: url)),
        .proxy(.invalidReply(toConnectBy: url)), .proxy(.socksRefusal(by: url, askedFor: url, .notAllowed)),
        .webSocket(.refused(url: url, refusal, ownOrigin: url)),
        .webSocket(.notUpgraded(url: url, refusal, sockJS: nil)), .webSocket(.noUpgradeHeader(from: url)),
        .webSocket(.noConnectionHeader(from: url)), .webSocket(.wrongAccept(from: url)),
        .webSocket(.unofferedExtension(url, from: url)), .webSocket(.invalidExtensionAnswer(url, from: url)),
        .webSocket(.unofferedSubprotocol([url], from: url, offered: [url])), .webSocket(.unknownExtensions([url])),
        .webSocket(.invalidSubprotocol(url)), .webSocket(.closedWithoutCloseFrame(by: url)),
        .webSocket(.cannotCompress(cause: url)),
        .sockJS(.refused(url: url, refusal, ownOrigin: url)), .sockJS(.noInfo(url: url, refusal, movedTo: url)),
        .sockJS(.infoNotJSON(url: url, refusal)), .sockJS(.infoWithoutWebSocketMember(url: url, refusal)),
        .sockJS(.sessionsElsewhere(at: url)), .sockJS(.noWebSocketOffered(by: url)),
        .sockJS(.noTransportWorks(at: url, [])), .sockJS(.closedBeforeOpening(code: 1, reason: url)),
        .sockJS(.requestRefused(url: url, refusal)), .sockJS(.requestFailed(url: url, refusal)),
        .sockJS(.unknownSession(url: url, refusal)),
    ]

    private static let protocolFaults: [STOMPProtocolError.Reason] = [
        .unknownCommand(line: .init(url.utf8)), .skippedFrame(command: url), .headerWithoutColon(line: .init(url.utf8)),
        .nulInHeaders(line: .init(url.utf8)), .nulInHeaders(line: .init("passcode:\(secret)\0".utf8)),
        .bareCarriageReturn(line: .init("passcode:\(secret)\r".utf8)),
        .headerWithoutColon(line: .init("Authorization Bearer \(secret)".utf8)),
        .unknownCommand(line: .init("passcode:\(secret)".utf8)), .malformedContentLength(.init(url.utf8)),
        .wrongContentLength(url, body: 1), .malformedHeartBeat(url), .versionMismatch(chosen: url, offered: [.v12]),
        .unknownSubscription(url), .duplicateSubscription(url), .unknownTransaction(url), .duplicateTransaction(url),
    ]

    private static let session: [STOMPClientError] =
        protocolFaults.map { .protocolViolation(STOMPProtocolError(.peer, $0), nil) }
        + protocolFaults.map { .cannotSend(.invalid(STOMPProtocolError(.local, $0))) }
        + [
            .invalidEndpoint(url, .noScheme), .invalidEndpoint(url, .unknownScheme(name: url)),
            .invalidEndpoint(url, .separatorInUserinfo), .invalidEndpoint(url, .invalidPort(text: url)),
            .closed(TransportClosure(layer: .webSocket, code: 1000, reason: url, isClean: true), .beforeConnected),
            .closed(
                TransportClosure(layer: .sockJS, code: 3000, reason: url, isClean: true),
                .insideFrame(UnfinishedFrame(bytes: 9, command: .message))),
        ]

    private func expectNoSecret(in text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(!text.contains(Self.secret), sourceLocation: sourceLocation)
        #expect(text.contains("***"), "\(text)", sourceLocation: sourceLocation)
    }

    @Test(arguments: transport) func aTransportHidesIt(error: TransportError) throws {
        expectNoSecret(in: ErrorLine.text(try #require(Failure(error).line)))
    }

    @Test(arguments: session) func aSessionHidesIt(error: STOMPClientError) throws {
        expectNoSecret(in: ErrorLine.text(try #require(Failure(error).line)))
    }

    /// A trace on stderr and in a file, and the lines that a tap prints apart from the frames.
    @Test(arguments: transport) func anEventHidesIt(error: TransportError) {
        let event = WireEvent(.tcp, .local, .layers, .failed(error))
        var printer = TracePrinter(.bytes, style: OutputStyle(width: .fixed(120)))
        var json = EventJSON(mask: .hiding)
        var notices = TapNotices(.bytes, style: OutputStyle(width: .fixed(120)))
        var out = OutputBuffer()
        printer.append(event, at: .now(), to: &out)
        json.append(event, at: .now(), to: &out)
        let contents: [TapEvent.Content] = [
            .note(.cannotConnect(error)), .note(.notTakenApart(error)), .ended(.connectionBroken(by: .app, error)),
        ]
        let notes = Self.protocolFaults.map { TapEvent.Content.note(.notSTOMP(STOMPProtocolError(.peer, $0))) }
        for content in contents + notes {
            notices.append(TapEvent(connection: 1, app: "127.0.0.1:1", content), at: .now(), to: &out)
        }
        #expect(!out.text.contains(Self.secret))
    }
}
