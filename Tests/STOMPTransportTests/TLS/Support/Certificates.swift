import Foundation

/// Certificates for the tests, each made by one call of `openssl`, in a folder that is removed when the process exits.
///
/// Apart from the roots, all certificates share one key, because creating keys is slow and the tests do not depend
/// on them.
final class Certificates: Sendable {
    static let shared = try! Certificates()

    let folder: URL

    /// The path of a file in the folder.
    func path(_ name: String) -> String { folder.appending(path: name).path }

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "stomptap-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        removeAtExit(folder.path)

        for key in ["key.pem", "other-key.pem", "ca-key.pem"] {
            try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        }
        try makeRoot("ca", subject: "/O=Stomptap/CN=Test Root", key: "ca-key.pem")
        try makeRoot("other-ca", subject: "/CN=Another Root", key: "other-key.pem")
        // The root's name with another key: a renewed certificate authority.
        try makeRoot("renewed-ca", subject: "/O=Stomptap/CN=Test Root", key: "other-key.pem")

        try issue("server", subject: "/CN=server", names: "DNS:localhost,IP:127.0.0.1,IP:::1")
        try issue("named", subject: "/CN=named", names: "DNS:stomp.example,DNS:*.wild.example")
        try issue("wildcard", subject: "/CN=wildcard", names: "DNS:*.0.0.1,DNS:*.example")
        try issue("partial", subject: "/CN=partial", names: "DNS:loc*host.example")
        try issue("textual", subject: "/CN=textual", names: "DNS:127.0.0.1")
        try issue("common", subject: "/CN=localhost", names: nil)
        try issue("purpose", subject: "/CN=purpose", names: "DNS:localhost,IP:127.0.0.1", usage: "clientAuth")
        try issue("client", subject: "/CN=Alice", names: nil, usage: "clientAuth")
        try issue("expired-client", subject: "/CN=Late", names: nil, from: "20200101000000Z", to: "20210102030405Z")
        try issue(
            "expired", subject: "/CN=expired", names: "DNS:localhost,IP:127.0.0.1", from: "20200101000000Z",
            to: "20210102030405Z")
        try issue(
            "future", subject: "/CN=future", names: "DNS:localhost,IP:127.0.0.1", from: "20700101000000Z",
            to: "20710101000000Z")

        try openssl(
            "req", "-x509", "-key", "key.pem", "-out", "self.pem", "-days", "30", "-subj", "/CN=alone", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE")
        try issue("intermediate", subject: "/CN=Test Intermediate", names: nil, isAuthority: true, key: "other-key.pem")
        try issue(
            "leaf", subject: "/CN=leaf", names: "DNS:localhost,IP:127.0.0.1", by: "intermediate",
            issuerKey: "other-key.pem")
        try issue("issued-by-leaf", subject: "/CN=below", names: "DNS:localhost,IP:127.0.0.1", by: "server")
        try join("chain.pem", ["leaf.pem", "intermediate.pem"])
        try join("with-root.pem", ["server.pem", "ca.pem"])
        try join("below-chain.pem", ["issued-by-leaf.pem", "server.pem"])
        try join("both.pem", ["server.pem", "key.pem"])
    }

    private func openssl(_ arguments: String...) throws {
        try OpenSSLTool.run(arguments, in: folder)
    }

    /// Concatenates files.
    func join(_ name: String, _ parts: [String]) throws {
        let text = try parts.map { try String(contentsOfFile: path($0), encoding: .utf8) }.joined()
        try write(name, text)
    }

    /// Copies a file over another one and returns its path.
    @discardableResult
    func copy(_ name: String, to other: String) throws -> String {
        try write(other, String(contentsOfFile: path(name), encoding: .utf8))
    }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    private func makeRoot(_ name: String, subject: String, key: String) throws {
        try openssl(
            "req", "-x509", "-key", key, "-out", "\(name).pem", "-days", "30", "-subj", subject, "-addext",
            "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    }

    /// Issues `NAME.pem` for `key`.
    private func issue(
        _ name: String, subject: String, names: String?, usage: String? = nil, isAuthority: Bool = false,
        key: String = "key.pem", by issuer: String = "ca", issuerKey: String? = nil, from: String? = nil,
        to: String? = nil
    ) throws {
        let issuerKey = issuerKey ?? (issuer == "ca" ? "ca-key.pem" : "key.pem")
        var extensions = ["basicConstraints=CA:\(isAuthority ? "TRUE" : "FALSE")"]
        if isAuthority { extensions.append("keyUsage=critical,keyCertSign") }
        if let names { extensions.append("subjectAltName=\(names)") }
        if let usage { extensions.append("extendedKeyUsage=\(usage)") }
        // Only `openssl ca` accepts dates; it needs a database of issued certificates.
        try write("\(name).book", "")
        try write("\(name).book.attr", "unique_subject = no\n")
        try write(
            "\(name).conf",
            """
            [ca]
            default_ca = here
            [here]
            database = \(name).book
            rand_serial = yes
            default_md = sha256
            new_certs_dir = .
            policy = any
            x509_extensions = extensions
            [any]
            commonName = supplied
            [extensions]
            \(extensions.joined(separator: "\n"))

            """)
        try openssl("req", "-new", "-key", key, "-subj", subject, "-out", "\(name).csr")
        let validity = from.flatMap { from in to.map { ["-startdate", from, "-enddate", $0] } } ?? ["-days", "20"]
        try OpenSSLTool.run(
            [
                "ca", "-batch", "-notext", "-config", "\(name).conf", "-cert", "\(issuer).pem", "-keyfile", issuerKey,
                "-in", "\(name).csr", "-out", "\(name).pem", "-preserveDN",
            ] + validity, in: folder)
    }
}

/// Set once, before `atexit` reads it.
nonisolated(unsafe) private var folderToRemove: UnsafeMutablePointer<CChar>?

private func removeAtExit(_ path: String) {
    folderToRemove = strdup(path)
    atexit { if let folderToRemove { try? FileManager.default.removeItem(atPath: String(cString: folderToRemove)) } }
}
