import COpenSSL
import NIOCore

/// One TLS connection between two memory BIOs: what comes from the network is fed, what goes there is taken.
///
/// It waits for nothing and knows no channel. Every fault is thrown as a ``TLSFailure``; the
/// alert for the peer is then among what is to be taken.
final class TLSEngine {
    let context: TLSContext
    /// What a client asked for: a name or an address. Nil at a server.
    let host: String?
    /// What stands against the peer's certificate; with `isInsecure` the connection is made all the same.
    var failures: [VerificationFailure] = []
    /// Whether the server asked for a client certificate, and whose it takes.
    var certificateRequest: [String]?
    /// The first bytes of the peer, until the handshake is made.
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
        // The callbacks run inside calls of this object's methods only, so that it is alive.
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    /// - Parameters:
    ///   - host: the name or address to verify, and to ask for by SNI where it is a name (RFC 6066, section 3).
    ///   - protocols: what to offer by ALPN (RFC 7301).
    convenience init(
        client context: TLSContext, host: String, protocols: [String]
    ) throws(TransportError) {
        // An address may have a zone, a name a dot at its end; a certificate has neither.
        var name = String(host.prefix { $0 != "%" })
        if name.hasSuffix(".") { name.removeLast() }
        try self.init(context: context, host: name)
        guard setHost(name), setProtocols(protocols) else {
            throw .tls(.invalidServerName(host))
        }
        // In a client, verification runs in any case; the mode says whether its outcome ends the handshake.
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
    /// Takes what came from the network.
    func feed(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { _ = BIO_write(incoming, $0.baseAddress, Int32($0.count)) }
    }

    /// Bytes that came and have not been looked at.
    var unread: Int { Int(SSL_pending(ssl)) + BIO_ctrl_pending(incoming) }

    /// What is to go to the network, or nil.
    func takeOutput(_ allocator: ByteBufferAllocator) -> ByteBuffer? {
        var data: UnsafeMutablePointer<CChar>?
        let count = stomptap_bio_data(outgoing, &data)
        guard count > 0 else { return nil }
        var buffer = allocator.buffer(capacity: count)
        buffer.writeBytes(UnsafeRawBufferPointer(start: data, count: count))
        stomptap_bio_reset(outgoing)
        return buffer
    }

    /// Goes on with the handshake, and tells whether it is made.
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
        /// Everything whole has been read.
        case drained
        /// The peer sent close_notify.
        case ended
        /// What follows those bytes that were read cannot be.
        case failed(TransportError)
    }

    /// Decrypts into the space that `buffer` has.
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

    /// Says close_notify, after which nothing may be written.
    func shutdown() {
        OpenSSLError.clear()
        _ = SSL_shutdown(ssl)
        OpenSSLError.clear()
    }
}

// MARK: - What is known

extension TLSEngine {
    private var diagnosis: TLSDiagnosis {
        TLSDiagnosis(
            role: context.role, host: host, minimumVersion: context.minimumVersion, failures: failures,
            certificateRequest: certificateRequest, ownCertificate: context.ownCertificate,
            opening: opening)
    }

    /// The peer's first bytes are no TLS.
    func notTLS() -> TransportError {
        .tls(diagnosis.notTLS())
    }

    /// The handshake will not be finished: the deadline passed, or the connection ended.
    func abandoned(_ end: TLSDiagnosis.Abandonment) -> TransportError {
        .tls(diagnosis.abandoned(end))
    }

    /// The connection ended without close_notify, with or without an error of the socket.
    ///
    /// - Parameter wasAnswered: whether the peer has sent anything above TLS.
    func cutOff(wasAnswered: Bool) -> TransportError {
        .tls(diagnosis.cutOff(wasAnswered: wasAnswered))
    }

    /// Whether the server asked for a certificate and got none.
    var wantsCertificate: Bool { certificateRequest != nil && context.ownCertificate == nil }

    /// What the handshake came to.
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

    /// What the peer sent, its own certificate first. At a server OpenSSL keeps that one apart.
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

/// What OpenSSL calls in the midst of a handshake.
extension TLSEngine {
    /// So many faults of a chain are kept: the first is the one that matters.
    private static let maximumFailures = 8

    private static func engine(of ssl: OpaquePointer?) -> TLSEngine? {
        guard let ssl, let pointer = SSL_get_ex_data(ssl, 0) else { return nil }
        return Unmanaged<TLSEngine>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// `SSL_verify_cb`: is told of each certificate, with 0 where it will not do.
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

    /// The callback of `SSL_set_cert_cb`: at a client, the server has just asked for a certificate.
    static let certificateRequested: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
        ssl, _ in
        let names = SSL_get0_peer_CA_list(ssl)
        TLSEngine.engine(of: ssl)?.certificateRequest = (0..<stomptap_name_count(names)).map {
            TLSCertificate.text(of: stomptap_name_at(names, $0))
        }
        return 1
    }

    /// `SSL_CTX_alpn_select_cb_func`: a server takes HTTP/1.1 where it is offered, and goes on without where not.
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
