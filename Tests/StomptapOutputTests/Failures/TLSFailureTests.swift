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
            "TLS: a.pem is encrypted; put its passphrase into an environment variable and use --key-passphrase-env "
                + "VARIABLE",
            .badInput),
        Told(.tls(.wrongPassphrase(for: "a.pem")), "TLS: wrong passphrase for a.pem", .badInput),
        Told(
            .tls(.unreadableKey(in: "a.pem", cause: "unsupported")),
            "TLS: the private key in a.pem cannot be read: unsupported", .badInput),
        Told(
            .tls(.unreadableKey(in: "a.pem", cause: nil)),
            "TLS: the private key in a.pem cannot be read: unknown format", .badInput),
        Told(
            .tls(.unsupportedKey(in: "a.p12", cause: "unsupported")),
            "TLS: the private key in a.p12 cannot be read: unsupported; it uses an algorithm that OpenSSL no longer "
                + "supports: convert it with 'openssl pkcs12 -legacy' or 'openssl pkey'", .badInput),
        Told(
            .tls(.javaKeyStore("a.jks")),
            "TLS: a.jks is a Java key store; convert it: keytool -importkeystore -srckeystore a.jks "
                + "-destkeystore FILE.p12", .badInput),
        Told(.tls(.nothingFound(.certificate, in: "a.pem")), "TLS: no certificate in a.pem", .badInput),
        Told(.tls(.nothingFound(.authorities, in: "a.pem")), "TLS: no certificate in a.pem", .badInput),
        Told(.tls(.nothingFound(.privateKey, in: "a.pem")), "TLS: no private key in a.pem", .badInput),
        Told(
            .tls(.unknownFormat(of: "a.pem", wanted: .authorities)),
            "TLS: no certificate in a.pem: neither PEM nor PKCS#12", .badInput),
        Told(
            .tls(.unknownFormat(of: "a.pem", wanted: .privateKey)),
            "TLS: no private key in a.pem: neither PEM nor PKCS#12", .badInput),
        Told(
            .tls(.noKey(in: "a.pem", for: .client)), "TLS: no private key in a.pem; give its file with --key",
            .badInput),
        Told(
            .tls(.noKey(in: "a.pem", for: .server)),
            "TLS: no private key in a.pem; give its file with --tls-key", .badInput),
        Told(
            .tls(.noCertificate(forKeyIn: "key.pem")),
            "TLS: missing certificate for the private key; give it with --cert", .badInput),
        Told(
            .tls(.mismatchedKey(in: "key.pem", certificate: certificate("O=Example, CN=a"), from: "a.pem")),
            "TLS: the private key in key.pem does not belong to the certificate \"O=Example, CN=a\" in a.pem",
            .badInput),
        Told(
            .tls(.rejectedCertificate(in: "a.pem", cause: "ee key too small")),
            "TLS: OpenSSL rejected the certificate in a.pem: ee key too small", .badInput),
        Told(
            .tls(.rejectedAuthority(in: "a.pem", cause: nil)),
            "TLS: OpenSSL rejected a certificate in a.pem: no reason given", .badInput),
        Told(
            .tls(.cannotStartLibrary(cause: "library has no ciphers")),
            "TLS: cannot start OpenSSL: library has no ciphers", .badInput),
        Told(.tls(.outOfMemory), "TLS: OpenSSL is out of memory", .badInput),
        Told(.tls(.invalidServerName("a\0b")), #"TLS: invalid server name "a\0b""#, .badInput),
    ]

    // MARK: - Handshakes

    static let handshakes: [Told] = [
        Told(.tls(.noCertificateFromClient), "TLS: the client sent no certificate", .refused),
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
            "TLS: the server rejected the client certificate CN=a: unknown issuer (unknown_ca); use one issued by "
                + "CN=ca", .refused),
        Told(
            .tls(.certificateRejected(by: .server, certificate("CN=a"), accepting: [], TLSAlert(number: 45))),
            "TLS: the server rejected the client certificate CN=a: expired, or not yet valid "
                + "(certificate_expired)", .refused),
        Told(
            .tls(.certificateRejected(by: .server, nil, accepting: [], TLSAlert(number: 116))),
            "TLS: the server rejected the client certificate: required (certificate_required)", .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 42))),
            "TLS: the client rejected the server's certificate CN=a: not accepted (bad_certificate)", .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 43))),
            "TLS: the client rejected the server's certificate CN=a: wrong kind or purpose "
                + "(unsupported_certificate)", .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 44))),
            "TLS: the client rejected the server's certificate CN=a: revoked (certificate_revoked)", .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 49))),
            "TLS: the client rejected the server's certificate CN=a: valid, but access denied (access_denied)",
            .refused),
        Told(
            .tls(.certificateRejected(by: .client, certificate("CN=a"), accepting: [], TLSAlert(number: 51))),
            "TLS: the client rejected the server's certificate CN=a: invalid signature made with its key "
                + "(decrypt_error)", .refused),
        Told(
            .tls(.unknownServerName("a.example", at: .server, TLSAlert(number: 112))),
            "TLS: the server does not know the name a.example (unrecognized_name); use another name with "
                + "--server-name", .refused),
        Told(
            .tls(.unknownServerName(nil, at: .client, TLSAlert(number: 112))),
            "TLS: the client does not know the requested name (unrecognized_name); use another name with "
                + "--server-name", .refused),
        Told(
            .tls(.noCommonProtocol(with: .server, TLSAlert(number: 120))),
            "TLS: the server supports none of the protocols offered with ALPN "
                + "(no_application_protocol)", .protocolError),
        Told(
            .tls(.noCommonParameters(with: .server, TLSAlert(number: 40))),
            "TLS: the server found no version, cipher or signature that both sides support (handshake_failure)",
            .protocolError),
        Told(.tls(.noCommonCipher), "TLS: server and client have no cipher in common", .protocolError),
        Told(
            .tls(.unsupportedVersion(by: .server, highest: .v10, wanted: .v12)),
            "TLS: the server supports at most TLS 1.0, and TLS 1.2 is required; update the server, or allow its "
                + "version with --tls-min 1.0", .protocolError),
        Told(
            .tls(.unsupportedVersion(by: .server, highest: nil, wanted: .v12)),
            "TLS: the server rejected TLS 1.2 and later (protocol_version); update the server, or allow its version "
                + "with --tls-min 1.1", .protocolError),
        Told(
            .tls(.unsupportedVersion(by: .server, highest: nil, wanted: .v10)),
            "TLS: the server rejected TLS 1.0 and later (protocol_version)", .protocolError),
        Told(
            .tls(.unsupportedVersion(by: .client, highest: nil, wanted: .v13)),
            "TLS: the client does not support TLS 1.3 or later", .protocolError),
        Told(
            .tls(.handshakeTimedOut(with: .server, receivedBytes: 0)),
            "TLS: the handshake timed out: the server sent nothing; if this port does not speak TLS, try stomp:// or "
                + "ws://", .timedOut),
        Told(
            .tls(.handshakeTimedOut(with: .client, receivedBytes: 0)),
            "TLS: the handshake timed out: the client sent nothing", .timedOut),
        Told(
            .tls(.handshakeTimedOut(with: .server, receivedBytes: 49)),
            "TLS: the handshake timed out after 49 bytes were received", .timedOut),
        Told(
            .tls(.handshakeClosed(by: .server, receivedBytes: 0)),
            "TLS: the server closed the connection during the handshake, without sending anything; if this port does "
                + "not speak TLS, try stomp:// or ws://", .unavailable),
        Told(
            .tls(.handshakeClosed(by: .client, receivedBytes: 7)),
            "TLS: the client closed the connection during the handshake, after 7 bytes", .unavailable),
        Told(
            .tls(.handshakeReset(by: .server, receivedBytes: 0)),
            "TLS: the server reset the connection during the handshake, without sending anything; if this port does "
                + "not speak TLS, try stomp:// or ws://", .unavailable),
        Told(
            .tls(.handshakeReset(by: .server, receivedBytes: 7)),
            "TLS: the server reset the connection during the handshake, after 7 bytes", .unavailable),
        Told(
            .tls(.handshakeFailed(cause: "length mismatch")), "TLS: the handshake failed: length mismatch",
            .protocolError),
        Told(.tls(.handshakeFailed(cause: nil)), "TLS: the handshake failed: OpenSSL gives no reason", .protocolError),
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
            "TLS: invalid TLS record in the stream: wrong version number", .protocolError),
        Told(
            .tls(.modifiedRecord), "TLS: cannot decrypt a record: it was changed in transit",
            .protocolError),
        Told(.tls(.streamFailed(cause: "bad extension")), "TLS: the stream failed: bad extension", .protocolError),
        Told(.tls(.streamFailed(cause: nil)), "TLS: the stream failed: OpenSSL gives no reason", .protocolError),
        Told(.tls(.noCloseNotify), "TLS: the TLS stream ended without a close_notify", .unavailable),
        Told(.tls(.connectionClosed), "TLS: the connection was closed too early", .unavailable),
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
            "TLS: the server's certificate CN=a expired on 2021-01-02 03:04:05 UTC, 3 days ago; renew it, or connect "
                + "anyway with --insecure", .refused),
        Told(
            untrusted(.expired, certificate("CN=a")),
            "TLS: the server's certificate CN=a expired on an unreadable date; renew it, or connect anyway with "
                + "--insecure", .refused),
        Told(
            untrusted(.notYetValid, certificate("CN=a", notBefore: 3_155_760_000), at: 3_155_760_000 - 7200),
            "TLS: the server's certificate CN=a is not valid until 2070-01-01 00:00:00 UTC, in 2 hours; check the "
                + "clocks of both machines", .refused),
        Told(
            untrusted(.selfSigned, certificate("CN=alone")),
            "TLS: the server's certificate CN=alone is self-signed and not in ca.pem; if it is the right one "
                + "(SHA-256 0A:FF), trust it with --ca FILE", .refused),
        Told(
            untrusted(.selfSigned, certificate("CN=alone"), of: .client),
            "TLS: the client's certificate CN=alone is self-signed and not in ca.pem", .refused),
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
            "TLS: unknown issuer \"O=Example, CN=ca\" of the server's certificate DNS:a.example, which the server "
                + "sent alone: the chain is incomplete, or that authority is not in ca.pem; give the authority's "
                + "certificate with --ca, or configure the server to send the intermediate certificates too", .refused),
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
            "TLS: the server's certificate CN=a was not issued by the \"O=Example, CN=ca\" in SSL_CERT_FILE=/x "
                + "(cannot be read) SSL_CERT_DIR=/y, which has the same name but another key; use the current "
                + "certificate of \"O=Example, CN=ca\" with --ca", .refused),
        Told(
            untrusted(.otherIssuerKey, certificate("CN=a"), of: .client),
            "TLS: the client's certificate CN=a was not issued by the \"O=Example, CN=ca\" in ca.pem, which has the "
                + "same name but another key", .refused),
        Told(
            untrusted(.notAuthority, certificate("CN=a"), isOfPeer: false),
            "TLS: the certificate CN=a issued another one but is not a CA certificate (CA:FALSE)", .refused),
        Told(
            untrusted(.notAuthority, certificate("CN=a", isAuthority: true), isOfPeer: false),
            "TLS: the certificate CN=a issued another one but is not a CA certificate (CA:TRUE, without the right to "
                + "sign certificates)", .refused),
        Told(
            untrusted(
                .otherNames(than: "localhost"), certificate("CN=a", names: ["DNS:*.a.example", "DNS:stomp.example"])),
            "TLS: asked for localhost, but the server's certificate CN=a is for *.a.example, stomp.example; connect "
                + "to that name, or use --server-name stomp.example", .refused),
        Told(
            untrusted(
                .otherAddresses(than: "127.0.0.1"),
                certificate("CN=a", names: ["IP:10.0.0.1", "DNS:b", "DNS:c", "DNS:d", "DNS:e", "DNS:f", "DNS:g"])),
            "TLS: asked for 127.0.0.1, but the server's certificate CN=a is for 10.0.0.1, b, c, d, e, f (and 1 "
                + "more); connect to that name, or use --server-name 10.0.0.1", .refused),
        Told(
            untrusted(
                .otherAddresses(than: "127.0.0.1"), certificate("CN=a", names: ["DNS:*.0.0.1", "DNS:*.example"])),
            "TLS: asked for 127.0.0.1, but the server's certificate CN=a is for *.0.0.1, *.example", .refused),
        Told(
            untrusted(.otherAddresses(than: "127.0.0.1"), certificate("CN=a", names: ["DNS:127.0.0.1"])),
            "TLS: asked for 127.0.0.1, but the server's certificate CN=a has it as a DNS name, not as an IP address; "
                + "reissue it with IP:127.0.0.1 as a subject alternative name", .refused),
        Told(
            untrusted(.otherNames(than: "localhost"), certificate("CN=localhost")),
            "TLS: asked for localhost, but the server's certificate CN=localhost has no subject alternative name, "
                + "and its common name is ignored; reissue it with DNS:localhost as a subject alternative "
                + "name", .refused),
        Told(
            untrusted(.otherAddresses(than: "::1"), certificate("CN=localhost")),
            "TLS: asked for ::1, but the server's certificate CN=localhost has no subject alternative name, and its "
                + "common name is ignored; reissue it with IP:::1 as a subject alternative name", .refused),
        Told(
            untrusted(.wrongPurpose, certificate("CN=a", purposes: ["TLS Web Client Authentication"])),
            "TLS: the server's certificate CN=a is not for a TLS server: it is for TLS Web Client Authentication",
            .refused),
        Told(
            untrusted(.wrongPurpose, certificate("CN=a"), of: .client),
            "TLS: the client's certificate CN=a is not for a TLS client", .refused),
        Told(
            untrusted(.other(code: 66, "EE certificate key too weak"), certificate("CN=a")),
            "TLS: the server's certificate CN=a is not accepted: EE certificate key too weak", .refused),
    ]

    @Test(arguments: files + handshakes + foreign + streams + certificates) func saysWhatHappened(_ told: Told) {
        told.check()
    }

    /// A client of this library wraps the failure; its exit status and line stay the same.
    @Test(arguments: files + handshakes + foreign + streams + certificates) func aClientSaysTheSame(_ told: Told) {
        told.wrapped.check()
    }
}
