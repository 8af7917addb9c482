import COpenSSL

/// The certificates and the private key that a file holds.
final class TLSMaterial {
    /// `X509`, in the order of the file.
    private(set) var certificates: [OpaquePointer] = []
    /// `EVP_PKEY`
    private(set) var key: OpaquePointer?
    let path: String

    /// Reads PEM, PKCS#12 or DER.
    ///
    /// - Parameters:
    ///   - part: what must be there; a key beside a certificate is taken where it is there.
    ///   - passphrase: opens an encrypted key or a PKCS#12 file.
    init(path: String, part: TLSFileContent, passphrase: String?) throws(TransportError) {
        self.path = path
        let bytes = try TLSFile.bytes(of: path, holding: part)
        OpenSSLError.clear()
        defer { OpenSSLError.clear() }
        if bytes.isPEM {
            try readPEM(bytes, part: part, passphrase: passphrase)
        } else if let bundle = bytes.withBIO({ d2i_PKCS12_bio($0, nil) }) {
            defer { PKCS12_free(bundle) }
            try readPKCS12(bundle, part: part, passphrase: passphrase)
        } else if let certificate = bytes.withBIO({ d2i_X509_bio($0, nil) }) {
            certificates = [certificate]
        } else {
            key = bytes.withBIO { d2i_PrivateKey_bio($0, nil) }
        }
        if part == .privateKey ? key == nil : certificates.isEmpty {
            throw Self.nothing(of: part, in: bytes, path: path)
        }
    }

    deinit {
        certificates.forEach(X509_free)
        EVP_PKEY_free(key)
    }

    private func readPEM(_ bytes: [UInt8], part: TLSFileContent, passphrase: String?) throws(TransportError) {
        if part != .privateKey {
            bytes.withBIO { bio in
                while let certificate = PEM_read_bio_X509_AUX(bio, nil, nil, nil) { certificates.append(certificate) }
            }
            let errors = OpenSSLError.drainQueue()
            if let error = errors.first, !errors.contains(where: { $0.isPEM(PEM_R_NO_START_LINE) }) {
                throw .tls(.damagedCertificate(number: certificates.count + 1, in: path, cause: error.text))
            }
        }
        if part != .authorities, bytes.holdsPEMKey {
            let given = Passphrase(passphrase)
            key = bytes.withBIO { bio in
                PEM_read_bio_PrivateKey(bio, nil, Passphrase.callback, Unmanaged.passUnretained(given).toOpaque())
            }
            let errors = OpenSSLError.drainQueue()
            if key == nil { throw unreadableKey(errors, wasAsked: given.wasAsked, passphrase: passphrase) }
        }
    }

    private func readPKCS12(_ bundle: OpaquePointer, part: TLSFileContent, passphrase: String?) throws(TransportError) {
        // What has no passphrase was sealed with an empty one or with none, which is not the same.
        guard let opening = passphrase.map({ [$0] }) ?? ["", nil],
            let opened = opening.first(where: { PKCS12_verify_mac(bundle, $0, -1) == 1 })
        else { throw unreadableKey(OpenSSLError.drainQueue(), wasAsked: true, passphrase: passphrase) }
        OpenSSLError.clear()
        var certificate: OpaquePointer?
        var others: OpaquePointer?
        guard PKCS12_parse(bundle, opened, &key, &certificate, &others) == 1 else {
            throw unreadableKey(OpenSSLError.drainQueue(), wasAsked: false, passphrase: passphrase)
        }
        if let certificate { certificates.append(certificate) }
        for index in 0..<stomptap_x509_count(others) {
            let other = stomptap_x509_at(others, index)
            if let other, X509_up_ref(other) == 1 { certificates.append(other) }
        }
        stomptap_x509_free_all(others)
    }

    private func unreadableKey(_ errors: [OpenSSLError], wasAsked: Bool, passphrase: String?) -> TransportError {
        if wasAsked, passphrase == nil { return .tls(.encryptedFile(path)) }
        // By chance, one key of 256 that is wrong gives bytes that look whole, and are no key.
        if wasAsked, !errors.contains(where: \.isUnsupported) || errors.contains(where: \.isOfASN1) {
            return .tls(.wrongPassphrase(for: path))
        }
        let cause = errors.last?.text
        return errors.contains(where: \.isUnsupported)
            ? .tls(.unsupportedKey(in: path, cause: cause)) : .tls(.unreadableKey(in: path, cause: cause))
    }

    private static func nothing(of part: TLSFileContent, in bytes: [UInt8], path: String) -> TransportError {
        if bytes.starts(with: [0xFE, 0xED, 0xFE, 0xED]) || bytes.starts(with: [0xCE, 0xCE, 0xCE, 0xCE]) {
            return .tls(.javaKeyStore(path))
        }
        return .tls(bytes.isPEM ? .nothingFound(part, in: path) : .unknownFormat(of: path, wanted: part))
    }
}
