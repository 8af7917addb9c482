import COpenSSL
import NIOCore
import SystemC

/// The certificates and the private key in a file.
final class TLSMaterial {
    /// `X509`, in the order of the file.
    private(set) var certificates: [OpaquePointer] = []
    /// `EVP_PKEY`
    private(set) var key: OpaquePointer?
    let path: String

    /// Reads PEM, PKCS#12 or DER.
    ///
    /// - Parameters:
    ///   - part: what the file must contain; a key in the same file as a certificate is also loaded.
    ///   - passphrase: decrypts an encrypted key or a PKCS#12 file.
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
        // Without a passphrase, a PKCS#12 file was protected with an empty passphrase or with none; OpenSSL
        // distinguishes the two.
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
        // With a wrong passphrase, about 1 of 256 decryptions has valid padding by chance, but the result is not a key.
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

/// Reads certificate and key files.
enum TLSFile {
    /// The maximum size of a file, in bytes. The certificates of all public authorities take about 256 KiB.
    static let limit = 8 << 20

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether this process may read a file or directory.
    static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }

    /// Reads the whole file in one pass, so that a pipe works too.
    ///
    /// - Parameter content: what the file should contain.
    static func bytes(of path: String, holding content: TLSFileContent) throws(TransportError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .tls(.cannotRead(content, from: path, SystemError(code: errno))) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .tls(.cannotRead(content, from: path, SystemError(code: errno)))
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > limit {
                throw .tls(.tooLarge(content, in: path, limit: limit))
            }
        }
    }
}

extension SystemError {
    /// Whether the file or directory does not exist.
    var isNoSuchFile: Bool { code == ENOENT }
}

/// Answers OpenSSL's request for a passphrase, so that OpenSSL never prompts on the terminal.
final class Passphrase {
    private let bytes: [UInt8]?
    private(set) var wasAsked = false

    init(_ passphrase: String?) {
        bytes = passphrase.map { Array($0.utf8) }
    }

    /// `pem_password_cb`; its last argument is the `Passphrase`, which the caller keeps alive during the call.
    static let callback:
        @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
            space, size, _, pointer in
            guard let space, let pointer else { return -1 }
            let passphrase = Unmanaged<Passphrase>.fromOpaque(pointer).takeUnretainedValue()
            passphrase.wasAsked = true
            guard let bytes = passphrase.bytes, bytes.count <= Int(size) else { return -1 }
            UnsafeMutableRawBufferPointer(start: space, count: Int(size)).copyBytes(from: bytes)
            return Int32(bytes.count)
        }
}

extension [UInt8] {
    /// Whether these bytes contain a PEM block.
    var isPEM: Bool { firstRange(of: "-----BEGIN ".utf8) != nil }

    /// Whether one of the PEM blocks is a private key, encrypted or not.
    var holdsPEMKey: Bool { firstRange(of: "PRIVATE KEY-----".utf8) != nil }

    /// Runs `body` with a memory BIO that reads these bytes.
    func withBIO<Result>(_ body: (OpaquePointer) -> Result?) -> Result? {
        withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}
