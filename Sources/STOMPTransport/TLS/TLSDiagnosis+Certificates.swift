import COpenSSL

extension TLSDiagnosis {
    /// The peer's certificate, or one above it, will not do.
    func refusal(_ failure: VerificationFailure) -> TransportError {
        switch failure.code {
        case X509_V_ERR_CERT_HAS_EXPIRED: expired(failure)
        case X509_V_ERR_CERT_NOT_YET_VALID: notYetValid(failure)
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned(failure)
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: untrustedRoot(failure)
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: mismatch(failure)
        case X509_V_ERR_INVALID_PURPOSE: wrongPurpose(failure)
        case X509_V_ERR_INVALID_CA: noAuthority(failure.certificate)
        case let code where VerificationFailure.isMissingIssuer(code): unknownIssuer(failure)
        default: refused("\(name(failure)) will not do: \(Self.text(of: failure.code))")
        }
    }

    private func refused(_ message: String, remedy: String? = nil) -> TransportError {
        TransportError(.refused, .tls, message, remedy: remedy)
    }

    private static func text(of code: Int32) -> String {
        String(cString: X509_verify_cert_error_string(Int(code)))
    }

    /// `the server's certificate CN=localhost`, `the authority's certificate CN=Example CA`.
    private func name(_ failure: VerificationFailure) -> String {
        "the \(failure.depth == 0 ? peer : "authority")'s certificate \(failure.certificate.title)"
    }

    private func expired(_ failure: VerificationFailure) -> TransportError {
        let when = failure.certificate.notAfter
        let distance = when.map { ", \(TLSDate.distance($0 - TLSDate.now))" } ?? ""
        return refused(
            "\(name(failure)) expired on \(TLSDate.text(when))\(distance)",
            remedy: "have it renewed, or connect all the same with --insecure")
    }

    private func notYetValid(_ failure: VerificationFailure) -> TransportError {
        let when = failure.certificate.notBefore
        let distance = when.map { ", \(TLSDate.distance($0 - TLSDate.now))" } ?? ""
        return refused(
            "\(name(failure)) is not yet valid: it will be on \(TLSDate.text(when))\(distance)",
            remedy: "check the clocks of both machines")
    }

    private func selfSigned(_ failure: VerificationFailure) -> TransportError {
        refused(
            "\(name(failure)) is self-signed, and is not in \(trust.source)",
            remedy: role == .client
                ? "if it is the right one (SHA-256 \(failure.certificate.sha256)), trust it with --ca FILE" : nil)
    }

    private func untrustedRoot(_ failure: VerificationFailure) -> TransportError {
        refused(
            "unknown issuer: the chain leads to \(failure.certificate.title), which is self-signed and not in "
                + trust.source,
            remedy: caRemedy(for: failure.certificate.title))
    }

    private func caRemedy(for authority: String) -> String? {
        role == .client ? "give the certificate of \(authority) with --ca" : nil
    }

    private func unknownIssuer(_ failure: VerificationFailure) -> TransportError {
        let issuer = TLSCertificate.quoted(failure.certificate.issuer)
        if let unfit = failure.unfitIssuer { return noAuthority(unfit) }
        if failure.isIssuerKnownByName {
            return refused(
                "\(name(failure)) was not issued by the \(issuer) in \(trust.source): that has the same name and "
                    + "another key",
                remedy: role == .client ? "get the present certificate of \(issuer) for --ca" : nil)
        }
        if failure.depth == 0, failure.sent.count <= 1 {
            return refused(
                "unknown issuer \(issuer) of \(name(failure)), which the \(peer) sent alone: the chain is incomplete, "
                    + "or that authority is not in \(trust.source)",
                remedy: role == .client
                    ? "give the authority's certificate with --ca, or have the server send the intermediate ones too"
                    : nil)
        }
        return refused(
            "unknown issuer \(issuer) of \(name(failure)): that authority is not in \(trust.source)",
            remedy: caRemedy(for: issuer))
    }

    private func mismatch(_ failure: VerificationFailure) -> TransportError {
        let host = host ?? ""
        let names = failure.certificate.names.map(Self.withoutKind)
        if names.isEmpty {
            return refused(
                "asked for \(host), but \(name(failure)) has no subject alternative name, and its common name does not "
                    + "count",
                remedy: "have it issued anew with \(Self.isAddress(host) ? "IP" : "DNS"):\(host) as such a name")
        }
        if Self.isAddress(host), failure.certificate.names.contains("DNS:\(host)") {
            return refused(
                "asked for \(host), but \(name(failure)) has it as a DNS name, not as an IP address",
                remedy: "have it issued anew with IP:\(host) as a subject alternative name")
        }
        let shown = names.prefix(6).joined(separator: ", ")
        let more = names.count > 6 ? " (and \(names.count - 6) more)" : ""
        let example = names.first { !$0.contains("*") }
        return refused(
            "asked for \(host), but \(name(failure)) is for \(shown)\(more)",
            remedy: example.map { "connect to that name, or expect it with --server-name \($0)" })
    }

    private static func withoutKind(_ name: String) -> String {
        for kind in ["DNS:", "IP:"] where name.hasPrefix(kind) { return String(name.dropFirst(kind.count)) }
        return name
    }

    private static func isAddress(_ host: String) -> Bool {
        guard let address = a2i_IPADDRESS(host) else { return false }
        ASN1_STRING_free(address)
        return true
    }

    private func wrongPurpose(_ failure: VerificationFailure) -> TransportError {
        let purposes = failure.certificate.purposes
        let stated = purposes.isEmpty ? "" : ": it is for \(purposes.joined(separator: ", "))"
        return refused("\(name(failure)) is not for a TLS \(peer)\(stated)")
    }

    private func noAuthority(_ certificate: TLSCertificate) -> TransportError {
        refused(
            "the certificate \(certificate.title) issued another, and is no authority's (CA:"
                + "\(certificate.isAuthority ? "TRUE, without the right to sign certificates" : "FALSE"))")
    }
}
