import NIOCore
import STOMPTransport
import Testing

@testable import StomptapOutput

/// TLS events in a trace.
@Suite struct TLSEventTests {
    private static func summary(_ trust: TLSSummary.Trust, alpn: String? = nil) -> TLSSummary {
        let leaf = TLSCertificate(
            subject: "CN=leaf", issuer: "CN=Test Intermediate", names: ["DNS:localhost", "IP:127.0.0.1"], notBefore: 0,
            notAfter: 1_609_556_645, sha256: "0A:FF", isAuthority: false, purposes: [])
        let authority = TLSCertificate(
            subject: "CN=Test Intermediate", issuer: "O=Stomptap, CN=Test Root", names: [], notBefore: nil,
            notAfter: 86400, sha256: "00:01", isAuthority: true, purposes: [])
        return TLSSummary(
            version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", applicationProtocol: alpn, chain: [leaf, authority],
            trust: trust)
    }

    private static let root = TLSCertificate(
        subject: "O=Stomptap, CN=Test Root", issuer: "O=Stomptap, CN=Test Root", names: [], notBefore: nil,
        notAfter: nil, sha256: "11", isAuthority: true, purposes: [])

    private static let chain = """
        certificate 0: CN=leaf
            issuer: CN=Test Intermediate
            names: DNS:localhost, IP:127.0.0.1
            valid: 1970-01-01 00:00:00 UTC to 2021-01-02 03:04:05 UTC
            SHA-256: 0A:FF
        certificate 1: "CN=Test Intermediate"
            issuer: O=Stomptap, CN=Test Root
            valid: an unreadable date to 1970-01-02 00:00:00 UTC
            SHA-256: 00:01
        """

    @Test func aHandshakeIsShownInFull() {
        let event = WireEvent(
            .tls, .local, .layers,
            .handshakeDone(Self.summary(.verified(by: Self.root, from: .path("ca.pem")), alpn: "http/1.1")))
        #expect(event.text == "TLSv1.3 TLS_AES_256_GCM_SHA384")
        #expect(
            event.shownBytes.map { String(buffer: $0) } == """
                TLSv1.3 TLS_AES_256_GCM_SHA384, ALPN http/1.1
                \(Self.chain)
                verified by: "O=Stomptap, CN=Test Root", from ca.pem
                """)
    }

    @Test func whatIsNotVerifiedIsShown() {
        let failures = [
            VerificationFailure(.otherNames(than: "b"), Self.root), VerificationFailure(.selfSigned, Self.root),
        ]
        #expect(
            Self.summary(.unverified(failures)).text == """
                TLSv1.3 TLS_AES_256_GCM_SHA384
                \(Self.chain)
                not verified: asked for b, but the server's certificate "O=Stomptap, CN=Test Root" has no subject \
                alternative name, and its common name is ignored
                not verified: the server's certificate "O=Stomptap, CN=Test Root" is self-signed and not in the \
                system's trust store
                """)
        #expect(Self.summary(.notAsked).text == "TLSv1.3 TLS_AES_256_GCM_SHA384\n" + Self.chain)
    }

    @Test(
        arguments: [
            (.closeNotify, "close_notify"),
            (
                .keysLogged(to: "keys.log"),
                "the keys of this session are written to keys.log (SSLKEYLOGFILE); they decrypt its traffic"
            ),
            (.cannotLogKeys(to: "keys.log"), "cannot write SSLKEYLOGFILE=keys.log; no keys are logged"),
            (
                .failed(.tls(.unknownServerName("a", at: .server, TLSAlert(number: 112)))),
                "TLS: the server does not know the name a (unrecognized_name); use another name with --server-name"
            ),
        ] as [(WireEvent.Content, String)])
    func eventsHaveTheirWords(_ content: WireEvent.Content, _ text: String) {
        let event = WireEvent(.tls, .local, .layers, content)
        #expect(event.text == text)
        #expect(event.shownBytes == nil)
    }
}
