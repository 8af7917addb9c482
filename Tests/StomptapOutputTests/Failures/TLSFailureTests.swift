import STOMPClient
import STOMPTransport
import Testing

@testable import StomptapOutput

/// The error line for each TLS failure.
@Suite struct TLSFailureTests {
    // MARK: - Files of certificates and keys

    static let files: [Told] = [
        Told(
            .tls(.cannotRead(.certificate, from: "a.pem", SystemError(code: 2))),
            "TLS: cannot read the certificate from a.pem: no such file or directory", .noInput),
        Told(
            .tls(.cannotRead(.privateKey, from: "a.pem", SystemError(code: 13))),
            "TLS: cannot read the private key from a.pem: permission denied", .badInput),
        Told(
            .tls(.cannotRead(.authorities, from: "a.pem", SystemError(code: 21))),
            "TLS: cannot read the certificates to trust from a.pem: is a directory", .badInput),
        Told(
            .tls(.tooLarge(.certificate, in: "a.pem", limit: 8 << 20)),
            "TLS: a.pem is larger than 8 MiB, too much for the certificate", .badInput),
        Told(
            .tls(.damagedCertificate(number: 2, in: "a.pem", cause: "bad base64 decode")),
            "TLS: certificate 2 in a.pem is damaged: bad base64 decode", .badInput),
        Told(
            .tls(.encryptedFile("a.pem")),
            "TLS: a.pem is encrypted; put its passphrase into a variable and name that with --key-passphrase-env",
            .badInput),
        Told(.tls(.wrongPassphrase(for: "a.pem")), "TLS: the passphrase does not open a.pem", .badInput),
        Told(
            .tls(.unreadableKey(in: "a.pem", cause: "unsupported")),
            "TLS: the private key in a.pem cannot be read: unsupported", .badInput),
        Told(
            .tls(.unreadableKey(in: "a.pem", cause: nil)),
            "TLS: the private key in a.pem cannot be read: unknown format", .badInput),
        Told(
            .tls(.unsupportedKey(in: "a.p12", cause: "unsupported")),
            "TLS: the private key in a.p12 cannot be read: unsupported; it uses an algorithm that OpenSSL has given "
                + "up: convert it with 'openssl pkcs12 -legacy' or 'openssl pkey'", .badInput),
        Told(
            .tls(.javaKeyStore("a.jks")),
            "TLS: a.jks is a Java key store; convert it: keytool -importkeystore -srckeystore a.jks "
                + "-destkeystore FILE.p12", .badInput),
        Told(.tls(.nothingFound(.certificate, in: "a.pem")), "TLS: there is no certificate in a.pem", .badInput),
        Told(.tls(.nothingFound(.authorities, in: "a.pem")), "TLS: there is no certificate in a.pem", .badInput),
        Told(.tls(.nothingFound(.privateKey, in: "a.pem")), "TLS: there is no private key in a.pem", .badInput),
        Told(
            .tls(.unknownFormat(of: "a.pem", wanted: .authorities)),
            "TLS: a.pem holds no certificate: it is neither PEM nor PKCS#12", .badInput),
        Told(
            .tls(.unknownFormat(of: "a.pem", wanted: .privateKey)),
            "TLS: a.pem holds no private key: it is neither PEM nor PKCS#12", .badInput),
        Told(
            .tls(.noKey(in: "a.pem", for: .client)), "TLS: there is no private key in a.pem; give its file with --key",
            .badInput),
        Told(
            .tls(.noKey(in: "a.pem", for: .server)),
            "TLS: there is no private key in a.pem; give its file with --tls-key", .badInput),
        Told(
            .tls(.noCertificate(forKeyIn: "key.pem")),
            "TLS: a private key without its certificate; give it with --cert", .badInput),
        Told(
            .tls(.mismatchedKey(in: "key.pem", certificate: certificate("O=Example, CN=a"), from: "a.pem")),
            "TLS: the private key in key.pem does not belong to the certificate \"O=Example, CN=a\" in a.pem",
            .badInput),
        Told(
            .tls(.rejectedCertificate(in: "a.pem", cause: "ee key too small")),
            "TLS: OpenSSL does not take the certificate in a.pem: ee key too small", .badInput),
        Told(
            .tls(.rejectedAuthority(in: "a.pem", cause: nil)),
            "TLS: OpenSSL does not take a certificate in a.pem: it does not say why", .badInput),
        Told(
            .tls(.cannotStartLibrary(cause: "library has no ciphers")),
            "TLS: OpenSSL does not start: library has no ciphers", .badInput),
        Told(.tls(.outOfMemory), "TLS: OpenSSL has no memory", .badInput),
        Told(.tls(.invalidServerName("a\0b")), #"TLS: "a\0b" is no name for a certificate"#, .badInput),
    ]

    // MARK: - Handshakes

    static let handshakes: [Told] = [
        Told(.tls(.noCertificateFromClient), "TLS: the client gave no certificate", .refused),
        Told(
            .tls(.clientCertificateRequired(issuedBy: ["O=Example, CN=ca"], TLSAlert(number: 116))),
            "TLS: the server requires a client certificate (certificate_required); give one issued by "
                + "\"O=Example, CN=ca\" with --cert and --key", .refused),
        Told(
            .tls(
                .clientCertificateRequired(
                    issuedBy: ["CN=A", "CN=B", "CN=C", "CN=D", "CN=E", "CN=F"], TLSAlert(number: 42))),
            "TLS: the server requires a client certificate (bad_certificate); give one issued by CN=A or CN=B or CN=C "
                + "or CN=D (and 2 more) with --cert and --key", .refused),
        Told(
            .tls(.clientCertificateRequired(issuedBy: [], nil)),
            "TLS: the server requires a client certificate: it asked for one, got none, and closed the connection; "
                + "give it with --cert and --key", .refused),
        Told(
            .tls(
                .certificateRejected(by: .server, certificate("CN=a"), accepting: ["CN=ca"], TLSAlert(number: 48))),
            "TLS: the server refused the client certificate CN=a: it does not know the issuer (unknown_ca); it takes "
                + "one issued by CN=ca", .refused),
        Told(
            .tls(.certificateRejected(by: .server, certificate("CN=a"), accepting: [], TLSAlert(number: 45))),
            "TLS: the server refused the client certificate CN=a: it has expired, or is not yet valid "
                + "(certificate_expired)", .refused),
        Told(
            .tls(.certificateRejected(by: .server, nil, accepting: [], TLSAlert(number: 116))),
            "TLS: the server refused the client certificate: it is required (certificate_required)", .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 42))),
            "TLS: the client refused the server's certificate CN=a: it will not do (bad_certificate)", .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 43))),
            "TLS: the client refused the server's certificate CN=a: it is of the wrong kind, or not for this purpose "
                + "(unsupported_certificate)", .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 44))),
            "TLS: the client refused the server's certificate CN=a: it is revoked (certificate_revoked)", .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 49))),
            "TLS: the client refused the server's certificate CN=a: it is valid, and not let in (access_denied)",
            .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 51))),
            "TLS: the client refused the server's certificate CN=a: the signature made with its key does not hold "
                + "(decrypt_error)", .refused),
        Told(
            .tls(.unknownServerName("a.example", at: .server, TLSAlert(number: 112))),
            "TLS: the server has nothing under the name a.example (unrecognized_name); ask for another with "
                + "--server-name", .refused),
        Told(
            .tls(.unknownServerName(nil, at: .client, TLSAlert(number: 112))),
            "TLS: the client has nothing under the name asked for (unrecognized_name); ask for another with "
                + "--server-name", .refused),
        Told(
            .tls(.noCommonProtocol(with: .server, TLSAlert(number: 120))),
            "TLS: the server speaks none of the protocols offered by ALPN (no_application_protocol)", .protocolError),
        Told(
            .tls(.noCommonParameters(with: .server, TLSAlert(number: 40))),
            "TLS: the server finds no version, cipher or signature that both sides have (handshake_failure)",
            .protocolError),
        Told(.tls(.noCommonCipher), "TLS: server and client have no cipher in common", .protocolError),
        Told(
            .tls(.unsupportedVersion(by: .server, highest: .v10, wanted: .v12)),
            "TLS: the server speaks TLS 1.0 at most, and TLS 1.2 is wanted; update the server, or go down to what it "
                + "speaks with --tls-min 1.0", .protocolError),
        Told(
            .tls(.unsupportedVersion(by: .server, highest: nil, wanted: .v12)),
            "TLS: the server refused every version from TLS 1.2 on (protocol_version); update the server, or go down "
                + "to what it speaks with --tls-min 1.1", .protocolError),
        Told(
            .tls(.unsupportedVersion(by: .server, highest: nil, wanted: .v10)),
            "TLS: the server refused every version from TLS 1.0 on (protocol_version)", .protocolError),
        Told(
            .tls(.unsupportedVersion(by: .client, highest: nil, wanted: .v13)),
            "TLS: the client speaks no version from TLS 1.3 on", .protocolError),
        Told(
            .tls(.handshakeTimedOut(with: .server, receivedBytes: 0)),
            "TLS: the server sent nothing in the handshake before the deadline; where this port does not speak TLS, "
                + "try stomp:// or ws://", .timedOut),
        Told(
            .tls(.handshakeTimedOut(with: .client, receivedBytes: 0)),
            "TLS: the client sent nothing in the handshake before the deadline", .timedOut),
        Told(
            .tls(.handshakeTimedOut(with: .server, receivedBytes: 49)),
            "TLS: the handshake was not finished before the deadline: 49 octets came", .timedOut),
        Told(
            .tls(.handshakeClosed(by: .server, receivedBytes: 0)),
            "TLS: the server closed the connection in the handshake, without a word; where this port does not speak "
                + "TLS, try stomp:// or ws://", .unavailable),
        Told(
            .tls(.handshakeClosed(by: .client, receivedBytes: 7)),
            "TLS: the client closed the connection in the handshake, after 7 octets", .unavailable),
        Told(
            .tls(.handshakeReset(by: .server, receivedBytes: 0)),
            "TLS: the server reset the connection in the handshake, without a word; where this port does not speak "
                + "TLS, try stomp:// or ws://", .unavailable),
        Told(
            .tls(.handshakeReset(by: .server, receivedBytes: 7)),
            "TLS: the server reset the connection in the handshake, after 7 octets", .unavailable),
        Told(
            .tls(.handshakeFailed(cause: "length mismatch")), "TLS: the handshake failed: length mismatch",
            .protocolError),
        Told(.tls(.handshakeFailed(cause: nil)), "TLS: the handshake failed: OpenSSL does not say why", .protocolError),
    ]

    // MARK: - What is not TLS

    static let foreign: [Told] = [
        Told(
            .tls(.foreignProtocol(.stomp, from: .server)),
            "TLS: the server does not speak TLS: it answered STOMP; this port speaks STOMP without TLS: try stomp://",
            .protocolError),
        Told(
            .tls(.foreignProtocol(.httpRequest, from: .server)),
            "TLS: the server does not speak TLS: it answered HTTP", .protocolError),
        Told(
            .tls(.foreignProtocol(.other(.http), from: .server)),
            "TLS: the server does not speak TLS: it answered HTTP; this port speaks HTTP without TLS: try ws:// or "
                + "http://", .protocolError),
        Told(
            .tls(.foreignProtocol(.other(.amqp), from: .server)),
            "TLS: the server does not speak TLS: it answered AMQP; this port speaks AMQP: RabbitMQ has STOMP on 61613, "
                + "and on 15674/ws over WebSocket", .protocolError),
        Told(
            .tls(.foreignProtocol(.other(.ssh), from: .server)),
            "TLS: the server does not speak TLS: it answered SSH; this port speaks SSH", .protocolError),
        Told(
            .tls(.foreignProtocol(.other(.smtp), from: .server)),
            "TLS: the server does not speak TLS: it answered SMTP or FTP; this port speaks SMTP or FTP",
            .protocolError),
        Told(
            .tls(.foreignProtocol(.unknown(Array("\u{1b}[2Jgarbage\n".utf8)), from: .server)),
            #"TLS: the server does not speak TLS: it answered "\u{1B}[2Jgarbage\n""#, .protocolError),
        Told(
            .tls(.foreignProtocol(.stomp, from: .client)), "TLS: the client does not speak TLS: it sent STOMP",
            .protocolError),
        Told(
            .tls(.foreignProtocol(.httpRequest, from: .client)), "TLS: the client does not speak TLS: it sent HTTP",
            .protocolError),
        Told(
            .tls(.foreignProtocol(.other(.ssh), from: .client)), "TLS: the client does not speak TLS: it sent SSH",
            .protocolError),
    ]

    // MARK: - Streams

    static let streams: [Told] = [
        Told(
            .tls(.alert(TLSAlert(number: 80), from: .server)),
            "TLS: the server ended the connection with the alert internal_error", .protocolError),
        Told(
            .tls(.alert(TLSAlert(number: 200), from: .client)),
            "TLS: the client ended the connection with the alert alert 200", .protocolError),
        Told(
            .tls(.invalidRecord(cause: "wrong version number")),
            "TLS: octets that are no TLS record came in the stream: wrong version number", .protocolError),
        Told(
            .tls(.modifiedRecord), "TLS: a record does not decrypt: its octets were changed on the way",
            .protocolError),
        Told(.tls(.streamFailed(cause: "bad extension")), "TLS: the stream failed: bad extension", .protocolError),
        Told(.tls(.streamFailed(cause: nil)), "TLS: the stream failed: OpenSSL does not say why", .protocolError),
        Told(.tls(.noCloseNotify), "TLS: the TLS stream was cut off without a close_notify", .unavailable),
        Told(.tls(.connectionClosed), "TLS: the connection was closed before its end", .unavailable),
    ]

    // MARK: - Certificates

    private static func untrusted(
        _ reason: VerificationFailure.Reason, _ certificate: TLSCertificate, isOfPeer: Bool = true,
        of peer: TLSRole = .server, trust: TLSTrustSource = .path("ca.pem"), at time: Int = 0
    ) -> TransportError {
        .tls(.untrusted(VerificationFailure(reason, certificate, isOfPeer: isOfPeer, of: peer, trust: trust, at: time)))
    }

    private static func certificate(
        _ subject: String, names: [String] = [], notBefore: Int? = nil, notAfter: Int? = nil, isAuthority: Bool = false,
        purposes: [String] = []
    ) -> TLSCertificate {
        TLSCertificate(
            subject: subject, issuer: "O=Example, CN=ca", names: names, notBefore: notBefore, notAfter: notAfter,
            sha256: "0A:FF", isAuthority: isAuthority, purposes: purposes)
    }

    static let certificates: [Told] = [
        Told(
            untrusted(.expired, certificate("CN=a", notAfter: 1_609_556_645), at: 1_609_556_645 + 3 * 86400),
            "TLS: the server's certificate CN=a expired on 2021-01-02 03:04:05 UTC, 3 days ago; have it renewed, or "
                + "connect all the same with --insecure", .refused),
        Told(
            untrusted(.expired, certificate("CN=a")),
            "TLS: the server's certificate CN=a expired on an unreadable date; have it renewed, or connect all the "
                + "same with --insecure", .refused),
        Told(
            untrusted(.notYetValid, certificate("CN=a", notBefore: 3_155_760_000), at: 3_155_760_000 - 7200),
            "TLS: the server's certificate CN=a is not yet valid: it will be on 2070-01-01 00:00:00 UTC, in 2 hours; "
                + "check the clocks of both machines", .refused),
        Told(
            untrusted(.selfSigned, certificate("CN=alone")),
            "TLS: the server's certificate CN=alone is self-signed, and is not in ca.pem; if it is the right one "
                + "(SHA-256 0A:FF), trust it with --ca FILE", .refused),
        Told(
            untrusted(.selfSigned, certificate("CN=alone"), of: .client),
            "TLS: the client's certificate CN=alone is self-signed, and is not in ca.pem", .refused),
        Told(
            untrusted(.untrustedRoot, certificate("CN=root ca"), isOfPeer: false, trust: .system),
            "TLS: unknown issuer: the chain leads to \"CN=root ca\", which is self-signed and not in the system's "
                + "trust store; give the certificate of \"CN=root ca\" with --ca", .refused),
        Told(
            untrusted(.untrustedRoot, certificate("CN=root"), isOfPeer: false, of: .client),
            "TLS: unknown issuer: the chain leads to CN=root, which is self-signed and not in ca.pem", .refused),
        Told(
            untrusted(.unknownIssuer, certificate("CN=sub"), isOfPeer: false),
            "TLS: unknown issuer \"O=Example, CN=ca\" of the authority's certificate CN=sub: that authority is not in "
                + "ca.pem; give the certificate of \"O=Example, CN=ca\" with --ca", .refused),
        Told(
            untrusted(.unknownIssuer, certificate("CN=a"), of: .client),
            "TLS: unknown issuer \"O=Example, CN=ca\" of the client's certificate CN=a: that authority is not in ca.pem",
            .refused),
        Told(
            untrusted(.incompleteChain, certificate("", names: ["DNS:a.example"])),
            "TLS: unknown issuer \"O=Example, CN=ca\" of the server's certificate DNS:a.example, which the server sent "
                + "alone: the chain is incomplete, or that authority is not in ca.pem; give the authority's "
                + "certificate with --ca, or have the server send the intermediate ones too", .refused),
        Told(
            untrusted(.incompleteChain, certificate(""), of: .client, trust: .nowhere),
            "TLS: unknown issuer \"O=Example, CN=ca\" of the client's certificate SHA-256 0A:FF, which the client sent "
                + "alone: the chain is incomplete, or that authority is not in nowhere", .refused),
        Told(
            untrusted(
                .otherIssuerKey, certificate("CN=a"),
                trust: .environment([
                    TLSTrustSource.Variable(name: "SSL_CERT_FILE", path: "/x", isReadable: false),
                    TLSTrustSource.Variable(name: "SSL_CERT_DIR", path: "/y", isReadable: true),
                ])),
            "TLS: the server's certificate CN=a was not issued by the \"O=Example, CN=ca\" in SSL_CERT_FILE=/x (cannot "
                + "be read) SSL_CERT_DIR=/y: that has the same name and another key; get the present certificate of "
                + "\"O=Example, CN=ca\" for --ca", .refused),
        Told(
            untrusted(.otherIssuerKey, certificate("CN=a"), of: .client),
            "TLS: the client's certificate CN=a was not issued by the \"O=Example, CN=ca\" in ca.pem: that has the "
                + "same name and another key", .refused),
        Told(
            untrusted(.notAuthority, certificate("CN=a"), isOfPeer: false),
            "TLS: the certificate CN=a issued another, and is no authority's (CA:FALSE)", .refused),
        Told(
            untrusted(.notAuthority, certificate("CN=a", isAuthority: true), isOfPeer: false),
            "TLS: the certificate CN=a issued another, and is no authority's (CA:TRUE, without the right to sign "
                + "certificates)", .refused),
        Told(
            untrusted(
                .otherNames(than: "localhost"), certificate("CN=a", names: ["DNS:*.a.example", "DNS:stomp.example"])),
            "TLS: asked for localhost, but the server's certificate CN=a is for *.a.example, stomp.example; connect to "
                + "that name, or expect it with --server-name stomp.example", .refused),
        Told(
            untrusted(
                .otherAddresses(than: "127.0.0.1"),
                certificate("CN=a", names: ["IP:10.0.0.1", "DNS:b", "DNS:c", "DNS:d", "DNS:e", "DNS:f", "DNS:g"])),
            "TLS: asked for 127.0.0.1, but the server's certificate CN=a is for 10.0.0.1, b, c, d, e, f (and 1 more); "
                + "connect to that name, or expect it with --server-name 10.0.0.1", .refused),
        Told(
            untrusted(
                .otherAddresses(than: "127.0.0.1"), certificate("CN=a", names: ["DNS:*.0.0.1", "DNS:*.example"])),
            "TLS: asked for 127.0.0.1, but the server's certificate CN=a is for *.0.0.1, *.example", .refused),
        Told(
            untrusted(.otherAddresses(than: "127.0.0.1"), certificate("CN=a", names: ["DNS:127.0.0.1"])),
            "TLS: asked for 127.0.0.1, but the server's certificate CN=a has it as a DNS name, not as an IP address; "
                + "have it issued anew with IP:127.0.0.1 as a subject alternative name", .refused),
        Told(
            untrusted(.otherNames(than: "localhost"), certificate("CN=localhost")),
            "TLS: asked for localhost, but the server's certificate CN=localhost has no subject alternative name, and "
                + "its common name does not count; have it issued anew with DNS:localhost as such a name", .refused),
        Told(
            untrusted(.otherAddresses(than: "::1"), certificate("CN=localhost")),
            "TLS: asked for ::1, but the server's certificate CN=localhost has no subject alternative name, and its "
                + "common name does not count; have it issued anew with IP:::1 as such a name", .refused),
        Told(
            untrusted(.wrongPurpose, certificate("CN=a", purposes: ["TLS Web Client Authentication"])),
            "TLS: the server's certificate CN=a is not for a TLS server: it is for TLS Web Client Authentication",
            .refused),
        Told(
            untrusted(.wrongPurpose, certificate("CN=a"), of: .client),
            "TLS: the client's certificate CN=a is not for a TLS client", .refused),
        Told(
            untrusted(.other(code: 66, "EE certificate key too weak"), certificate("CN=a")),
            "TLS: the server's certificate CN=a will not do: EE certificate key too weak", .refused),
    ]

    @Test(arguments: files + handshakes + foreign + streams + certificates) func saysWhatHappened(_ told: Told) {
        told.check()
    }

    /// A client of this library wraps the failure; its exit status and line stay the same.
    @Test(arguments: files + handshakes + foreign + streams + certificates) func aClientSaysTheSame(_ told: Told) {
        told.wrapped.check()
    }
}
