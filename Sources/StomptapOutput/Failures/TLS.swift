import STOMPTransport

extension TLSFailure {
    var explanation: Explanation {
        Explanation(layer: TransportError.Layer.tls.rawValue, sentence, hint: hint)
    }

    private var sentence: String {
        switch self {
        case .cannotRead(let content, let path, let error): "cannot read \(content.text) from \(path): \(error)"
        case .tooLarge(let content, let path, let limit):
            "\(path) is larger than \(limit >> 20) MiB, too much for \(content.text)"
        case .damagedCertificate(let number, let path, let cause):
            "certificate \(number) in \(path) is damaged: \(cause)"
        case .encryptedFile(let path): "\(path) is encrypted"
        case .wrongPassphrase(let path): "wrong passphrase for \(path)"
        case .unreadableKey(let path, let cause), .unsupportedKey(let path, let cause):
            "the private key in \(path) cannot be read: \(cause ?? "unknown format")"
        case .javaKeyStore(let path): "\(path) is a Java key store"
        case .nothingFound(let content, let path): "no \(content.name) in \(path)"
        case .unknownFormat(let path, let content): "no \(content.name) in \(path): neither PEM nor PKCS#12"
        case .noKey(let path, _): "no private key in \(path)"
        case .noCertificate: "missing certificate for the private key"
        case .mismatchedKey(let path, let certificate, let certificatePath):
            "the private key in \(path) does not belong to the certificate \(certificate?.title ?? "") in "
                + certificatePath
        case .rejectedCertificate(let path, let cause):
            "OpenSSL rejected the certificate in \(path): \(Self.said(cause))"
        case .rejectedAuthority(let path, let cause):
            "OpenSSL rejected a certificate in \(path): \(Self.said(cause))"
        case .cannotStartLibrary(let cause): "cannot start OpenSSL: \(Self.said(cause))"
        case .outOfMemory: "OpenSSL is out of memory"
        case .invalidServerName(let name): "invalid server name \(name.debugDescription)"

        case .untrusted(let failure): failure.sentence
        case .noCertificateFromClient: "the client sent no certificate"
        case .clientCertificateRequired(_, let alert):
            "the server requires a client certificate"
                + (alert.map { " (\($0))" } ?? ": it asked for one, got none, and closed the connection")
        case .certificateRejected(let peer, let certificate, _, let alert):
            "the \(peer) rejected the \(peer == .server ? "client" : "server's") certificate"
                + (certificate.map { " \($0.title)" } ?? "") + ": \(alert.verdict) (\(alert))"
        case .unknownServerName(let name, let peer, let alert):
            "the \(peer) does not know the \(name.map { "name \($0)" } ?? "requested name") (\(alert))"
        case .noCommonProtocol(let peer, let alert):
            "the \(peer) supports none of the protocols offered with ALPN (\(alert))"
        case .noCommonParameters(let peer, let alert):
            "the \(peer) found no version, cipher or signature that both sides support (\(alert))"
        case .noCommonCipher: "server and client have no cipher in common"
        case .unsupportedVersion(.client, _, let wanted):
            "the client does not support TLS \(wanted.rawValue) or later"
        case .unsupportedVersion(.server, let highest?, let wanted):
            "the server supports at most TLS \(highest.rawValue), and TLS \(wanted.rawValue) is required"
        case .unsupportedVersion(.server, nil, let wanted):
            "the server rejected TLS \(wanted.rawValue) and later (protocol_version)"
        case .foreignProtocol(let spoken, let peer):
            "the \(peer) does not speak TLS: it \(peer == .server ? "answered" : "sent") \(spoken.text)"
        case .handshakeTimedOut(let peer, 0): "the handshake timed out: the \(peer) sent nothing"
        case .handshakeTimedOut(_, let count):
            "the handshake timed out after \(count) bytes were received"
        case .handshakeClosed(let peer, let count):
            "the \(peer) closed the connection during the handshake, \(Self.after(count))"
        case .handshakeReset(let peer, let count):
            "the \(peer) reset the connection during the handshake, \(Self.after(count))"
        case .handshakeFailed(let cause): "the handshake failed: \(cause ?? Self.silence)"

        case .alert(let alert, let peer): "the \(peer) ended the connection with the alert \(alert)"
        case .invalidRecord(let cause): "invalid TLS record in the stream: \(cause ?? Self.silence)"
        case .modifiedRecord: "cannot decrypt a record: it was changed in transit"
        case .streamFailed(let cause): "the stream failed: \(cause ?? Self.silence)"
        case .noCloseNotify: "the TLS stream ended without a close_notify"
        case .connectionClosed: "the connection was closed too early"
        }
    }

    private var hint: String? {
        switch self {
        case .encryptedFile: "put its passphrase into an environment variable and use --key-passphrase-env VARIABLE"
        case .unsupportedKey:
            "it uses an algorithm that OpenSSL no longer supports: convert it with 'openssl pkcs12 -legacy' or "
                + "'openssl pkey'"
        case .javaKeyStore(let path):
            "convert it: keytool -importkeystore -srckeystore \(path) -destkeystore FILE.p12"
        case .noKey(_, .client): "give its file with --key"
        case .noKey(_, .server): "give its file with --tls-key"
        case .noCertificate: "give it with --cert"
        case .untrusted(let failure): failure.hint
        case .clientCertificateRequired([], _): "give it with --cert and --key"
        case .clientCertificateRequired(let issuers, _):
            "give one issued by \(Self.list(issuers)) with --cert and --key"
        case .certificateRejected(_, _, let issuers, _) where !issuers.isEmpty:
            "use one issued by \(Self.list(issuers))"
        case .unknownServerName: "use another name with --server-name"
        case .unsupportedVersion(.server, let highest, let wanted):
            (highest ?? TLSVersion.allCases.last { $0 < wanted }).map {
                "update the server, or allow its version with --tls-min \($0.rawValue)"
            }
        case .foreignProtocol(let spoken, .server): spoken.hint
        case .handshakeTimedOut(.server, 0), .handshakeClosed(.server, 0), .handshakeReset(.server, 0):
            "if this port does not speak TLS, try stomp:// or ws://"
        case .cannotRead, .tooLarge, .damagedCertificate, .wrongPassphrase, .unreadableKey, .nothingFound,
            .unknownFormat, .mismatchedKey, .rejectedCertificate, .rejectedAuthority, .cannotStartLibrary,
            .outOfMemory, .invalidServerName, .noCertificateFromClient, .certificateRejected, .noCommonProtocol,
            .noCommonParameters, .noCommonCipher, .unsupportedVersion, .foreignProtocol, .handshakeTimedOut,
            .handshakeClosed, .handshakeReset, .handshakeFailed, .alert, .invalidRecord, .modifiedRecord,
            .streamFailed, .noCloseNotify, .connectionClosed:
            nil
        }
    }

    private static let silence = "OpenSSL gives no reason"

    private static func said(_ cause: String?) -> String { cause ?? "no reason given" }

    private static func after(_ count: Int) -> String {
        count == 0 ? "without sending anything" : "after \(count) bytes"
    }

    /// The first few names, so that the message stays one line.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(4).map(TLSCertificate.quoted).joined(separator: " or ")
        return names.count > 4 ? "\(shown) (and \(names.count - 4) more)" : shown
    }
}

extension TLSFileContent {
    fileprivate var name: String { self == .privateKey ? "private key" : "certificate" }

    fileprivate var text: String {
        switch self {
        case .authorities: "the certificates to trust"
        case .certificate: "the certificate"
        case .privateKey: "the private key"
        }
    }
}

extension TLSAlert {
    /// What is wrong with a certificate, according to the alert that rejects it.
    fileprivate var verdict: String {
        switch number {
        case 43: "wrong kind or purpose"
        case 44: "revoked"
        case 45: "expired, or not yet valid"
        case 48: "unknown issuer"
        case 49: "valid, but access denied"
        case 51: "invalid signature made with its key"
        case 116: "required"
        default: "not accepted"
        }
    }
}

extension SpokenProtocol {
    fileprivate var text: String {
        switch self {
        case .stomp: "STOMP"
        case .httpRequest: "HTTP"
        case .other(let other): other.rawValue
        case .unknown(let bytes): String(decoding: bytes, as: UTF8.self).debugDescription
        }
    }

    /// What to do if a server speaks this protocol.
    fileprivate var hint: String? {
        switch self {
        case .stomp: "this port speaks STOMP without TLS: try stomp://"
        case .other(.http): "this port speaks HTTP without TLS: try ws:// or http://"
        case .other(let other): other.hint
        case .httpRequest, .unknown: nil
        }
    }
}
