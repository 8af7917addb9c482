import COpenSSL
import NIOCore
import Testing

@testable import STOMPTransport

/// Tests that need no connection.
@Suite struct TLSValueTests {
    @Test(
        arguments: [
            ([], true), ([0x16], true), ([0x16, 3], true), ([0x15, 3, 1], true), ([0x16, 2], false),
            ([0x18, 3], false),
            ([0x48], false), ([0x80, 0x2E], false),
        ] as [([UInt8], Bool)]) func aRecordIsKnownByItsBeginning(_ bytes: [UInt8], _ mayBeTLS: Bool)
    {
        var opening = TLSOpening()
        opening.add(ByteBuffer(bytes: bytes))
        #expect(opening.mayBeTLS == mayBeTLS)
    }

    @Test func anOpeningKeepsLittle() {
        var opening = TLSOpening()
        for _ in 0..<100 { opening.add(ByteBuffer(repeating: 0x16, count: 1000)) }
        #expect(opening.bytes.count == 64)
        #expect(opening.count == 100_000)
    }

    @Test(arguments: [(.v12, nil), (.v12, .v10), (.v13, .v12)] as [(TLSVersion, TLSVersion?)])
    func aVersionIsReadFromTheServerHello(_ wanted: TLSVersion, _ server: TLSVersion?) {
        var diagnosis = TLSDiagnosis(minimumVersion: wanted)
        if let server {
            let version = [UInt8(server.number >> 8), UInt8(server.number & 255)]
            diagnosis.opening.add(ByteBuffer(bytes: [0x16, 3, 1, 0, 80, 2, 0, 0, 76] + version + [0, 0]))
        }
        let failure = diagnosis.versionMismatch()
        #expect(failure == .unsupportedVersion(by: .server, highest: server, wanted: wanted))
        #expect(failure.kind == .protocolViolation)
    }

    @Test(
        arguments: [
            (42, "bad_certificate"), (46, "certificate_unknown"), (48, "unknown_ca"), (49, "access_denied"),
            (116, "certificate_required"),
        ] as [(Int32, String)]) func anAlertAboutTheCertificateIsARefusal(_ number: Int32, _ name: String)
    {
        var diagnosis = TLSDiagnosis()
        diagnosis.certificateRequest = ["CN=A", "CN=B", "CN=C", "CN=D", "CN=E", "CN=F"]
        let alert = TLSAlert(number: number)
        #expect(alert.name == name)
        let failure = diagnosis.alertFailure(alert)
        #expect(failure.kind == .refused)
        #expect(
            failure
                == .clientCertificateRequired(issuedBy: ["CN=A", "CN=B", "CN=C", "CN=D", "CN=E", "CN=F"], alert))
    }

    @Test(arguments: [(10, "unexpected_message"), (80, "internal_error"), (200, "alert 200")] as [(Int32, String)])
    func anyOtherAlertIsNamed(_ number: Int32, _ name: String) {
        let alert = TLSAlert(number: number)
        let failure = TLSDiagnosis().alertFailure(alert)
        #expect(failure.kind == .protocolViolation)
        #expect(failure == .alert(alert, from: .server))
        #expect(alert.description == name)
    }

    /// The text that a user of the library reads.
    @Test(
        arguments: [
            (.noCloseNotify, "TLS: no close notify"),
            (.wrongPassphrase(for: "key.pem"), "TLS: wrong passphrase for key.pem"),
            (
                .cannotRead(.privateKey, from: "key.pem", SystemError(code: 2)),
                "TLS: cannot read private key from key.pem no such file or directory"
            ),
            (.alert(TLSAlert(number: 80), from: .server), "TLS: alert internal_error from server"),
            (.foreignProtocol(.other(.amqp), from: .client), "TLS: foreign protocol other amqp from client"),
            (
                .untrusted(VerificationFailure(.otherNames(than: "a.example"), .sample)),
                "TLS: untrusted other names than a.example, certificate CN=b"
            ),
        ] as [(TLSFailure, String)])
    func aFailureIsDescribedInPlainWords(_ failure: TLSFailure, _ words: String) {
        #expect(TransportError.tls(failure).description == words)
    }
}

extension TLSCertificate {
    fileprivate static var sample: TLSCertificate {
        TLSCertificate(
            subject: "CN=b", issuer: "CN=ca", names: [], notBefore: nil, notAfter: nil, sha256: "00",
            isAuthority: false, purposes: [])
    }
}
