import NIOCore

/// A version of TLS.
public enum TLSVersion: String, Sendable, Hashable, Comparable, CaseIterable {
    case v10 = "1.0"
    case v11 = "1.1"
    case v12 = "1.2"
    case v13 = "1.3"

    /// Whether a version is older than another.
    public static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }
}

/// The TLS settings of a client. Files are read at the first connection to a secure target.
public struct TLSOptions: Sendable, Hashable {
    /// The certificates to trust instead of the system's: a file in PEM, DER or PKCS#12, or a directory prepared with
    /// `openssl rehash`. Nil means the system's trust store, or the files named by `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    public var ca: String?
    /// The file with the client's certificate and its intermediate certificates: PEM or PKCS#12.
    public var certificate: String?
    /// The file with the private key; nil if ``certificate`` contains the key.
    public var key: String?
    /// The passphrase of an encrypted key or a PKCS#12 file. The program never prompts for it on the terminal.
    public var keyPassphrase: String?
    /// The name to send as SNI and to verify in the certificate, instead of the target's host.
    public var serverName: String?
    /// The minimum version. Default 1.2. Versions below it need weak signatures, which are then allowed.
    public var minimumVersion = TLSVersion.v12
    /// Whether to connect to a server whose certificate cannot be verified. Default false.
    public var isInsecure = false

    /// Creates the default settings: the system's trust store, TLS 1.2 or later, no client certificate.
    public init() {}
}

/// The TLS settings of a server.
public struct TLSServerOptions: Sendable, Hashable {
    /// The file with the certificate and its intermediate certificates: PEM or PKCS#12.
    public var certificate: String
    /// The file with the private key; nil if ``certificate`` contains the key.
    public var key: String?
    /// The passphrase of an encrypted key or a PKCS#12 file.
    public var keyPassphrase: String?
    /// The authorities that a client's certificate must chain to, as in ``TLSOptions/ca``. If nil, clients are not
    /// asked for a certificate.
    public var clientCA: String?
    /// The minimum version. Default 1.2.
    public var minimumVersion = TLSVersion.v12
    /// The timeout for the handshake of a client. Default 10 s.
    public var handshakeTimeout = Duration.seconds(10)

    /// Creates the settings of a server with a certificate.
    public init(certificate: String, key: String? = nil) {
        self.certificate = certificate
        self.key = key
    }
}
