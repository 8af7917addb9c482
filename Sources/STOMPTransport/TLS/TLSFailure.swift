/// Why a TLS connection could not be made, or why it ended.
///
/// A ``TLSRole`` is the role of a side in the handshake: on a client the peer is `server`, on a server it is `client`.
public enum TLSFailure: Sendable, Hashable {
    // MARK: Certificate and key files

    case cannotRead(TLSFileContent, from: String, SystemError)
    /// `limit` is in bytes.
    case tooLarge(TLSFileContent, in: String, limit: Int)
    /// Certificates are counted from 1. Here and below, `cause` is OpenSSL's message.
    case damagedCertificate(number: Int, in: String, cause: String)
    /// No passphrase was given.
    case encryptedFile(String)
    case wrongPassphrase(for: String)
    case unreadableKey(in: String, cause: String?)
    /// OpenSSL has no algorithm for the key: the key uses an old encryption, or damaged bytes name an unknown
    /// algorithm.
    case unsupportedKey(in: String, cause: String?)
    case javaKeyStore(String)
    /// A PEM file does not contain what was expected.
    case nothingFound(TLSFileContent, in: String)
    /// The file is neither PEM nor PKCS#12.
    case unknownFormat(of: String, wanted: TLSFileContent)
    /// The certificate file has no key, and no key file was given.
    case noKey(in: String, for: TLSRole)
    case noCertificate(forKeyIn: String)
    case mismatchedKey(in: String, certificate: TLSCertificate?, from: String)
    case rejectedCertificate(in: String, cause: String?)
    /// Like ``rejectedCertificate(in:cause:)``, for one of the certificates to trust.
    case rejectedAuthority(in: String, cause: String?)

    // MARK: Before a handshake

    case cannotStartLibrary(cause: String?)
    case outOfMemory
    /// The name cannot appear in a certificate.
    case invalidServerName(String)

    // MARK: Handshake

    indirect case untrusted(VerificationFailure)
    /// The client was asked for a certificate and sent none.
    case noCertificateFromClient
    /// The server asked for a certificate and got none. `issuedBy` lists the authorities that it accepts, if it
    /// names them. Without an alert, the server just closed the connection.
    case clientCertificateRequired(issuedBy: [String], TLSAlert?)
    /// The peer does not accept our certificate. `accepting` lists the authorities that it accepts.
    indirect case certificateRejected(by: TLSRole, TLSCertificate?, accepting: [String], TLSAlert)
    case unknownServerName(String?, at: TLSRole, TLSAlert)
    /// The peer speaks none of the protocols offered with ALPN (RFC 7301).
    case noCommonProtocol(with: TLSRole, TLSAlert)
    /// The two sides have no version, cipher or signature algorithm in common.
    case noCommonParameters(with: TLSRole, TLSAlert)
    case noCommonCipher
    /// `highest` is the peer's highest version, if it reports one.
    case unsupportedVersion(by: TLSRole, highest: TLSVersion?, wanted: TLSVersion)
    /// The peer does not speak TLS.
    case foreignProtocol(SpokenProtocol, from: TLSRole)
    case handshakeTimedOut(with: TLSRole, receivedBytes: Int)
    case handshakeClosed(by: TLSRole, receivedBytes: Int)
    case handshakeReset(by: TLSRole, receivedBytes: Int)
    case handshakeFailed(cause: String?)

    // MARK: At any time

    /// An alert that has no case of its own.
    case alert(TLSAlert, from: TLSRole)
    /// The bytes in the stream are not a TLS record.
    case invalidRecord(cause: String?)
    /// A record cannot be decrypted.
    case modifiedRecord
    case streamFailed(cause: String?)
    /// The connection ended without close_notify (RFC 8446, section 6.1).
    case noCloseNotify
    /// This side closed the connection.
    case connectionClosed

    /// What kind of failure it is.
    public var kind: TransportError.Kind {
        switch self {
        case .cannotRead(_, _, let error): error.isNoSuchFile ? .missingFile : .badConfiguration
        case .tooLarge, .damagedCertificate, .encryptedFile, .wrongPassphrase, .unreadableKey, .unsupportedKey,
            .javaKeyStore, .nothingFound, .unknownFormat, .noKey, .noCertificate, .mismatchedKey, .rejectedCertificate,
            .rejectedAuthority, .cannotStartLibrary, .outOfMemory, .invalidServerName:
            .badConfiguration
        case .untrusted, .noCertificateFromClient, .clientCertificateRequired, .certificateRejected,
            .unknownServerName:
            .refused
        case .noCommonProtocol, .noCommonParameters, .noCommonCipher, .unsupportedVersion, .foreignProtocol,
            .handshakeFailed, .alert, .invalidRecord, .modifiedRecord, .streamFailed:
            .protocolViolation
        case .handshakeTimedOut: .timedOut
        case .handshakeClosed, .handshakeReset, .noCloseNotify, .connectionClosed: .connectionLost
        }
    }
}

/// A side of a TLS connection.
public enum TLSRole: String, Sendable, Hashable {
    case client, server

    /// The other side.
    public var peer: TLSRole { self == .client ? .server : .client }
}

/// What a file should contain.
public enum TLSFileContent: Sendable, Hashable {
    /// Certificates to trust.
    case authorities
    case certificate
    case privateKey
}

/// The protocol that a peer speaks instead of TLS.
public enum SpokenProtocol: Sendable, Hashable {
    case stomp
    /// An HTTP request; an HTTP response is ``other(_:)``.
    case httpRequest
    case other(ForeignProtocol)
    /// The first bytes that it sent.
    case unknown([UInt8])
}

/// An alert from the peer (RFC 8446, section 6).
public struct TLSAlert: Sendable, Hashable, CustomStringConvertible {
    /// The number of the alert.
    public var number: Int32

    /// The alert with this number.
    public init(number: Int32) { self.number = number }

    /// Its name in RFC 8446, which users can search for; nil if it has no name there.
    public var name: String? { Self.names[number] }

    /// The name, or the number if it has none.
    public var description: String { name ?? "alert \(number)" }

    private static let names: [Int32: String] = [
        0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
        40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
        44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter",
        48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
        71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
        100: "no_renegotiation", 109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
        113: "bad_certificate_status_response", 115: "unknown_psk_identity", 116: "certificate_required",
        120: "no_application_protocol",
    ]
}
