import COpenSSL
import NIOCore

/// Finds the cause of a TLS failure from what is known about the connection.
struct TLSDiagnosis {
    /// Which side this is.
    var role = TLSRole.client
    var host: String?
    var minimumVersion = TLSVersion.v12
    var failures: [VerificationFailure] = []
    /// The names of the authorities whose certificates the server accepts; nil until it asks for a client certificate.
    var certificateRequest: [String]?
    var ownCertificate: TLSCertificate?
    var opening = TLSOpening()

    /// Returns the failure for a handshake that ended with these OpenSSL errors.
    func handshakeFailure(_ errors: [OpenSSLError]) -> TLSFailure {
        if errors.contains(where: { $0.isSSL(SSL_R_CERTIFICATE_VERIFY_FAILED) }), let failure = failures.first {
            return .untrusted(failure)
        }
        if let alert = errors.lazy.compactMap(\.alert).first { return alertFailure(alert) }
        if errors.contains(where: { $0.isSSL(SSL_R_UNSUPPORTED_PROTOCOL) }) { return versionMismatch() }
        if errors.contains(where: { $0.isSSL(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) }) {
            return .noCertificateFromClient
        }
        if errors.contains(where: { $0.isSSL(SSL_R_NO_SHARED_CIPHER) }) { return .noCommonCipher }
        return .handshakeFailed(cause: errors.first?.text)
    }

    /// Returns the failure for a stream that ended with these OpenSSL errors. In TLS 1.3 a server rejects a client
    /// certificate here, after the handshake.
    func streamFailure(_ errors: [OpenSSLError]) -> TLSFailure {
        if let alert = errors.lazy.compactMap(\.alert).first { return alertFailure(alert) }
        let isForeign = [
            SSL_R_WRONG_VERSION_NUMBER, SSL_R_BAD_RECORD_TYPE, SSL_R_PACKET_LENGTH_TOO_LONG,
            SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_UNEXPECTED_RECORD, SSL_R_BAD_LENGTH, SSL_R_LENGTH_TOO_SHORT,
        ].contains { reason in errors.contains { $0.isSSL(reason) } }
        if isForeign { return .invalidRecord(cause: errors.first?.text) }
        if errors.contains(where: { $0.isSSL(SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) }) { return .modifiedRecord }
        return .streamFailed(cause: errors.first?.text)
    }

    /// Returns the failure for a fatal alert from the peer.
    func alertFailure(_ alert: TLSAlert) -> TLSFailure {
        let peer = role.peer
        switch alert.number {
        case 40: return certificateWanted(alert) ?? .noCommonParameters(with: peer, alert)
        case 41...46, 48, 49, 51, 116:
            let authorities = role == .client ? certificateRequest ?? [] : []
            return certificateWanted(alert)
                ?? .certificateRejected(by: peer, ownCertificate, accepting: authorities, alert)
        case 70: return versionMismatch()
        case 112: return .unknownServerName(host, at: peer, alert)
        case 120: return .noCommonProtocol(with: peer, alert)
        default: return .alert(alert, from: peer)
        }
    }

    func versionMismatch() -> TLSFailure {
        .unsupportedVersion(
            by: role.peer, highest: role == .client ? opening.serverVersion : nil, wanted: minimumVersion)
    }

    /// Returns the failure if the server asked for a client certificate and got none; otherwise nil.
    private func certificateWanted(_ alert: TLSAlert? = nil) -> TLSFailure? {
        guard role == .client, let authorities = certificateRequest, ownCertificate == nil else { return nil }
        return .clientCertificateRequired(issuedBy: authorities, alert)
    }

    /// Returns the failure for a peer whose first bytes are not TLS.
    func notTLS() -> TLSFailure { .foreignProtocol(opening.spoken, from: role.peer) }

    /// Why a handshake was not completed.
    enum Abandonment {
        case deadline, closed, reset
    }

    func abandoned(_ end: Abandonment) -> TLSFailure {
        if !opening.mayBeTLS { return notTLS() }
        switch end {
        case .deadline:
            return .handshakeTimedOut(with: role.peer, receivedBytes: opening.count)
        case .closed:
            return certificateWanted() ?? .handshakeClosed(by: role.peer, receivedBytes: opening.count)
        case .reset:
            return certificateWanted() ?? .handshakeReset(by: role.peer, receivedBytes: opening.count)
        }
    }

    /// Returns the failure for a connection that ended without close_notify (RFC 8446, section 6.1).
    ///
    /// - Parameter wasAnswered: whether the peer has sent application data.
    func cutOff(wasAnswered: Bool) -> TLSFailure {
        (wasAnswered ? nil : certificateWanted()) ?? .noCloseNotify
    }
}

/// The first bytes from a peer. They show whether it speaks TLS, and if not, which protocol it speaks.
struct TLSOpening {
    /// At most ``kept`` bytes.
    private(set) var bytes: [UInt8] = []
    /// The number of bytes received during the handshake.
    private(set) var count = 0

    private static let kept = 64
    /// This many bytes, or one line, are enough to recognize a protocol other than TLS.
    private static let conclusiveSize = 16

    mutating func add(_ buffer: ByteBuffer) {
        count += buffer.readableBytes
        bytes += buffer.readableBytesView.prefix(Self.kept - bytes.count)
    }

    /// Whether this may be the start of a TLS record (RFC 8446, section 5.1).
    var mayBeTLS: Bool {
        guard let type = bytes.first else { return true }
        return (0x14...0x17).contains(type) && (bytes.count < 2 || bytes[1] == 3)
    }

    /// Whether there are enough bytes to recognize a protocol other than TLS.
    var isConclusive: Bool { bytes.count >= Self.conclusiveSize || bytes.contains(UInt8(ascii: "\n")) }

    /// The version in the server's first message, if that is a ServerHello (RFC 8446, section 4.1.3).
    var serverVersion: TLSVersion? {
        guard bytes.count > 10, bytes[0] == 0x16, bytes[5] == 2 else { return nil }
        return TLSVersion(number: Int32(bytes[9]) << 8 | Int32(bytes[10]))
    }

    /// The protocol that the peer speaks instead of TLS.
    var spoken: SpokenProtocol {
        if startsWithAny(of: "ERROR\n", "ERROR\r", "CONNECTED\n", "CONNECTED\r", "CONNECT\n", "CONNECT\r", "STOMP\n") {
            return .stomp
        }
        if startsWithAny(of: "GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "CONNECT ") { return .httpRequest }
        if let other = ForeignProtocol(firstBytes: bytes) { return .other(other) }
        return .unknown(Array(bytes.prefix(Self.conclusiveSize)))
    }

    private func startsWithAny(of beginnings: String...) -> Bool {
        beginnings.contains { bytes.starts(with: $0.utf8) }
    }
}
