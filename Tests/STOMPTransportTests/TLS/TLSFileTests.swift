import Foundation
import STOMPTransport
import TestSupport
import Testing

/// Certificate and key files in all formats, and the errors for unusable ones.
@Suite(.spawning) struct TLSFileTests {
    private static let files = Certificates.shared

    private func openssl(_ arguments: String...) throws {
        try OpenSSLTool.run(arguments, in: Self.files.folder)
    }

    /// Connects with these files to a server that requires a client certificate.
    private func connect(
        certificate: String?, key: String? = nil, passphrase: String? = nil, ca: String? = nil
    ) async throws {
        try await withTLSServer(.tcp, TLSServerOptions("server", clientCA: "ca")) { port in
            var tls = TLSOptions(ca: "ca")
            tls.certificate = certificate.map(Self.files.path)
            tls.key = key.map(Self.files.path)
            tls.keyPassphrase = passphrase
            if let ca { tls.ca = Self.files.path(ca) }
            let client = Inbox()
            let stream = try await connectTLS(to: port, tls, client: client)
            try await stream.send("hello")
            try await client.wait { $0.text == "hello" || !$0.endings.isEmpty }
            if let error = client.contents.endings.first ?? nil { throw error }
            stream.abort()
        }
    }

    private func fault(
        certificate: String?, key: String? = nil, passphrase: String? = nil, ca: String? = nil
    ) async throws -> TLSFailure {
        do {
            try await connect(certificate: certificate, key: key, passphrase: passphrase, ca: ca)
        } catch TransportError.tls(let failure) {
            return failure
        }
        throw TestFailure("no fault was found")
    }

    // MARK: - Formats

    @Test func certificateAndKeyInOneFileInAnyOrder() async throws {
        try Self.files.join("key-first.pem", ["key.pem", "ca.pem", "client.pem"])
        try await connect(certificate: "key-first.pem")
    }

    @Test func theChainThatTheFileHoldsIsSent() async throws {
        try openssl(
            "pkcs12", "-export", "-in", "leaf.pem", "-inkey", "key.pem", "-certfile", "intermediate.pem", "-out",
            "chain.p12", "-passout", "pass:secret")
        for (certificate, key, passphrase) in [("chain.pem", "key.pem", nil), ("chain.p12", nil, "secret")] {
            try await connect(certificate: certificate, key: key, passphrase: passphrase)
        }
    }

    @Test(arguments: ["-aes256", "-des3"]) func anEncryptedPKCS8KeyIsOpened(_ cipher: String) async throws {
        let name = "encrypted\(cipher).pem"
        try openssl(
            "pkcs8", "-topk8", "-in", "key.pem", "-out", name, "-v2", String(cipher.dropFirst()), "-passout",
            "pass:secret")
        try await openedBySecretOnly(name)
    }

    @Test func anEncryptedTraditionalKeyIsOpened() async throws {
        try openssl("ec", "-in", "key.pem", "-aes128", "-out", "traditional.pem", "-passout", "pass:secret")
        try await openedBySecretOnly("traditional.pem")
        // Some wrong passphrases decrypt by chance to bytes that look valid.
        for number in 0..<2000 {
            let error = try await fault(
                certificate: "client.pem", key: "traditional.pem", passphrase: "wrong \(number)")
            #expect(error == .wrongPassphrase(for: Self.files.path("traditional.pem")))
        }
    }

    private func openedBySecretOnly(_ key: String) async throws {
        try await connect(certificate: "client.pem", key: key, passphrase: "secret")
        for wrong in ["wrong", "", String(repeating: "long", count: 1000)] {
            let error = try await fault(certificate: "client.pem", key: key, passphrase: wrong)
            #expect(error.kind == .badConfiguration)
            #expect(error == .wrongPassphrase(for: Self.files.path(key)))
        }
        let error = try await fault(certificate: "client.pem", key: key)
        #expect(error == .encryptedFile(Self.files.path(key)))
    }

    @Test func aPKCS12FileIsOpened() async throws {
        try openssl(
            "pkcs12", "-export", "-in", "client.pem", "-inkey", "key.pem", "-out", "client.p12", "-passout",
            "pass:secret")
        try await connect(certificate: "client.p12", passphrase: "secret")
        let path = Self.files.path("client.p12")
        #expect(try await fault(certificate: "client.p12", passphrase: "wrong") == .wrongPassphrase(for: path))
        #expect(try await fault(certificate: "client.p12") == .encryptedFile(path))
        try openssl(
            "pkcs12", "-export", "-in", "client.pem", "-inkey", "key.pem", "-out", "open.p12", "-passout", "pass:")
        try await connect(certificate: "open.p12")
    }

    @Test func aPKCS12FileOfOldCiphersIsExplained() async throws {
        try openssl(
            "pkcs12", "-export", "-legacy", "-in", "client.pem", "-inkey", "key.pem", "-out", "old.p12", "-passout",
            "pass:secret")
        let error = try await fault(certificate: "old.p12", passphrase: "secret")
        #expect(error.kind == .badConfiguration)
        guard case .unsupportedKey(in: Self.files.path("old.p12"), cause: .some) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func otherFormsAreRead() async throws {
        try openssl("x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.der")
        try openssl("x509", "-in", "client.pem", "-outform", "DER", "-out", "client.der")
        try openssl("pkey", "-in", "key.pem", "-outform", "DER", "-out", "key.der")
        try await connect(certificate: "client.der", key: "key.der", ca: "ca.der")
        try openssl("pkcs12", "-export", "-nokeys", "-in", "ca.pem", "-out", "ca.p12", "-passout", "pass:")
        try await connect(certificate: "client.pem", key: "key.pem", ca: "ca.p12")
    }

    @Test func aDirectoryOfAuthoritiesIsRead() async throws {
        let folder = Self.files.folder.appending(path: "authorities")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: Self.files.folder.appending(path: "ca.pem"), to: folder.appending(path: "ca.pem"))
        try openssl("rehash", "authorities")
        try await connect(certificate: "client.pem", key: "key.pem", ca: "authorities")
    }

    /// Process substitution gives a pipe, which can be read only once.
    @Test func aPipeIsAccepted() async throws {
        let pipe = Pipe()
        let text = try ["client.pem", "key.pem"].map {
            try String(contentsOfFile: Self.files.path($0), encoding: .utf8)
        }
        try pipe.fileHandleForWriting.write(contentsOf: Data(text.joined().utf8))
        try pipe.fileHandleForWriting.close()
        try await withTLSServer(.tcp, TLSServerOptions("server", clientCA: "ca")) { port in
            var tls = TLSOptions(ca: "ca")
            tls.certificate = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
            let client = Inbox()
            let stream = try await connectTLS(to: port, tls, client: client)
            try await stream.send("hello")
            try await client.wait { $0.text == "hello" }
            stream.abort()
        }
    }

    // MARK: - Errors

    @Test func aMissingFileIsNamed() async throws {
        let missing = Self.files.path("missing.pem")
        for (error, content) in [
            (try await fault(certificate: "missing.pem"), TLSFileContent.certificate),
            (try await fault(certificate: "client.pem", key: "missing.pem"), .privateKey),
            (try await fault(certificate: nil, ca: "missing.pem"), .authorities),
        ] {
            #expect(error.kind == .missingFile)
            #expect(error == .cannotRead(content, from: missing, SystemError(code: ENOENT)))
        }
    }

    @Test func aFolderIsNotACertificate() async throws {
        let folder = Self.files.folder.appending(path: "folder")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let error = try await fault(certificate: "folder")
        #expect(error.kind == .badConfiguration)
        #expect(error == .cannotRead(.certificate, from: folder.path, SystemError(code: EISDIR)))
    }

    @Test func aFileWithoutWhatIsWantedIsNamed() async throws {
        try Self.files.write("text.pem", "hello\n")
        try Self.files.write("empty.pem", "")
        try Data([0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2]).write(to: Self.files.folder.appending(path: "store.jks"))
        let path = Self.files.path
        let cases: [(certificate: String?, key: String?, ca: String?, failure: TLSFailure)] = [
            ("text.pem", nil, nil, .unknownFormat(of: path("text.pem"), wanted: .certificate)),
            ("empty.pem", nil, nil, .unknownFormat(of: path("empty.pem"), wanted: .certificate)),
            ("key.pem", nil, nil, .nothingFound(.certificate, in: path("key.pem"))),
            ("client.pem", nil, nil, .noKey(in: path("client.pem"), for: .client)),
            ("client.pem", "ca.pem", nil, .nothingFound(.privateKey, in: path("ca.pem"))),
            ("client.pem", "text.pem", nil, .unknownFormat(of: path("text.pem"), wanted: .privateKey)),
            (nil, nil, "key.pem", .nothingFound(.authorities, in: path("key.pem"))),
            (nil, nil, "text.pem", .unknownFormat(of: path("text.pem"), wanted: .authorities)),
            ("store.jks", nil, nil, .javaKeyStore(path("store.jks"))),
            (nil, "key.pem", nil, .noCertificate(forKeyIn: path("key.pem"))),
        ]
        for (certificate, key, ca, failure) in cases {
            let error = try await fault(certificate: certificate, key: key, ca: ca)
            #expect(error.kind == .badConfiguration)
            #expect(error == failure)
        }
    }

    @Test func aKeyOfAnotherCertificateIsNamed() async throws {
        let error = try await fault(certificate: "client.pem", key: "other-key.pem")
        #expect(error.kind == .badConfiguration)
        guard case .mismatchedKey(let keyPath, let certificate, let path) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(keyPath == Self.files.path("other-key.pem") && path == Self.files.path("client.pem"))
        #expect(certificate?.subject == "CN=Alice")
    }

    @Test func aDamagedFileIsNamed() async throws {
        let text = try String(contentsOfFile: Self.files.path("client.pem"), encoding: .utf8)
        try Self.files.write("cut.pem", String(text.dropLast(100)))
        try Self.files.write("wrong.pem", text.replacing("MII", with: "AAA"))
        for name in ["cut.pem", "wrong.pem"] {
            let error = try await fault(certificate: name, key: "key.pem")
            #expect(error.kind == .badConfiguration)
            guard case .damagedCertificate(number: 1, in: Self.files.path(name), let cause) = error else {
                Issue.record("\(error)")
                continue
            }
            #expect(!cause.isEmpty)
        }
        let key = try String(contentsOfFile: Self.files.path("key.pem"), encoding: .utf8)
        try Self.files.write("wrong-key.pem", key.replacing("MIG", with: "AAA"))
        let error = try await fault(certificate: "client.pem", key: "wrong-key.pem")
        guard case .unsupportedKey(in: Self.files.path("wrong-key.pem"), cause: .some) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func aListenerReportsUnusableFiles() async throws {
        var tls = TLSServerOptions("server")
        tls.key = Self.files.path("other-key.pem")
        let error = await transportError { try await withTLSServer(.tcp, tls) { _ in } }
        guard case .tls(.mismatchedKey(_, let certificate, _)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(certificate?.subject == "CN=server")
    }

    @Test func nothingIsReadForAPlainTarget() async throws {
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions(), accept: echo)
        var options = TransportOptions()
        options.tls.ca = Self.files.path("missing.pem")
        let stream = try await TransportConnector(options: options).connect(
            to: .tcp(listener.port), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        #expect(stream.description.tls == nil)
        stream.abort()
        await listener.close()
    }
}
