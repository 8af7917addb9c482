import COpenSSL

/// What is known when TLS fails, and what to tell a person about it.
struct TLSDiagnosis {
    /// Which side this is.
    var role = TLSContext.Role.client
    var host: String?
    var minimumVersion = TLSVersion.v12
    var trust = TLSTrust.system
    var failures: [VerificationFailure] = []
    /// The names of the authorities whose certificates the server takes, once it has asked for one.
    var certificateRequest: [String]?
    var ownCertificate: TLSCertificate?
    var opening = TLSOpening()

    var peer: String { role.peer }

    /// The handshake ended with these errors of OpenSSL.
    func handshakeFailure(_ errors: [OpenSSLError]) -> TransportError {
        if errors.contains(where: { $0.isSSL(SSL_R_CERTIFICATE_VERIFY_FAILED) }), let failure = failures.first {
            return refusal(failure)
        }
        if let alert = errors.lazy.compactMap(\.alert).first { return alertFailure(alert) }
        if errors.contains(where: { $0.isSSL(SSL_R_UNSUPPORTED_PROTOCOL) }) { return versionMismatch() }
        if errors.contains(where: { $0.isSSL(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) }) {
            return TransportError(.refused, .tls, "the client gave no certificate")
        }
        if errors.contains(where: { $0.isSSL(SSL_R_NO_SHARED_CIPHER) }) {
            return TransportError(.protocolViolation, .tls, "server and client have no cipher in common")
        }
        return TransportError(.protocolViolation, .tls, "the handshake failed: \(Self.text(errors))")
    }

    /// The stream ended with these errors of OpenSSL. In TLS 1.3 it is here that a server refuses a client certificate.
    func streamFailure(_ errors: [OpenSSLError]) -> TransportError {
        if let alert = errors.lazy.compactMap(\.alert).first { return alertFailure(alert) }
        let isForeign = [
            SSL_R_WRONG_VERSION_NUMBER, SSL_R_BAD_RECORD_TYPE, SSL_R_PACKET_LENGTH_TOO_LONG,
            SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_UNEXPECTED_RECORD, SSL_R_BAD_LENGTH, SSL_R_LENGTH_TOO_SHORT,
        ].contains { reason in errors.contains { $0.isSSL(reason) } }
        if isForeign {
            return TransportError(
                .protocolViolation, .tls, "octets that are no TLS record came in the stream: \(Self.text(errors))")
        }
        if errors.contains(where: { $0.isSSL(SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) }) {
            return TransportError(
                .protocolViolation, .tls, "a record does not decrypt: its octets were changed on the way")
        }
        return TransportError(.protocolViolation, .tls, "the stream failed: \(Self.text(errors))")
    }

    private static func text(_ errors: [OpenSSLError]) -> String {
        errors.first?.text ?? "OpenSSL does not say why"
    }

    /// The peer's first octets are no TLS.
    func notTLS() -> TransportError {
        let began = role == .client ? "it answered" : "it sent"
        let other: TLSContext.Role = role == .client ? .server : .client
        guard let (name, remedy) = opening.spoken(by: other) else {
            return TransportError(
                .protocolViolation, .tls, "the \(peer) does not speak TLS: \(began) \(opening.quoted)")
        }
        return TransportError(
            .protocolViolation, .tls, "the \(peer) does not speak TLS: \(began) \(name)",
            remedy: role == .client ? remedy : nil)
    }

    /// How a handshake comes to no end.
    enum Abandonment {
        case deadline, closed, reset
    }

    func abandoned(_ end: Abandonment) -> TransportError {
        if !opening.mayBeTLS { return notTLS() }
        let came = opening.count == 0 ? "without a word" : "after \(opening.count) octets"
        let hint =
            role == .client && opening.count == 0
            ? "where this port does not speak TLS, try stomp:// or ws://" : nil
        switch end {
        case .deadline:
            let message =
                opening.count == 0
                ? "the \(peer) sent nothing in the handshake before the deadline"
                : "the handshake was not finished before the deadline: \(opening.count) octets came"
            return TransportError(.timedOut, .tls, message, remedy: hint)
        case .closed:
            return certificateWanted()
                ?? TransportError(
                    .connectionLost, .tls, "the \(peer) closed the connection in the handshake, \(came)", remedy: hint)
        case .reset:
            return certificateWanted()
                ?? TransportError(
                    .connectionLost, .tls, "the \(peer) reset the connection in the handshake, \(came)", remedy: hint)
        }
    }

    /// The connection ended without close_notify (RFC 8446, section 6.1).
    ///
    /// - Parameter wasAnswered: whether anything came above TLS.
    func cutOff(wasAnswered: Bool) -> TransportError {
        if !wasAnswered, let error = certificateWanted() { return error }
        return TransportError(.connectionLost, .tls, "the TLS stream was cut off without a close_notify")
    }
}
