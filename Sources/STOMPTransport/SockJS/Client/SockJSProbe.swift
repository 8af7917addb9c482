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
        let answer = "\(response.status) from \(response.url)"
        switch response.head.status.code {
        case 200:
            return judge(success: response)
        case 401:
            return .failed(
                TransportError(
                    .refused, .sockJS, answer,
                    remedy: "give credentials, such as --http-header 'Authorization: Bearer TOKEN'",
                    response: response.refusal))
        case 403:
            return .failed(
                TransportError(
                    .refused, .sockJS, answer,
                    remedy: "try --origin \(site.origin), or credentials by --http-header or --cookie",
                    response: response.refusal))
        case 300..<400:
            let target = response.head.headers.first(name: "Location").map { base(ofRedirection: $0) }
            return .other(
                TransportError(
                    .protocolViolation, .sockJS, answer,
                    remedy: target.map { "it redirects, which is not followed: try \(printable($0))" },
                    response: response.refusal))
        case 404:
            return .other(
                TransportError(
                    .protocolViolation, .sockJS, "\(answer), so there is no SockJS", remedy: response.refusal.remedy,
                    response: response.refusal))
        default:
            return .other(
                TransportError(
                    .protocolViolation, .sockJS, answer, remedy: response.refusal.remedy, response: response.refusal))
        }
    }

    private static func judge(success response: HTTPResponse) -> SockJSProbe {
        func other(_ message: String) -> SockJSProbe {
            .other(
                TransportError(
                    .protocolViolation, .sockJS, "\(response.url) \(message)", remedy: response.refusal.remedy,
                    response: response.refusal))
        }
        let type = response.head.headers.first(name: "Content-Type") ?? ""
        guard type.isEmpty || type.lowercased().contains("json") else {
            return other("answered \(printable(type, limit: 60)), where SockJS has JSON")
        }
        do {
            guard let info = try SockJSInfo(response.body) else {
                return other("answered JSON that says nothing of \"websocket\", which SockJS has")
            }
            return .sockJS(info)
        } catch {
            return other("answered what is no JSON object: \(error)")
        }
    }

    /// The URL to give instead, where `/info` redirects to `location`.
    private static func base(ofRedirection location: String) -> String {
        let path = location.prefix { $0 != "?" }
        return path.hasSuffix("/info") ? String(path.dropLast(5) + location[path.endIndex...]) : location
    }
}
