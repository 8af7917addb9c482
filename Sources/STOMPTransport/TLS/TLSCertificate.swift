import COpenSSL
import NIOCore

/// The fields of an X.509 certificate that are shown to the user.
public struct TLSCertificate: Sendable, Hashable {
    /// The subject, such as `O=Example, CN=localhost`; empty if the certificate has no subject.
    public var subject: String
    /// The subject of the certificate that issued this one.
    public var issuer: String
    /// The subject alternative names, such as `DNS:localhost` and `IP:127.0.0.1`.
    public var names: [String]
    /// The start of its validity, in seconds since 1970; nil if the date cannot be parsed.
    public var notBefore: Int?
    /// The end of its validity, in seconds since 1970; nil if the date cannot be parsed.
    public var notAfter: Int?
    /// The SHA-256 of the whole certificate: pairs of hexadecimal digits separated by colons.
    public var sha256: String
    /// Whether it may issue other certificates (`CA:TRUE`).
    public var isAuthority: Bool
    /// The extended key usages, such as `TLS Web Server Authentication`; empty if there is no restriction.
    public var purposes: [String]

    package init(
        subject: String, issuer: String, names: [String], notBefore: Int?, notAfter: Int?, sha256: String,
        isAuthority: Bool, purposes: [String]
    ) {
        self.subject = subject
        self.issuer = issuer
        self.names = names
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.sha256 = sha256
        self.isAuthority = isAuthority
        self.purposes = purposes
    }

    /// Reads `certificate`; the caller keeps the ownership.
    init(_ certificate: OpaquePointer) {
        subject = Self.text(of: X509_get_subject_name(certificate))
        issuer = Self.text(of: X509_get_issuer_name(certificate))
        names = Self.alternativeNames(of: certificate)
        notBefore = Self.seconds(X509_get0_notBefore(certificate))
        notAfter = Self.seconds(X509_get0_notAfter(certificate))
        sha256 = Self.fingerprint(of: certificate)
        isAuthority = X509_check_ca(certificate) != 0
        purposes = Self.purposes(of: certificate)
    }

    static func text(of name: OpaquePointer?) -> String {
        guard let name else { return "" }
        let flags = UInt(XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN) | stomptap_name_string_flags()
        return printable(textWritten { X509_NAME_print_ex($0, name, 0, flags) })
    }

    private static func alternativeNames(of certificate: OpaquePointer) -> [String] {
        guard let found = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let all = OpaquePointer(found)
        defer { GENERAL_NAMES_free(all) }
        return (0..<stomptap_general_name_count(all)).map { index in
            let name = stomptap_general_name_at(all, index)
            return address(name) ?? printable(textWritten { GENERAL_NAME_print($0, name) })
        }
    }

    /// Formats an IP address in its usual form, because OpenSSL prints it in another one.
    private static func address(_ name: UnsafeMutablePointer<GENERAL_NAME>?) -> String? {
        var kind: Int32 = 0
        guard let value = GENERAL_NAME_get0_value(name, &kind), kind == GEN_IPADD else { return nil }
        let string = UnsafePointer(value.assumingMemoryBound(to: ASN1_STRING.self))
        let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
        let address = try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: 0)
        return address?.ipAddress.map { "IP:\($0)" }
    }

    private static func purposes(of certificate: OpaquePointer) -> [String] {
        guard let found = X509_get_ext_d2i(certificate, NID_ext_key_usage, nil, nil) else { return [] }
        let all = OpaquePointer(found)
        defer { EXTENDED_KEY_USAGE_free(all) }
        return (0..<stomptap_object_count(all)).map { index in
            var name = [CChar](repeating: 0, count: 80)
            OBJ_obj2txt(&name, Int32(name.count), stomptap_object_at(all, index), 0)
            return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int? {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { return nil }
        defer { ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return Int(days) * 86400 + Int(seconds)
    }

    private static func fingerprint(of certificate: OpaquePointer) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        guard X509_digest(certificate, EVP_sha256(), &digest, &count) == 1 else { return "" }
        let hex = Array("0123456789ABCDEF")
        return digest.map { "\(hex[Int($0 >> 4)])\(hex[Int($0 & 15)])" }.joined(separator: ":")
    }
}

extension TLSCertificate: CustomStringConvertible {
    /// Its subject, or one of its names, or its fingerprint.
    public var description: String { subject.isEmpty ? names.first ?? "SHA-256 \(sha256)" : subject }
}

/// The result of a TLS handshake.
public struct TLSSummary: Sendable, Hashable, CustomStringConvertible {
    /// How the peer's certificate was verified.
    public enum Trust: Sendable, Hashable {
        /// The trusted certificate at the end of the chain, and the source of that trust.
        case verified(by: TLSCertificate, from: TLSTrustSource)
        /// Verification failed for these reasons, and the connection was made anyway (``TLSOptions/isInsecure``).
        case unverified([VerificationFailure])
        /// The peer is a client that was not asked for a certificate.
        case notAsked
    }

    /// The TLS version, such as `TLSv1.3`.
    public var version: String
    /// The cipher suite, such as `TLS_AES_256_GCM_SHA384`.
    public var cipher: String
    /// The protocol negotiated with ALPN (RFC 7301).
    public var applicationProtocol: String?
    /// The certificates that the peer sent, its own first.
    public var chain: [TLSCertificate]
    /// How the peer's certificate was verified.
    public var trust: Trust

    package init(
        version: String, cipher: String, applicationProtocol: String? = nil, chain: [TLSCertificate], trust: Trust
    ) {
        self.version = version
        self.cipher = cipher
        self.applicationProtocol = applicationProtocol
        self.chain = chain
        self.trust = trust
    }

    /// Version and cipher suite: `TLSv1.3 TLS_AES_256_GCM_SHA384`.
    public var description: String { "\(version) \(cipher)" }
}
