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
        case .wrongPassphrase(let path): "the passphrase does not open \(path)"
        case .unreadableKey(let path, let cause), .unsupportedKey(let path, let cause):
            "the private key in \(path) cannot be read: \(cause ?? "unknown format")"
        case .javaKeyStore(let path): "\(path) is a Java key store"
        case .nothingFound(let content, let path): "there is no \(content.name) in \(path)"
        case .unknownFormat(let path, let content): "\(path) holds no \(content.name): it is neither PEM nor PKCS#12"
        case .noKey(let path, _): "there is no private key in \(path)"
        case .noCertificate: "a private key without its certificate"
        case .mismatchedKey(let path, let certificate, let certificatePath):
            "the private key in \(path) does not belong to the certificate \(certificate?.title ?? "") in "
                + certificatePath
        case .rejectedCertificate(let path, let cause):
            "OpenSSL does not take the certificate in \(path): \(Self.said(cause))"
        case .rejectedAuthority(let path, let cause):
            "OpenSSL does not take a certificate in \(path): \(Self.said(cause))"
        case .cannotStartLibrary(let cause): "OpenSSL does not start: \(Self.said(cause))"
        case .outOfMemory: "OpenSSL has no memory"
        case .invalidServerName(let name): "\(name.debugDescription) is no name for a certificate"

        case .untrusted(let failure): failure.sentence
        case .noCertificateFromClient: "the client gave no certificate"
        case .clientCertificateRequired(_, let alert):
            "the server requires a client certificate"
                + (alert.map { " (\($0))" } ?? ": it asked for one, got none, and closed the connection")
        case .certificateRejected(let peer, let certificate, _, let alert):
            "the \(peer) refused the \(peer == .server ? "client" : "server's") certificate"
                + (certificate.map { " \($0.title)" } ?? "") + ": \(alert.verdict) (\(alert))"
        case .unknownServerName(let name, let peer, let alert):
            "the \(peer) has nothing under the name \(name ?? "asked for") (\(alert))"
        case .noCommonProtocol(let peer, let alert):
            "the \(peer) speaks none of the protocols offered by ALPN (\(alert))"
        case .noCommonParameters(let peer, let alert):
            "the \(peer) finds no version, cipher or signature that both sides have (\(alert))"
        case .noCommonCipher: "server and client have no cipher in common"
        case .unsupportedVersion(.client, _, let wanted):
            "the client speaks no version from TLS \(wanted.rawValue) on"
        case .unsupportedVersion(.server, let highest?, let wanted):
            "the server speaks TLS \(highest.rawValue) at most, and TLS \(wanted.rawValue) is wanted"
        case .unsupportedVersion(.server, nil, let wanted):
            "the server refused every version from TLS \(wanted.rawValue) on (protocol_version)"
        case .foreignProtocol(let spoken, let peer):
            "the \(peer) does not speak TLS: it \(peer == .server ? "answered" : "sent") \(spoken.text)"
        case .handshakeTimedOut(let peer, 0): "the \(peer) sent nothing in the handshake before the deadline"
        case .handshakeTimedOut(_, let count):
            "the handshake was not finished before the deadline: \(count) octets came"
        case .handshakeClosed(let peer, let count):
            "the \(peer) closed the connection in the handshake, \(Self.after(count))"
        case .handshakeReset(let peer, let count):
            "the \(peer) reset the connection in the handshake, \(Self.after(count))"
        case .handshakeFailed(let cause): "the handshake failed: \(cause ?? Self.silence)"

        case .alert(let alert, let peer): "the \(peer) ended the connection with the alert \(alert)"
        case .invalidRecord(let cause): "octets that are no TLS record came in the stream: \(cause ?? Self.silence)"
        case .modifiedRecord: "a record does not decrypt: its octets were changed on the way"
        case .streamFailed(let cause): "the stream failed: \(cause ?? Self.silence)"
        case .noCloseNotify: "the TLS stream was cut off without a close_notify"
        case .connectionClosed: "the connection was closed before its end"
        }
    }

    private var hint: String? {
        switch self {
        case .encryptedFile: "put its passphrase into a variable and name that with --key-passphrase-env"
        case .unsupportedKey:
            "it uses an algorithm that OpenSSL has given up: convert it with 'openssl pkcs12 -legacy' or 'openssl pkey'"
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
            "it takes one issued by \(Self.list(issuers))"
        case .unknownServerName: "ask for another with --server-name"
        case .unsupportedVersion(.server, let highest, let wanted):
            (highest ?? TLSVersion.allCases.last { $0 < wanted }).map {
                "update the server, or go down to what it speaks with --tls-min \($0.rawValue)"
            }
        case .foreignProtocol(let spoken, .server): spoken.hint
        case .handshakeTimedOut(.server, 0), .handshakeClosed(.server, 0), .handshakeReset(.server, 0):
            "where this port does not speak TLS, try stomp:// or ws://"
        case .cannotRead, .tooLarge, .damagedCertificate, .wrongPassphrase, .unreadableKey, .nothingFound,
            .unknownFormat, .mismatchedKey, .rejectedCertificate, .rejectedAuthority, .cannotStartLibrary,
            .outOfMemory, .invalidServerName, .noCertificateFromClient, .certificateRejected, .noCommonProtocol,
            .noCommonParameters, .noCommonCipher, .unsupportedVersion, .foreignProtocol, .handshakeTimedOut,
            .handshakeClosed, .handshakeReset, .handshakeFailed, .alert, .invalidRecord, .modifiedRecord,
            .streamFailed, .noCloseNotify, .connectionClosed:
            nil
        }
    }

    private static let silence = "OpenSSL does not say why"

    private static func said(_ cause: String?) -> String { cause ?? "it does not say why" }

    private static func after(_ count: Int) -> String { count == 0 ? "without a word" : "after \(count) octets" }

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
        case 43: "it is of the wrong kind, or not for this purpose"
        case 44: "it is revoked"
        case 45: "it has expired, or is not yet valid"
        case 48: "it does not know the issuer"
        case 49: "it is valid, and not let in"
        case 51: "the signature made with its key does not hold"
        case 116: "it is required"
        default: "it will not do"
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
