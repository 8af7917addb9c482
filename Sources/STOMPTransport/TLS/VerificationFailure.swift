import COpenSSL

/// Why OpenSSL does not trust a chain: what it said, about which certificate, and what else can be seen at that moment.
struct VerificationFailure {
    /// `X509_V_ERR_...`
    var code: Int32
    /// How many certificates lie between this one and the peer's own.
    var depth: Int
    var certificate: TLSCertificate
    /// What the peer sent, its own certificate first.
    var sent: [TLSCertificate]
    /// Whether a trusted certificate has the name of the missing issuer, and so another key.
    var isIssuerKnownByName = false
    /// What the peer sent under the name of the missing issuer, which may not issue this certificate.
    var unfitIssuer: TLSCertificate?

    /// Reads the moment that a verification callback is called in.
    init?(_ store: OpaquePointer) {
        guard let current = X509_STORE_CTX_get_current_cert(store) ?? X509_STORE_CTX_get0_cert(store) else {
            return nil
        }
        code = X509_STORE_CTX_get_error(store)
        depth = Int(X509_STORE_CTX_get_error_depth(store))
        certificate = TLSCertificate(current)
        let others = X509_STORE_CTX_get0_untrusted(store)
        let stack = (0..<stomptap_x509_count(others)).compactMap { stomptap_x509_at(others, $0) }
        sent = stack.map(TLSCertificate.init)
        guard Self.isMissingIssuer(code) else { return }
        if let namesakes = X509_STORE_CTX_get1_certs(store, X509_get_issuer_name(current)) {
            isIssuerKnownByName = stomptap_x509_count(namesakes) > 0
            stomptap_x509_free_all(namesakes)
        }
        unfitIssuer = stack.first { candidate in
            candidate != current
                && X509_NAME_cmp(X509_get_subject_name(candidate), X509_get_issuer_name(current)) == 0
                && X509_check_issued(candidate, current) != X509_V_OK
        }.map(TLSCertificate.init)
    }

    /// Whether the chain ends before it reaches a trusted certificate.
    static func isMissingIssuer(_ code: Int32) -> Bool {
        [
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE,
        ].contains(code)
    }
}
