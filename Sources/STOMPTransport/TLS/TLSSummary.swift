/// What a TLS handshake came to.
public struct TLSSummary: Sendable, Hashable, CustomStringConvertible {
    /// What stands behind the peer's certificate.
    public enum Trust: Sendable, Hashable {
        /// A trusted certificate, and where that is from.
        case verified(by: TLSCertificate, from: TLSTrustSource)
        /// Nothing, and the connection was made all the same (``TLSOptions/isInsecure``): what is wrong.
        case unverified([VerificationFailure])
        /// The peer, a client, was asked for no certificate.
        case notAsked
    }

    /// Such as `TLSv1.3`.
    public var version: String
    /// Such as `TLS_AES_256_GCM_SHA384`.
    public var cipher: String
    /// What both sides agreed on by ALPN (RFC 7301).
    public var applicationProtocol: String?
    /// The certificates that the peer sent, its own first.
    public var chain: [TLSCertificate]
    public var trust: Trust

    package init(
        version: String, cipher: String, applicationProtocol: String? = nil, chain: [TLSCertificate], trust: Trust
    ) {
        self.version = version
        self.cipher = cipher
        self.applicationProtocol = applicationProtocol
        self.chain = chain
        self.trust = trust
    }

    public var description: String { "\(version) \(cipher)" }
}
