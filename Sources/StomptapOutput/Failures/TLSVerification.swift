import STOMPTransport

extension VerificationFailure {
    package var sentence: String {
        switch reason {
        case .expired: "\(name) expired on \(TLSDate.text(certificate.notAfter))\(distance(to: certificate.notAfter))"
        case .notYetValid:
            "\(name) is not valid until \(TLSDate.text(certificate.notBefore))"
                + distance(to: certificate.notBefore)
        case .selfSigned: "\(name) is self-signed and not in \(trust.text)"
        case .untrustedRoot:
            "unknown issuer: the chain leads to \(certificate.title), which is self-signed and not in \(trust.text)"
        case .unknownIssuer: "unknown issuer \(issuer) of \(name): that authority is not in \(trust.text)"
        case .incompleteChain:
            "unknown issuer \(issuer) of \(name), which the \(peer) sent alone: the chain is incomplete, or that "
                + "authority is not in \(trust.text)"
        case .otherIssuerKey:
            "\(name) was not issued by the \(issuer) in \(trust.text), which has the same name but another key"
        case .notAuthority:
            "the certificate \(certificate.title) issued another one but is not a CA certificate "
                + "(CA:\(certificate.isAuthority ? "TRUE, without the right to sign certificates" : "FALSE"))"
        case .otherNames(let host), .otherAddresses(let host): "asked for \(host), but \(mismatch)"
        case .wrongPurpose:
            "\(name) is not for a TLS \(peer)"
                + (certificate.purposes.isEmpty ? "" : ": it is for \(certificate.purposes.joined(separator: ", "))")
        case .other(_, let text): "\(name) is not accepted: \(text)"
        }
    }

    /// What the user of this side can do.
    var hint: String? {
        switch reason {
        case .expired: "renew it, or connect anyway with --insecure"
        case .notYetValid: "check the clocks of both machines"
        case .otherNames(let host): mismatchHint(host, kind: "DNS")
        case .otherAddresses(let host): mismatchHint(host, kind: "IP")
        case .notAuthority, .wrongPurpose, .other: nil
        // A server has other options than a client.
        case _ where peer == .client: nil
        case .selfSigned: "if it is the right one (SHA-256 \(certificate.sha256)), trust it with --ca FILE"
        case .untrustedRoot: "give the certificate of \(certificate.title) with --ca"
        case .unknownIssuer: "give the certificate of \(issuer) with --ca"
        case .incompleteChain:
            "give the authority's certificate with --ca, or configure the server to send the intermediate "
                + "certificates too"
        case .otherIssuerKey: "use the current certificate of \(issuer) with --ca"
        }
    }

    /// The certificate's name in a sentence: `the server's certificate CN=localhost`, `the authority's certificate
    /// CN=Example CA`.
    private var name: String { "the \(isOfPeer ? peer.rawValue : "authority")'s certificate \(certificate.title)" }

    private var issuer: String { TLSCertificate.quoted(certificate.issuer) }

    private func distance(to moment: Int?) -> String { moment.map { ", \(TLSDate.distance($0 - time))" } ?? "" }

    /// Whether the certificate lists the requested IP address as a DNS name.
    private var hasAddressAsName: Bool {
        if case .otherAddresses(let host) = reason { certificate.names.contains("DNS:\(host)") } else { false }
    }

    private var mismatch: String {
        let names = certificate.names.map(Self.withoutKind)
        if names.isEmpty { return "\(name) has no subject alternative name, and its common name is ignored" }
        if hasAddressAsName { return "\(name) has it as a DNS name, not as an IP address" }
        let shown = names.prefix(6).joined(separator: ", ")
        return "\(name) is for \(shown)" + (names.count > 6 ? " (and \(names.count - 6) more)" : "")
    }

    private func mismatchHint(_ host: String, kind: String) -> String? {
        if certificate.names.isEmpty { return "reissue it with \(kind):\(host) as a subject alternative name" }
        if hasAddressAsName { return "reissue it with IP:\(host) as a subject alternative name" }
        return certificate.names.map(Self.withoutKind).first { !$0.contains("*") }.map {
            "connect to that name, or use --server-name \($0)"
        }
    }

    private static func withoutKind(_ name: String) -> String {
        for kind in ["DNS:", "IP:"] where name.hasPrefix(kind) { return String(name.dropFirst(kind.count)) }
        return name
    }
}

extension TLSCertificate {
    /// A short name for a sentence: the subject, one of the names, or the fingerprint.
    var title: String { subject.isEmpty ? description : Self.quoted(subject) }

    /// A distinguished name, quoted if it contains spaces.
    static func quoted(_ name: String) -> String { name.contains(" ") ? "\"\(name)\"" : name }
}

extension TLSTrustSource {
    /// The source of trusted certificates, in a sentence.
    package var text: String {
        switch self {
        case .system: "the system's trust store"
        case .path(let path): path
        case .environment(let variables):
            variables.map { "\($0.name)=\($0.path)" + ($0.isReadable ? "" : " (cannot be read)") }
                .joined(separator: " ")
        case .nowhere: "nowhere"
        }
    }
}
