import COpenSSL

/// Why a certificate in the peer's chain is not trusted.
public struct VerificationFailure: Sendable, Hashable {
    /// Why a certificate is not trusted.
    public enum Reason: Sendable, Hashable {
        case expired
        case notYetValid
        /// The peer's own certificate is self-signed, and not among the trusted ones.
        case selfSigned
        /// The chain ends in a self-signed certificate that is not among the trusted ones.
        case untrustedRoot
        /// Its issuer is not among the trusted ones.
        case unknownIssuer
        /// Like ``unknownIssuer``, but the peer sent only this certificate.
        case incompleteChain
        /// A trusted certificate has the name of its issuer, but another key.
        case otherIssuerKey
        /// It issued another certificate, but is not a certificate authority.
        case notAuthority
        /// It is valid for other names, but not for this one, which the client connects to.
        case otherNames(than: String)
        /// It is valid for other addresses, but not for this one, which the client connects to.
        case otherAddresses(than: String)
        /// Its key usage does not allow this side of a connection (client or server).
        case wrongPurpose
        /// Any other failure: OpenSSL's number (`X509_V_ERR_...`) and message.
        case other(code: Int32, String)
    }

    /// Why the certificate is not trusted.
    public var reason: Reason
    /// The certificate at fault.
    public var certificate: TLSCertificate
    /// Whether this is the peer's own certificate, and not one of its issuers.
    public var isOfPeer: Bool
    /// The side that sent it.
    public var peer: TLSRole
    /// The source of the trusted certificates.
    public var trust: TLSTrustSource
    /// The time of the verification, in seconds since 1970.
    public var time: Int

    package init(
        _ reason: Reason, _ certificate: TLSCertificate, isOfPeer: Bool = true, of peer: TLSRole = .server,
        trust: TLSTrustSource = .system, at time: Int = 0
    ) {
        self.reason = reason
        self.certificate = certificate
        self.isOfPeer = isOfPeer
        self.peer = peer
        self.trust = trust
        self.time = time
    }
}

extension VerificationFailure: CustomStringConvertible {
    /// The reason and the certificate.
    public var description: String { "\(plainWords(of: reason)), certificate \(certificate)" }
}

// MARK: - OpenSSL

extension VerificationFailure {
    /// Reads the failure from the store context of a verification callback.
    ///
    /// - Parameter host: the name or address that the client connects to.
    init?(_ store: OpaquePointer, of peer: TLSRole, host: String?, trust: TLSTrustSource) {
        guard let current = X509_STORE_CTX_get_current_cert(store) ?? X509_STORE_CTX_get0_cert(store) else {
            return nil
        }
        let depth = X509_STORE_CTX_get_error_depth(store)
        let (reason, culprit) = Self.reason(of: current, at: depth, store, host: host ?? "")
        self.init(
            reason, TLSCertificate(culprit), isOfPeer: depth == 0 && culprit == current, of: peer, trust: trust,
            at: Int(Timestamp.now().nanoseconds / 1_000_000_000))
    }

    /// Returns the reason, and the certificate at fault.
    private static func reason(
        of current: OpaquePointer, at depth: Int32, _ store: OpaquePointer, host: String
    ) -> (Reason, OpaquePointer) {
        let code = X509_STORE_CTX_get_error(store)
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED: return (.expired, current)
        case X509_V_ERR_CERT_NOT_YET_VALID: return (.notYetValid, current)
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return (.selfSigned, current)
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return (.untrustedRoot, current)
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return (isAddress(host) ? .otherAddresses(than: host) : .otherNames(than: host), current)
        case X509_V_ERR_INVALID_PURPOSE: return (.wrongPurpose, current)
        case X509_V_ERR_INVALID_CA: return (.notAuthority, current)
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return missingIssuer(of: current, at: depth, store)
        default:
            return (.other(code: code, String(cString: X509_verify_cert_error_string(Int(code)))), current)
        }
    }

    /// Returns the reason why the chain ends before a trusted certificate.
    private static func missingIssuer(
        of current: OpaquePointer, at depth: Int32, _ store: OpaquePointer
    ) -> (Reason, OpaquePointer) {
        let others = X509_STORE_CTX_get0_untrusted(store)
        let sent = (0..<stomptap_x509_count(others)).compactMap { stomptap_x509_at(others, $0) }
        // A certificate in the chain has the issuer's name, but may not issue this certificate.
        let unfit = sent.first { candidate in
            candidate != current
                && X509_NAME_cmp(X509_get_subject_name(candidate), X509_get_issuer_name(current)) == 0
                && X509_check_issued(candidate, current) != X509_V_OK
        }
        if let unfit { return (.notAuthority, unfit) }
        if let namesakes = X509_STORE_CTX_get1_certs(store, X509_get_issuer_name(current)) {
            defer { stomptap_x509_free_all(namesakes) }
            if stomptap_x509_count(namesakes) > 0 { return (.otherIssuerKey, current) }
        }
        return (depth == 0 && sent.count <= 1 ? .incompleteChain : .unknownIssuer, current)
    }

    private static func isAddress(_ host: String) -> Bool {
        guard let address = a2i_IPADDRESS(host) else { return false }
        ASN1_STRING_free(address)
        return true
    }
}
