import COpenSSL

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
