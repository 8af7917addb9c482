import STOMPTransport

extension TLSSummary {
    /// All of it, for people: several lines.
    var text: String {
        var lines = [description + (applicationProtocol.map { ", ALPN \($0)" } ?? "")]
        for (index, certificate) in chain.enumerated() {
            lines.append("certificate \(index): \(certificate.title)")
            lines.append("    issuer: \(certificate.issuer)")
            if !certificate.names.isEmpty { lines.append("    names: \(certificate.names.joined(separator: ", "))") }
            lines.append("    valid: \(TLSDate.text(certificate.notBefore)) to \(TLSDate.text(certificate.notAfter))")
            lines.append("    SHA-256: \(certificate.sha256)")
        }
        switch trust {
        case .verified(let anchor, let source): lines.append("verified by: \(anchor.title), from \(source.text)")
        case .unverified(let failures): lines += failures.map { "not verified: \($0.sentence)" }
        case .notAsked: break
        }
        return lines.joined(separator: "\n")
    }
}
