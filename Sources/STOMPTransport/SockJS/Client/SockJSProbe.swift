import NIOCore
import NIOHTTP1

/// What `GET BASE/info` was answered with.
enum SockJSProbe {
    case sockJS(SockJSInfo)
    /// Something that is no SockJS.
    case other(TransportError)
    /// Nothing that says what is there: no connection, no answer, no admission.
    case failed(TransportError)

    /// Asks the server at `location`.
    ///
    /// - Parameter completion: told later and once, unless the exchange is cancelled.
    static func start(
        _ location: SockJSLocation, http: HTTPClient, deadline: NIODeadline,
        completion: @escaping (SockJSProbe) -> Void
    ) throws(TransportError) -> HTTPExchange {
        try http.fetch(.GET, location.info, [("Accept", "application/json")], deadline: deadline) { result in
            switch result {
            case .success(let response): completion(judge(response, location: location, site: http.site))
            case .failure(let error): completion(.failed(error))
            }
        }
    }

    private static func judge(_ response: HTTPResponse, location: SockJSLocation, site: HTTPSite) -> SockJSProbe {
        let (url, refusal) = (response.url, response.refusal)
        switch response.head.status.code {
        case 200:
            return judge(success: response)
        case 401, 403:
            return .failed(.sockJS(.refused(url: url, refusal, ownOrigin: site.origin)))
        case 407, 429, 502, 503, 504:
            // A server or a proxy that is busy or down says the same to a WebSocket.
            return .failed(.sockJS(.noInfo(url: url, refusal, movedTo: nil)))
        case 300..<400:
            let target = response.head.headers.first(name: "Location").map { base(ofRedirection: $0) }
            return .other(.sockJS(.noInfo(url: url, refusal, movedTo: target)))
        default:
            return .other(.sockJS(.noInfo(url: url, refusal, movedTo: nil)))
        }
    }

    private static func judge(success response: HTTPResponse) -> SockJSProbe {
        let (url, refusal) = (response.url, response.refusal)
        let type = response.head.headers.first(name: "Content-Type") ?? ""
        let isJSON = type.isEmpty || type.lowercased().contains("json")
        do throws(JSONFault) {
            guard let info = try SockJSInfo(response.body) else {
                return .other(.sockJS(.infoWithoutWebSocketMember(url: url, refusal)))
            }
            return .sockJS(info)
        } catch {
            return .other(.sockJS(isJSON ? .invalidInfo(error, url: url, refusal) : .infoNotJSON(url: url, refusal)))
        }
    }

    /// The URL to give instead, where `/info` redirects to `location`.
    private static func base(ofRedirection location: String) -> String {
        let path = location.prefix { $0 != "?" }
        return path.hasSuffix("/info") ? String(path.dropLast(5) + location[path.endIndex...]) : location
    }
}

/// What may be the matter where a WebSocket is refused: that the URL is one for SockJS.
struct SockJSHint {
    /// How long the server is asked about it at most.
    static let timeout = TimeAmount.seconds(2)

    private let target: TransportTarget
    private let location: SockJSLocation
    private let hadSlash: Bool
    private let refusal: Refusal

    private typealias Refusal = (url: String, answer: HTTPRefusal)

    /// - Returns: nil where the error says enough, or SockJS could not explain it; also where the server or a proxy
    ///   is busy or broken, which another request does not help.
    init?(_ error: TransportError, of target: TransportTarget) {
        guard case .webSocket(let path) = target.kind,
            case .webSocket(.notUpgraded(let url, let answer, _)) = error,
            answer.status != 407, answer.status != 429, !(500...599).contains(answer.status)
        else { return nil }
        self.target = target
        refusal = (url, answer)
        location = SockJSLocation(base: path)
        hadSlash = path.prefix { $0 != "?" }.hasSuffix("/") && !location.path.isEmpty
        if location.path.hasSuffix("/websocket") { return nil }
    }

    /// The refusal, with the URLs that work.
    var error: TransportError {
        let site = HTTPSite(target)
        let address = SockJSAddress(
            url: site.url(location.base), webSocketURL: site.webSocketURL(location.plainWebSocket), hadSlash: hadSlash)
        return .webSocket(.notUpgraded(url: refusal.url, refusal.answer, sockJS: address))
    }

    /// Asks the server.
    func isTrue(
        options: TransportOptions, tls: TLSContext?, on eventLoop: any EventLoop, deadline: NIODeadline
    ) async -> Bool {
        let promise = eventLoop.makePromise(of: Bool.self)
        eventLoop.execute {
            let http = HTTPClient(target, options: options, tls: tls, eventLoop: eventLoop)
            let limit = min(deadline, .now() + Self.timeout)
            do throws(TransportError) {
                let exchange = try SockJSProbe.start(location, http: http, deadline: limit) { probe in
                    http.close()
                    if case .sockJS = probe { promise.succeed(true) } else { promise.succeed(false) }
                }
                let timer = eventLoop.assumeIsolated().scheduleTask(deadline: limit) { promise.succeed(false) }
                promise.futureResult.assumeIsolated().whenComplete { _ in
                    timer.cancel()
                    exchange.cancel()
                }
            } catch {
                promise.succeed(false)
            }
        }
        return (try? await promise.futureResult.get()) ?? false
    }
}
