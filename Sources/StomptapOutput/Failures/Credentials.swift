import STOMPClient
import STOMPTransport

// Hints about credentials: which ones to give, or that the given ones were rejected.

extension SentCredentials {
    /// Says that the server rejected the credentials; nil if none were sent.
    var refusalHint: String? {
        let names = connectHeaders + httpHeaders
        return CredentialHint.refused(names.first(where: SecretMask.hiding.hides) ?? (hasLogin ? "login" : nil))
    }
}

extension HTTPIdentity {
    /// The header that carries this side's credentials; nil if there is none.
    fileprivate var credential: String? { givenHeaders.first(where: SecretMask.hiding.hides) }

    /// Says that the server rejected the credentials; nil if none were sent.
    var refusalHint: String? { CredentialHint.refused(credential) }
}

private enum CredentialHint {
    /// - Parameter name: the name of a header, or `login`.
    static func refused(_ name: String?) -> String? {
        name.map { "\(phrase($0)) was sent but rejected; see the log of the application" }
    }

    static func phrase(_ name: String) -> String {
        switch name.lowercased() {
        case "cookie": "a cookie"
        case "login": "a login"
        default: printable(name)
        }
    }
}

extension HTTPRefusal {
    /// The hint for a 401.
    var credentialsHint: String {
        identity.refusalHint ?? "send credentials, such as --http-header 'Authorization: Bearer TOKEN'"
    }

    /// The hint for a 403. It never suggests the origin that was just refused.
    ///
    /// - Parameter ownOrigin: the origin of the server's own pages, if known.
    func forbiddenHint(ownOrigin: String?) -> String {
        let known = ownOrigin.flatMap { isRefused($0) ? nil : $0 }
        let advice = known.map { "try --origin \($0)" } ?? "try --origin with the URL of the server's own pages"
        guard identity.origin == nil else { return advice }
        guard let credential = identity.credential else {
            return advice + ", or send credentials with --http-header or --cookie"
        }
        let phrase = CredentialHint.phrase(credential)
        return "\(advice); \(phrase) was sent; if it was rejected, see the log of the application"
    }

    private func isRefused(_ origin: String) -> Bool {
        guard let refused = identity.origin else { return false }
        guard let refused = WebOrigin(refused), let origin = WebOrigin(origin) else { return refused == origin }
        return refused == origin
    }

    /// Names the origin as the reason, if a request with an origin was answered with 403.
    var refusedOrigin: String { status == 403 && identity.origin != nil ? ": the server refused this origin" : "" }

    /// Names the URL that the server redirects to.
    package var redirectionHint: String? {
        guard let location else { return nil }
        let fact = "it redirects to \(printable(location))"
        guard ServerPhrases.isLoginPage(location: location) else { return fact }
        return "\(fact), a login page; \(identity.refusalHint ?? "send credentials with --cookie or --http-header")"
    }

    /// The hint for a 200 without a body where a WebSocket was expected.
    var interceptorHint: String {
        "Spring answers like this if a HandshakeInterceptor rejects the request; "
            + (identity.refusalHint ?? "send credentials with --http-header or --cookie")
    }
}
