import NIOCore
import NIOHTTP1

/// The result of `GET BASE/info`.
enum SockJSProbe {
    case sockJS(SockJSInfo)
    /// The answer does not come from a SockJS service.
    case other(TransportError)
    /// The result is unknown: no connection, no answer, or access denied.
    case failed(TransportError)

    /// Asks the server at `location`.
    ///
    /// - Parameter completion: called later, exactly once, unless the exchange is cancelled.
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
            // A busy or unavailable server or proxy answers a WebSocket request the same way.
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

    /// The base URL to use instead, if `/info` redirects to `location`.
    private static func base(ofRedirection location: String) -> String {
        let path = location.prefix { $0 != "?" }
        return path.hasSuffix("/info") ? String(path.dropLast(5) + location[path.endIndex...]) : location
    }
}

/// A possible reason for a refused WebSocket: the URL is for SockJS.
struct SockJSHint {
    /// The maximum time to wait for the server's answer.
    static let timeout = TimeAmount.seconds(2)

    private let target: TransportTarget
    private let location: SockJSLocation
    private let hadSlash: Bool
    private let refusal: Refusal

    private typealias Refusal = (url: String, answer: HTTPRefusal)

    /// - Returns: nil if the error is clear enough, if SockJS could not explain it, or if the server or a proxy is
    ///   busy or broken, so that another request would not help.
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

    /// Asks the server whether it speaks SockJS at this URL.
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
