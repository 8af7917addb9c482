/// Why there is no TLS, or no longer any.
///
/// A side is named by what it is in the handshake: what fails with the server fails at a client, and the other way round.
public enum TLSFailure: Sendable, Hashable {
    // MARK: Files of certificates and keys

    case cannotRead(TLSFileContent, from: String, SystemError)
    /// `limit` is in bytes.
    case tooLarge(TLSFileContent, in: String, limit: Int)
    /// Certificates are counted from 1. Causes are OpenSSL's words, here and below.
    case damagedCertificate(number: Int, in: String, cause: String)
    /// No passphrase was given.
    case encryptedFile(String)
    case wrongPassphrase(for: String)
    case unreadableKey(in: String, cause: String?)
    /// OpenSSL has no algorithm for the key: that of an old encryption, or one that damage makes it look for.
    case unsupportedKey(in: String, cause: String?)
    case javaKeyStore(String)
    /// A PEM file has something else in it.
    case nothingFound(TLSFileContent, in: String)
    /// A file is neither PEM nor PKCS#12.
    case unknownFormat(of: String, wanted: TLSFileContent)
    /// The file of the certificate has no key, and no other file was given.
    case noKey(in: String, for: TLSRole)
    case noCertificate(forKeyIn: String)
    case mismatchedKey(in: String, certificate: TLSCertificate?, from: String)
    case rejectedCertificate(in: String, cause: String?)
    /// As ``rejectedCertificate(in:cause:)``, for one of the certificates to trust.
    case rejectedAuthority(in: String, cause: String?)

    // MARK: Before a handshake

    case cannotStartLibrary(cause: String?)
    case outOfMemory
    /// It cannot be the name in a certificate.
    case invalidServerName(String)

    // MARK: Handshake

    indirect case untrusted(VerificationFailure)
    /// The client was asked for a certificate and sent none.
    case noCertificateFromClient
    /// The server asked for a certificate and got none. `issuedBy` are the authorities that it accepts, where it names
    /// them. Without an alert it has just closed the connection.
    case clientCertificateRequired(issuedBy: [String], TLSAlert?)
    /// The other side does not accept our certificate. `accepting` are the authorities that it accepts.
    indirect case certificateRejected(by: TLSRole, TLSCertificate?, accepting: [String], TLSAlert)
    case unknownServerName(String?, at: TLSRole, TLSAlert)
    /// None of the protocols that were offered by ALPN (RFC 7301) is spoken.
    case noCommonProtocol(with: TLSRole, TLSAlert)
    /// There is no version, cipher or signature algorithm that both sides have.
    case noCommonParameters(with: TLSRole, TLSAlert)
    case noCommonCipher
    /// `highest` is the other side's, where it says so.
    case unsupportedVersion(by: TLSRole, highest: TLSVersion?, wanted: TLSVersion)
    /// What it speaks is not TLS.
    case foreignProtocol(SpokenProtocol, from: TLSRole)
    case handshakeTimedOut(with: TLSRole, receivedBytes: Int)
    case handshakeClosed(by: TLSRole, receivedBytes: Int)
    case handshakeReset(by: TLSRole, receivedBytes: Int)
    case handshakeFailed(cause: String?)

    // MARK: Any time

    /// An alert that has no case of its own.
    case alert(TLSAlert, from: TLSRole)
    /// What came in the stream cannot be a TLS record.
    case invalidRecord(cause: String?)
    /// A record does not decrypt.
    case modifiedRecord
    case streamFailed(cause: String?)
    /// The connection ended without close_notify (RFC 8446, section 6.1).
    case noCloseNotify
    /// This side closed the connection.
    case connectionClosed

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

/// What is looked for in a file.
public enum TLSFileContent: Sendable, Hashable {
    /// Certificates to trust.
    case authorities
    case certificate
    case privateKey
}

/// What a peer speaks in place of TLS.
public enum SpokenProtocol: Sendable, Hashable {
    case stomp
    /// A request; an answer is ``other(_:)``.
    case httpRequest
    case other(ForeignProtocol)
    /// The first bytes of it.
    case unknown([UInt8])
}

/// An alert of the other side (RFC 8446, section 6).
public struct TLSAlert: Sendable, Hashable, CustomStringConvertible {
    public var number: Int32

    public init(number: Int32) { self.number = number }

    /// Its name in RFC 8446, by which people search; nil where it has none there.
    public var name: String? { Self.names[number] }

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
