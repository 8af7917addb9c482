import COpenSSL

extension [UInt8] {
    /// Whether any PEM block begins in here.
    var isPEM: Bool { firstRange(of: "-----BEGIN ".utf8) != nil }

    /// Whether one of the PEM blocks is a private key, encrypted or not.
    var holdsPEMKey: Bool { firstRange(of: "PRIVATE KEY-----".utf8) != nil }

    /// A memory BIO that reads these bytes, for as long as `body` runs.
    func withBIO<Result>(_ body: (OpaquePointer) -> Result?) -> Result? {
        withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}
