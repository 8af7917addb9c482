import COpenSSL
import Synchronization
import SystemC

/// The settings that TLS connections share: trusted certificates, own certificate, minimum version.
final class TLSContext {
    /// `SSL_CTX`
    let pointer: OpaquePointer
    let role: TLSRole
    let minimumVersion: TLSVersion
    let isInsecure: Bool
    let trust: TLSTrust
    /// The certificate that is sent to the peer.
    let ownCertificate: TLSCertificate?
    let keyLog: TLSKeyLog?

    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` or
    ///   ``TransportError/Kind/missingFile``, naming the file.
    convenience init(client options: TLSOptions) throws(TransportError) {
        try self.init(
            role: .client, trust: options.ca.map(TLSTrust.path) ?? .system, minimum: options.minimumVersion,
            isInsecure: options.isInsecure,
            identity: Identity(certificate: options.certificate, key: options.key, passphrase: options.keyPassphrase))
    }

    /// - Throws: as ``init(client:)``.
    convenience init(server options: TLSServerOptions) throws(TransportError) {
        try self.init(
            role: .server, trust: options.clientCA.map(TLSTrust.path) ?? .nobody, minimum: options.minimumVersion,
            isInsecure: false,
            identity: Identity(certificate: options.certificate, key: options.key, passphrase: options.keyPassphrase))
    }

    private struct Identity {
        var certificate: String?
        var key: String?
        var passphrase: String?
    }

    private init(
        role: TLSRole, trust: TLSTrust, minimum: TLSVersion, isInsecure: Bool, identity: Identity
    ) throws(TransportError) {
        OpenSSLError.clear()
        guard let context = SSL_CTX_new(role == .client ? TLS_client_method() : TLS_server_method()) else {
            throw .tls(.cannotStartLibrary(cause: OpenSSLError.takeCause()))
        }
        pointer = context
        self.role = role
        self.trust = trust
        self.isInsecure = isInsecure
        minimumVersion = Self.setMinimumVersion(minimum, of: context)
        keyLog = TLSKeyLog.shared
        var own: TLSCertificate?
        do throws(TransportError) {
            if let certificate = identity.certificate {
                own = try Self.show(
                    certificate, key: identity.key, passphrase: identity.passphrase, as: role, in: context)
            } else if let key = identity.key {
                throw .tls(.noCertificate(forKeyIn: key))
            }
            try trust.load(into: context, role: role)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        ownCertificate = own
        stomptap_ssl_ctx_set_strict_options(context)
        stomptap_ssl_ctx_turn_session_cache_off(context)
        // Idle connections keep no record buffers, and only the certificates in the file are sent as the chain.
        stomptap_ssl_ctx_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN))
        SSL_CTX_set_num_tickets(context, 0)
        if keyLog != nil { SSL_CTX_set_keylog_callback(context, TLSKeyLog.callback) }
        if role == .server { SSL_CTX_set_alpn_select_cb(context, TLSEngine.selectProtocol, nil) }
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    /// Sets the minimum version and returns the one in effect. The user's `OPENSSL_CONF` may set a stricter one
    /// than the default. Below TLS 1.2, signatures use SHA-1, which only security level 0 allows.
    private static func setMinimumVersion(_ version: TLSVersion, of context: OpaquePointer) -> TLSVersion {
        let configured = TLSVersion(number: Int32(stomptap_ssl_ctx_get_min_version(context)))
        let minimum = version < .v12 ? version : max(version, configured ?? version)
        if minimum < .v12 { SSL_CTX_set_security_level(context, 0) }
        _ = stomptap_ssl_ctx_set_min_version(context, minimum.number)
        return minimum
    }

    /// Loads our certificate, the intermediate certificates and the private key.
    private static func show(
        _ path: String, key keyPath: String?, passphrase: String?, as role: TLSRole, in context: OpaquePointer
    ) throws(TransportError) -> TLSCertificate {
        let material = try TLSMaterial(path: path, part: .certificate, passphrase: passphrase)
        let separate: TLSMaterial? =
            if let keyPath { try TLSMaterial(path: keyPath, part: .privateKey, passphrase: passphrase) } else { nil }
        guard let key = separate?.key ?? material.key else {
            throw .tls(.noKey(in: path, for: role))
        }
        OpenSSLError.clear()
        guard let leaf = material.certificates.first(where: { X509_check_private_key($0, key) == 1 }) else {
            OpenSSLError.clear()
            throw .tls(
                .mismatchedKey(
                    in: separate?.path ?? path, certificate: material.certificates.first.map(TLSCertificate.init),
                    from: path))
        }
        OpenSSLError.clear()
        var isTaken = SSL_CTX_use_certificate(context, leaf) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1
        for other in material.certificates where isTaken && other != leaf {
            isTaken = stomptap_ssl_ctx_add_chain_certificate(context, other) == 1
        }
        guard isTaken else {
            throw .tls(.rejectedCertificate(in: path, cause: OpenSSLError.takeCause()))
        }
        return TLSCertificate(leaf)
    }
}

// The pointer never changes, OpenSSL counts references to an SSL_CTX atomically, and nothing is set in it after
// `init`. After that only SSL_new uses it, which is safe from any thread.
extension TLSContext: @unchecked Sendable {}

extension TLSVersion {
    /// OpenSSL's number for this version.
    var number: Int32 {
        switch self {
        case .v10: TLS1_VERSION
        case .v11: TLS1_1_VERSION
        case .v12: TLS1_2_VERSION
        case .v13: TLS1_3_VERSION
        }
    }

    init?(number: Int32) {
        guard let version = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = version
    }
}

/// Creates a client's TLS context at the first connection to a secure target, and keeps it for later ones.
final class TLSContextCache: Sendable {
    private let latest = Mutex<(options: TLSOptions, context: TLSContext)?>(nil)

    /// - Throws: ``TransportError`` if a file of `options` cannot be used.
    func context(for options: TLSOptions) throws(TransportError) -> TLSContext {
        if let latest = latest.withLock({ $0 }), latest.options == options { return latest.context }
        let context = try TLSContext(client: options)
        latest.withLock { $0 = (options, context) }
        return context
    }

    /// Makes the next connection read the files again.
    func forget() {
        latest.withLock { $0 = nil }
    }
}

/// The process's environment.
enum Environment {
    static subscript(name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// The file named by `SSLKEYLOGFILE`, which receives the keys of each session, for Wireshark.
struct TLSKeyLog: Sendable {
    private let path: String
    /// Nil if the file cannot be written.
    private let file: Int32?

    /// Nil if no key log was requested. The file stays open until the program ends.
    static let shared = Environment["SSLKEYLOGFILE"].flatMap { $0.isEmpty ? nil : TLSKeyLog(path: $0) }

    private init(path: String) {
        self.path = path
        // These keys decrypt the traffic, so only the user may read the file.
        file = try? FileCreation.appending.opened(path, mode: 0o600)
    }

    /// The trace event: session keys are being written, or the file cannot be written.
    var event: WireEvent.Content { file == nil ? .cannotLogKeys(to: path) : .keysLogged(to: path) }

    /// `SSL_CTX_keylog_cb_func`: writes each line with a single `write`, so that lines of programs that share the
    /// file do not mix.
    static let callback: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> Void = { _, line in
        guard let line, let file = shared?.file else { return }
        let bytes = String(cString: line) + "\n"
        _ = bytes.utf8.withContiguousStorageIfAvailable { write(file, $0.baseAddress, $0.count) }
    }
}
