import COpenSSL

/// One entry of OpenSSL's error queue. The queue is per thread: clear it before a call, and drain it right after.
struct OpenSSLError {
    let library: Int32
    let reason: Int32
    /// OpenSSL's message, with its additional data in parentheses.
    let text: String

    private init(_ code: UInt, data: String) {
        library = ERR_GET_LIB(code)
        reason = ERR_GET_REASON(code)
        let words = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(reason)"
        text = data.isEmpty ? words : "\(words) (\(printable(data)))"
    }

    static func clear() {
        staysUntilTheEnd
        ERR_clear_error()
    }

    /// Set before the first use of the library: OpenSSL must not clean itself up in `exit` while other threads
    /// still have connections.
    private static let staysUntilTheEnd: Void = {
        _ = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
    }()

    /// Empties the queue and returns its entries, oldest (the cause) first.
    static func drainQueue() -> [OpenSSLError] {
        var errors: [OpenSSLError] = []
        while true {
            var data: UnsafePointer<CChar>?
            var flags: Int32 = 0
            let code = ERR_get_error_all(nil, nil, nil, &data, &flags)
            if code == 0 { return errors }
            let isText = flags & ERR_TXT_STRING != 0
            errors.append(OpenSSLError(code, data: isText ? data.map { String(cString: $0) } ?? "" : ""))
        }
    }

    /// Empties the queue and returns the message of its last entry.
    static func takeCause() -> String? {
        drainQueue().last?.text
    }

    /// The alert that the peer sent, if this error reports one.
    var alert: TLSAlert? {
        library == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET
            ? TLSAlert(number: reason - SSL_AD_REASON_OFFSET) : nil
    }

    func isSSL(_ reason: Int32) -> Bool {
        library == ERR_LIB_SSL && self.reason == reason
    }

    func isPEM(_ reason: Int32) -> Bool {
        library == ERR_LIB_PEM && self.reason == reason
    }

    /// Whether this is an ASN.1 decoding error.
    var isOfASN1: Bool { library == ERR_LIB_ASN1 }

    /// Whether OpenSSL does not support the algorithm (any more).
    var isUnsupported: Bool {
        reason == stomptap_err_unsupported() || (library == ERR_LIB_EVP && reason == EVP_R_UNSUPPORTED_ALGORITHM)
    }
}

/// Returns what `body` writes to a memory BIO, as a string.
func textWritten(_ body: (OpaquePointer) -> Void) -> String {
    guard let bio = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(bio) }
    body(bio)
    var data: UnsafeMutablePointer<CChar>?
    let count = stomptap_bio_data(bio, &data)
    let bytes = UnsafeRawBufferPointer(start: data, count: max(0, count))
    return String(decoding: bytes, as: UTF8.self)
}
