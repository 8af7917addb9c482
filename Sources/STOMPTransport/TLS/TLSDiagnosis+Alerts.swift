import COpenSSL

extension TLSDiagnosis {
    /// The names of RFC 8446, section 6, by which people search.
    static func alertName(_ number: Int32) -> String {
        let names: [Int32: String] = [
            0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
            40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
            44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter",
            48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
            71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
            100: "no_renegotiation", 109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
            113: "bad_certificate_status_response", 115: "unknown_psk_identity", 116: "certificate_required",
            120: "no_application_protocol",
        ]
        return names[number] ?? "alert \(number)"
    }

    /// The peer sent a fatal alert.
    func alertFailure(_ alert: Int32) -> TransportError {
        let name = Self.alertName(alert)
        switch alert {
        case 116: return certificateWanted(name) ?? refusedCertificate(name)
        case 40:
            return certificateWanted(name)
                ?? TransportError(
                    .protocolViolation, .tls,
                    "the \(peer) finds no version, cipher or signature that both sides have (\(name))")
        case 41...46, 48, 49, 51:
            return certificateWanted(name) ?? refusedCertificate(name)
        case 70: return versionMismatch()
        case 112:
            return TransportError(
                .refused, .tls, "the \(peer) has nothing under the name \(host ?? "asked for") (\(name))",
                remedy: "ask for another with --server-name")
        case 120:
            return TransportError(
                .protocolViolation, .tls, "the \(peer) speaks none of the protocols offered by ALPN (\(name))")
        default:
            return TransportError(.protocolViolation, .tls, "the \(peer) ended the connection with the alert \(name)")
        }
    }

    /// The error of a server that asked for a certificate and got none; nil where that is not how things are.
    func certificateWanted(_ alert: String? = nil) -> TransportError? {
        guard role == .client, let authorities = certificateRequest, ownCertificate == nil else { return nil }
        let cause = alert.map { " (\($0))" } ?? ": it asked for one, got none, and closed the connection"
        let named = Self.list(authorities)
        let issued = authorities.isEmpty ? "" : " one issued by \(named)"
        return TransportError(
            .refused, .tls, "the server requires a client certificate\(cause)",
            remedy: "give\(issued.isEmpty ? " it" : issued) with --cert and --key")
    }

    private func refusedCertificate(_ alert: String) -> TransportError {
        let whose = role == .client ? "client" : "server's"
        let which = ownCertificate.map { " \($0.title)" } ?? ""
        var remedy: String?
        if role == .client, let authorities = certificateRequest, !authorities.isEmpty {
            remedy = "it takes one issued by \(Self.list(authorities))"
        }
        return TransportError(
            .refused, .tls,
            "the \(peer) refused the \(whose) certificate\(which): \(Self.meaning(of: alert)) (\(alert))",
            remedy: remedy)
    }

    private static func meaning(of alert: String) -> String {
        switch alert {
        case "unknown_ca": "it does not know the issuer"
        case "certificate_expired": "it has expired, or is not yet valid"
        case "certificate_revoked": "it is revoked"
        case "unsupported_certificate": "it is of the wrong kind, or not for this purpose"
        case "access_denied": "it is valid, and not let in"
        case "decrypt_error": "the signature made with its key does not hold"
        case "certificate_required": "it is required"
        default: "it will not do"
        }
    }

    func versionMismatch() -> TransportError {
        if role == .server {
            return TransportError(
                .protocolViolation, .tls, "the client speaks no version from TLS \(minimumVersion.rawValue) on")
        }
        let server = opening.serverVersion
        let message =
            server.map { "the server speaks TLS \($0.rawValue) at most, and TLS \(minimumVersion.rawValue) is wanted" }
            ?? "the server refused every version from TLS \(minimumVersion.rawValue) on (protocol_version)"
        let lower = server ?? TLSVersion.allCases.last { $0 < minimumVersion }
        return TransportError(
            .protocolViolation, .tls, message,
            remedy: lower.map { "update the server, or go down to what it speaks with --tls-min \($0.rawValue)" })
    }

    /// The first few, so that a message stays a line.
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(4).map(TLSCertificate.quoted).joined(separator: " or ")
        return names.count > 4 ? "\(shown) (and \(names.count - 4) more)" : shown
    }
}
