import Foundation
import STOMPTransport
import TestSupport
import Testing

/// The files of certificates and keys, in all their forms, and what is said of those that will not do.
@Suite(.spawning) struct TLSFileTests {
    private static let files = Certificates.shared

    private func openssl(_ arguments: String...) throws {
        try OpenSSLTool.run(arguments, in: Self.files.folder)
    }

    /// Connects with these files to a server that wants a client certificate.
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
    ) async throws -> TransportError {
        do {
            try await connect(certificate: certificate, key: key, passphrase: passphrase, ca: ca)
        } catch let error as TransportError {
            #expect(error.layer == .tls)
            return error
        }
        throw TestFailure("no fault was found")
    }

    // MARK: - Forms

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
        // By chance some of these give octets that look whole.
        for number in 0..<2000 {
            let error = try await fault(
                certificate: "client.pem", key: "traditional.pem", passphrase: "wrong \(number)")
            #expect(error.message == "the passphrase does not open \(Self.files.path("traditional.pem"))")
        }
    }

    private func openedBySecretOnly(_ key: String) async throws {
        try await connect(certificate: "client.pem", key: key, passphrase: "secret")
        for wrong in ["wrong", "", String(repeating: "long", count: 1000)] {
            let error = try await fault(certificate: "client.pem", key: key, passphrase: wrong)
            #expect(error.kind == .badConfiguration)
            #expect(error.message == "the passphrase does not open \(Self.files.path(key))")
        }
        let error = try await fault(certificate: "client.pem", key: key)
        #expect(error.message == "\(Self.files.path(key)) is encrypted")
        #expect(error.remedy?.contains("--key-passphrase-env") == true)
    }

    @Test func aPKCS12FileIsOpened() async throws {
        try openssl(
            "pkcs12", "-export", "-in", "client.pem", "-inkey", "key.pem", "-out", "client.p12", "-passout",
            "pass:secret")
        try await connect(certificate: "client.p12", passphrase: "secret")
        let path = Self.files.path("client.p12")
        #expect(
            try await fault(certificate: "client.p12", passphrase: "wrong").message
                == "the passphrase does not open \(path)")
        #expect(try await fault(certificate: "client.p12").message == "\(path) is encrypted")
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
        #expect(error.message.contains("old.p12"))
        #expect(error.remedy?.contains("openssl pkcs12 -legacy") == true, "\(error)")
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

    /// Process substitution gives a pipe, which can be read once.
    @Test func aPipeWillDo() async throws {
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

    // MARK: - Faults

    @Test func aMissingFileIsNamed() async throws {
        let missing = Self.files.path("missing.pem")
        let reason = "from \(missing): no such file or directory"
        for (error, what) in [
            (try await fault(certificate: "missing.pem"), "the certificate"),
            (try await fault(certificate: "client.pem", key: "missing.pem"), "the private key"),
            (try await fault(certificate: nil, ca: "missing.pem"), "the certificates to trust"),
        ] {
            #expect(error.kind == .missingFile)
            #expect(error.message == "cannot read \(what) \(reason)")
        }
    }

    @Test func aFolderIsNoCertificate() async throws {
        let folder = Self.files.folder.appending(path: "folder")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let error = try await fault(certificate: "folder")
        #expect(error.kind == .badConfiguration)
        #expect(error.message == "cannot read the certificate from \(folder.path): is a directory")
    }

    @Test func aFileWithoutWhatIsWantedIsNamed() async throws {
        try Self.files.write("text.pem", "hello\n")
        try Self.files.write("empty.pem", "")
        try Data([0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2]).write(to: Self.files.folder.appending(path: "store.jks"))
        let cases: [(certificate: String?, key: String?, ca: String?, message: String)] = [
            ("text.pem", nil, nil, "text.pem holds no certificate: it is neither PEM nor PKCS#12"),
            ("empty.pem", nil, nil, "empty.pem holds no certificate: it is neither PEM nor PKCS#12"),
            ("key.pem", nil, nil, "there is no certificate in /"),
            ("client.pem", nil, nil, "there is no private key in /"),
            ("client.pem", "ca.pem", nil, "there is no private key in /"),
            ("client.pem", "text.pem", nil, "text.pem holds no private key: it is neither PEM nor PKCS#12"),
            (nil, nil, "key.pem", "there is no certificate in /"),
            (nil, nil, "text.pem", "text.pem holds no certificate: it is neither PEM nor PKCS#12"),
            ("store.jks", nil, nil, "store.jks is a Java key store"),
            (nil, "key.pem", nil, "a private key without its certificate"),
        ]
        for (certificate, key, ca, message) in cases {
            let error = try await fault(certificate: certificate, key: key, ca: ca)
            #expect(error.kind == .badConfiguration)
            #expect(error.message.contains(message), "\(error)")
        }
    }

    @Test func aKeyOfAnotherCertificateIsNamed() async throws {
        let error = try await fault(certificate: "client.pem", key: "other-key.pem")
        #expect(error.kind == .badConfiguration)
        #expect(
            error.message
                == "the private key in \(Self.files.path("other-key.pem")) does not belong to the certificate "
                + "CN=Alice in \(Self.files.path("client.pem"))")
    }

    @Test func aDamagedFileIsNamed() async throws {
        let text = try String(contentsOfFile: Self.files.path("client.pem"), encoding: .utf8)
        try Self.files.write("cut.pem", String(text.dropLast(100)))
        try Self.files.write("wrong.pem", text.replacing("MII", with: "AAA"))
        for name in ["cut.pem", "wrong.pem"] {
            let error = try await fault(certificate: name, key: "key.pem")
            #expect(error.kind == .badConfiguration)
            #expect(error.message.contains("certificate 1 in \(Self.files.path(name)) is damaged"), "\(error)")
        }
        let key = try String(contentsOfFile: Self.files.path("key.pem"), encoding: .utf8)
        try Self.files.write("wrong-key.pem", key.replacing("MIG", with: "AAA"))
        let error = try await fault(certificate: "client.pem", key: "wrong-key.pem")
        #expect(error.message.hasPrefix("the private key in \(Self.files.path("wrong-key.pem")) cannot be read: "))
    }

    @Test func aListenerSaysThatItsFilesWillNotDo() async throws {
        var tls = TLSServerOptions("server")
        tls.key = Self.files.path("other-key.pem")
        let error = await transportError { try await withTLSServer(.tcp, tls) { _ in } }
        #expect(error?.layer == .tls)
        #expect(error?.message.contains("does not belong to the certificate CN=server") == true)
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
