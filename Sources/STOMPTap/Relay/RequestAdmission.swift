import NIOHTTP1
import STOMPTransport

/// Which requests a tap passes on: those for a host that is its own, and where it adds what the server trusts, those of
/// pages that it may speak for.
struct RequestAdmission {
    private let hosts: OwnHosts
    private let allowed: OriginList
    /// How the tap's own origin begins.
    private let scheme: String
    private let serverOrigins: OriginList
    /// Whether requests get headers or a certificate that the app did not send.
    private let vouches: Bool

    init(_ configuration: TapConfiguration) {
        hosts = OwnHosts(configuration.listenNames + [configuration.host])
        allowed = OriginList(configuration.allowedOrigins)
        scheme = configuration.tls == nil ? "http://" : "https://"
        serverOrigins = OriginList(configuration.servers.map { HTTPSite($0.target).origin })
        let options = configuration.transport
        vouches =
            options.cookie != nil || options.origin != nil || !options.httpHeaders.isEmpty
            || options.tls.certificate != nil
    }

    func refusal(of request: HTTPRequestHead) -> AdmissionRefusal? {
        if let refusal = request.refusal(by: hosts) { return refusal }
        guard vouches, !allowed.allowsAll else { return nil }
        let isAllowed = { origin in allows(origin, request) }
        return request.refusal(unless: isAllowed) ?? request.refusalOfOtherSite(unless: isAllowed)
    }

    private func allows(_ text: String, _ request: HTTPRequestHead) -> Bool {
        if allowed.contains(text) || serverOrigins.contains(text) { return true }
        guard let origin = WebOrigin(text) else { return false }
        return origin.authority.isLoopback
            || request.headers.first(name: "Host").map { WebOrigin(scheme + $0) == origin } ?? false
    }
}
