import COpenSSL

/// The source of the trusted certificates.
public enum TLSTrustSource: Sendable, Hashable {
    case system
    /// A file, or a directory prepared with `openssl rehash`.
    case path(String)
    /// These environment variables name a file and a directory to use instead of the system's.
    case environment([Variable])
    /// The peer is not asked for a certificate.
    case nowhere

    /// An environment variable that names certificates.
    public struct Variable: Sendable, Hashable, CustomStringConvertible {
        /// `SSL_CERT_FILE` or `SSL_CERT_DIR`.
        public var name: String
        /// The value of the variable.
        public var path: String
        /// Whether the file or directory can be read.
        public var isReadable: Bool

        package init(name: String, path: String, isReadable: Bool) {
            self.name = name
            self.path = path
            self.isReadable = isReadable
        }

        /// The variable and its value: `SSL_CERT_FILE=/etc/ca.pem`.
        public var description: String { "\(name)=\(path)" }
    }
}

/// The certificates that a peer's certificate must chain to.
enum TLSTrust: Equatable {
    /// The system's trust store, or the files named by `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    case system
    /// The certificates in a file, or in a directory prepared with `openssl rehash`.
    case path(String)
    /// The peer is not asked for a certificate.
    case nobody

    var source: TLSTrustSource {
        switch self {
        case .path(let path): return .path(path)
        case .nobody: return .nowhere
        case .system:
            let variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"].compactMap { name in
                Environment[name].map {
                    TLSTrustSource.Variable(name: name, path: $0, isReadable: TLSFile.isReadable($0))
                }
            }
            return variables.isEmpty ? .system : .environment(variables)
        }
    }

    func load(into context: OpaquePointer, role: TLSRole) throws(TransportError) {
        OpenSSLError.clear()
        defer { OpenSSLError.clear() }
        switch self {
        case .nobody: return
        case .system: SSL_CTX_set_default_verify_paths(context)
        case .path(let path): try Self.load(path, into: context, role: role)
        }
        // A trusted certificate need not be a root: an intermediate authority or the server's own certificate is
        // enough.
        let store = SSL_CTX_get_cert_store(context)
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    private static func load(
        _ path: String, into context: OpaquePointer, role: TLSRole
    ) throws(TransportError) {
        if TLSFile.isDirectory(path) {
            SSL_CTX_load_verify_dir(context, path)
            return
        }
        let material = try TLSMaterial(path: path, part: .authorities, passphrase: nil)
        for certificate in material.certificates {
            guard X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1 else {
                throw .tls(.rejectedAuthority(in: path, cause: OpenSSLError.takeCause()))
            }
            // A client uses these names to choose one of its certificates.
            if role == .server { SSL_CTX_add_client_CA(context, certificate) }
        }
    }
}
