import NIOCore

/// A version of TLS.
public enum TLSVersion: String, Sendable, Hashable, Comparable, CaseIterable {
    case v10 = "1.0"
    case v11 = "1.1"
    case v12 = "1.2"
    case v13 = "1.3"

    public static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }
}

/// How a client meets a TLS server. Files are read when the first secure target is connected to.
public struct TLSOptions: Sendable, Hashable {
    /// The certificates to trust in place of the system's: a file in PEM, DER or PKCS#12, or a directory made by
    /// `openssl rehash`. Nil is the system's trust store, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    public var ca: String?
    /// The file of the client's certificate and of those that lead to its authority: PEM or PKCS#12.
    public var certificate: String?
    /// The file of the private key; nil where ``certificate`` holds it too.
    public var key: String?
    /// What opens an encrypted key or a PKCS#12 file. It is never asked for on the terminal.
    public var keyPassphrase: String?
    /// The name to ask for (SNI) and to find in the certificate, in place of the target's host.
    public var serverName: String?
    /// The least version taken. Default 1.2. What lies below it also needs weak signatures, and gets them.
    public var minimumVersion = TLSVersion.v12
    /// Whether a server is talked to whose certificate cannot be verified. Default false.
    public var isInsecure = false

    public init() {}
}

/// How a server shows itself over TLS.
public struct TLSServerOptions: Sendable, Hashable {
    /// The file of the certificate and of those that lead to its authority: PEM or PKCS#12.
    public var certificate: String
    /// The file of the private key; nil where ``certificate`` holds it too.
    public var key: String?
    /// What opens an encrypted key or a PKCS#12 file.
    public var keyPassphrase: String?
    /// The certificates that a client's must lead to, as in ``TLSOptions/ca``. Nil asks for no client certificate.
    public var clientCA: String?
    /// The least version taken. Default 1.2.
    public var minimumVersion = TLSVersion.v12
    /// How long a client may take for the handshake. Default 10 s.
    public var handshakeTimeout = TimeAmount.seconds(10)

    public init(certificate: String, key: String? = nil) {
        self.certificate = certificate
        self.key = key
    }
}
