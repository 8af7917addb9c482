import COpenSSL

extension [UInt8] {
    /// Whether any PEM block begins in here.
    var isPEM: Bool { firstRange(of: "-----BEGIN ".utf8) != nil }

    /// Whether one of the PEM blocks is a private key, encrypted or not.
    var holdsPEMKey: Bool { firstRange(of: "PRIVATE KEY-----".utf8) != nil }

    /// A memory BIO that reads these octets, for as long as `body` runs.
    func withBIO<Result>(_ body: (OpaquePointer) -> Result?) -> Result? {
        withUnsafeBytes { octets in
            guard let bio = BIO_new_mem_buf(octets.baseAddress, Int32(octets.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}
