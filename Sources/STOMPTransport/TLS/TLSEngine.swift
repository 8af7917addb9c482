import COpenSSL
import NIOCore

/// One TLS connection between two memory BIOs: the caller feeds it bytes from the network, and fetches the bytes
/// to send.
///
/// It never blocks and does not use a channel. Every failure is thrown as a ``TLSFailure``; the output then
/// includes the alert for the peer.
final class TLSEngine {
    let context: TLSContext
    /// The name or address that a client connects to. Nil on a server.
    let host: String?
    /// The verification failures of the peer's certificate; with `isInsecure` the connection is made anyway.
    var failures: [VerificationFailure] = []
    /// The authorities that the server accepts; nil until it asks for a client certificate.
    var certificateRequest: [String]?
    /// The first bytes from the peer, collected during the handshake.
    var opening = TLSOpening()

    private let ssl: OpaquePointer
    /// Owned by `ssl`, as is `outgoing`.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    private init(context: TLSContext, host: String?) throws(TransportError) {
        OpenSSLError.clear()
        self.context = context
        self.host = host
        guard let ssl = SSL_new(context.pointer) else {
            throw .tls(.cannotStartLibrary(cause: OpenSSLError.takeCause()))
        }
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw .tls(.outOfMemory)
        }
        SSL_set_bio(ssl, incoming, outgoing)
        self.ssl = ssl
        self.incoming = incoming
        self.outgoing = outgoing
        // The callbacks run only inside calls of this object's methods, so the object is alive then.
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    /// - Parameters:
    ///   - host: the name or address to verify; a name is also sent as SNI (RFC 6066, section 3).
    ///   - protocols: the protocols to offer with ALPN (RFC 7301).
    convenience init(
        client context: TLSContext, host: String, protocols: [String]
    ) throws(TransportError) {
        // An address may have a zone, and a name may end with a dot; a name or address in a certificate has neither.
        var name = String(host.prefix { $0 != "%" })
        if name.hasSuffix(".") { name.removeLast() }
        try self.init(context: context, host: name)
        guard setHost(name), setProtocols(protocols) else {
            throw .tls(.invalidServerName(host))
        }
        // A client always verifies; the mode only decides whether a failure ends the handshake.
        SSL_set_verify(ssl, context.isInsecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, Self.verified)
        SSL_set_cert_cb(ssl, Self.certificateRequested, nil)
        SSL_set_connect_state(ssl)
    }

    convenience init(server context: TLSContext) throws(TransportError) {
        try self.init(context: context, host: nil)
        if context.trust != .nobody {
            SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, Self.verified)
        }
        SSL_set_accept_state(ssl)
    }

    deinit {
        SSL_free(ssl)
    }

    private func setHost(_ name: String) -> Bool {
        let parameters = SSL_get0_param(ssl)
        X509_VERIFY_PARAM_set_hostflags(
            parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        defer { OpenSSLError.clear() }
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return true }
        return !name.isEmpty && !name.utf8.contains(0)
            && X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1 && stomptap_ssl_set_server_name(ssl, name) == 1
    }

    private func setProtocols(_ protocols: [String]) -> Bool {
        let list = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        return list.isEmpty || SSL_set_alpn_protos(ssl, list, UInt32(list.count)) == 0
    }
}

// MARK: - Bytes

extension TLSEngine {
    /// Adds bytes that came from the network.
    func feed(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { _ = BIO_write(incoming, $0.baseAddress, Int32($0.count)) }
    }

    /// The number of received bytes that have not been read yet.
    var unread: Int { Int(SSL_pending(ssl)) + BIO_ctrl_pending(incoming) }

    /// Removes and returns the bytes to send to the network; nil if there are none.
    func takeOutput(_ allocator: ByteBufferAllocator) -> ByteBuffer? {
        var data: UnsafeMutablePointer<CChar>?
        let count = stomptap_bio_data(outgoing, &data)
        guard count > 0 else { return nil }
        var buffer = allocator.buffer(capacity: count)
        buffer.writeBytes(UnsafeRawBufferPointer(start: data, count: count))
        stomptap_bio_reset(outgoing)
        return buffer
    }

    /// Continues the handshake, and returns whether it is complete.
    func handshake() throws(TransportError) -> Bool {
        OpenSSLError.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return true }
        if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return false }
        throw .tls(diagnosis.handshakeFailure(OpenSSLError.drainQueue()))
    }

    enum ReadOutcome {
        /// The buffer is full, and there may be more.
        case full
        /// Every complete record has been read.
        case drained
        /// The peer sent close_notify.
        case ended
        /// The bytes after those that were read are invalid.
        case failed(TransportError)
    }

    /// Decrypts into the free space of `buffer`.
    func read(into buffer: inout ByteBuffer) -> ReadOutcome {
        while buffer.writableBytes > 0 {
            OpenSSLError.clear()
            var result: Int32 = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { space in
                var count = 0
                result = SSL_read_ex(ssl, space.baseAddress, space.count, &count)
                return count
            }
            if result == 1 { continue }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .drained
            case SSL_ERROR_ZERO_RETURN: return .ended
            default: return .failed(.tls(diagnosis.streamFailure(OpenSSLError.drainQueue())))
            }
        }
        return .full
    }

    /// Encrypts all of `bytes`.
    func write(_ bytes: ByteBufferView) throws(TransportError) {
        guard !bytes.isEmpty else { return }
        OpenSSLError.clear()
        var count = 0
        let result = bytes.withUnsafeBytes { SSL_write_ex(ssl, $0.baseAddress, $0.count, &count) }
        guard result == 1 else { throw .tls(diagnosis.streamFailure(OpenSSLError.drainQueue())) }
    }

    /// Sends close_notify; nothing may be written after it.
    func shutdown() {
        OpenSSLError.clear()
        _ = SSL_shutdown(ssl)
        OpenSSLError.clear()
    }
}

// MARK: - State and results

extension TLSEngine {
    private var diagnosis: TLSDiagnosis {
        TLSDiagnosis(
            role: context.role, host: host, minimumVersion: context.minimumVersion, failures: failures,
            certificateRequest: certificateRequest, ownCertificate: context.ownCertificate,
            opening: opening)
    }

    /// Returns the failure for a peer whose first bytes are not TLS.
    func notTLS() -> TransportError {
        .tls(diagnosis.notTLS())
    }

    /// Returns the failure for a handshake that will not be completed: the deadline passed, or the connection ended.
    func abandoned(_ end: TLSDiagnosis.Abandonment) -> TransportError {
        .tls(diagnosis.abandoned(end))
    }

    /// Returns the failure for a connection that ended without close_notify, with or without a socket error.
    ///
    /// - Parameter wasAnswered: whether the peer has sent application data.
    func cutOff(wasAnswered: Bool) -> TransportError {
        .tls(diagnosis.cutOff(wasAnswered: wasAnswered))
    }

    /// Whether the server asked for a certificate and got none.
    var wantsCertificate: Bool { certificateRequest != nil && context.ownCertificate == nil }

    /// The result of the handshake.
    var summary: TLSSummary {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        let selected = UnsafeBufferPointer(start: name, count: Int(count))
        return TLSSummary(
            version: String(cString: SSL_get_version(ssl)),
            cipher: String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))),
            applicationProtocol: selected.isEmpty ? nil : printable(String(decoding: selected, as: UTF8.self)),
            chain: peerChain, trust: trust)
    }

    /// The certificates that the peer sent, its own first. On a server, OpenSSL keeps the peer's own certificate
    /// separately.
    private var peerChain: [TLSCertificate] {
        let stack = SSL_get_peer_cert_chain(ssl)
        let chain = (0..<stomptap_x509_count(stack)).compactMap { stomptap_x509_at(stack, $0) }.map(TLSCertificate.init)
        guard context.role == .server, let own = SSL_get0_peer_certificate(ssl) else { return chain }
        return [TLSCertificate(own)] + chain
    }

    private var trust: TLSSummary.Trust {
        if !failures.isEmpty { return .unverified(failures) }
        let chain = SSL_get0_verified_chain(ssl)
        let count = stomptap_x509_count(chain)
        guard count > 0, let anchor = stomptap_x509_at(chain, count - 1) else { return .notAsked }
        return .verified(by: TLSCertificate(anchor), from: context.trust.source)
    }
}

/// Callbacks that OpenSSL calls during a handshake.
extension TLSEngine {
    /// The maximum number of failures kept per chain; the first one matters most.
    private static let maximumFailures = 8

    private static func engine(of ssl: OpaquePointer?) -> TLSEngine? {
        guard let ssl, let pointer = SSL_get_ex_data(ssl, 0) else { return nil }
        return Unmanaged<TLSEngine>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// `SSL_verify_cb`: called for each certificate, with 0 if verification failed.
    static let verified: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isVerified, store in
        guard isVerified == 0, let store,
            let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let engine = TLSEngine.engine(of: OpaquePointer(ssl))
        else { return isVerified }
        if engine.failures.count < maximumFailures,
            let failure = VerificationFailure(
                store, of: engine.context.role.peer, host: engine.host, trust: engine.context.trust.source)
        {
            engine.failures.append(failure)
        }
        return engine.context.isInsecure ? 1 : 0
    }

    /// The callback of `SSL_set_cert_cb`: on a client, it runs when the server has asked for a certificate.
    static let certificateRequested: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
        ssl, _ in
        let names = SSL_get0_peer_CA_list(ssl)
        TLSEngine.engine(of: ssl)?.certificateRequest = (0..<stomptap_name_count(names)).map {
            TLSCertificate.text(of: stomptap_name_at(names, $0))
        }
        return 1
    }

    /// `SSL_CTX_alpn_select_cb_func`: a server selects HTTP/1.1 if the client offers it, and otherwise continues
    /// without ALPN.
    static let selectProtocol:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
            UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, selected, selectedCount, offered, count, _ in
            let wanted = Array("http/1.1".utf8)
            var rest = UnsafeBufferPointer(start: offered, count: Int(count))[...]
            while let length = rest.first, rest.count > Int(length) {
                let name = rest.dropFirst().prefix(Int(length))
                if name.elementsEqual(wanted) {
                    selected?.pointee = UnsafeBufferPointer(rebasing: name).baseAddress
                    selectedCount?.pointee = length
                    return SSL_TLSEXT_ERR_OK
                }
                rest = rest.dropFirst(Int(length) + 1)
            }
            return SSL_TLSEXT_ERR_NOACK
        }
}
