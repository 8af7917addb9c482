import COpenSSL
import NIOCore
import Testing

@testable import STOMPTransport

/// What needs no connection.
@Suite struct TLSValueTests {
    @Test(arguments: [
        (0, "1970-01-01 00:00:00 UTC"), (951_782_400, "2000-02-29 00:00:00 UTC"),
        (1_709_251_199, "2024-02-29 23:59:59 UTC"), (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        (-1, "1969-12-31 23:59:59 UTC"), (-62_135_596_800, "0001-01-01 00:00:00 UTC"),
        (253_402_300_799, "9999-12-31 23:59:59 UTC"),
    ]) func datesAreThoseOfTheCalendar(_ seconds: Int, _ text: String) {
        #expect(TLSDate.text(seconds) == text)
    }

    @Test func everyMonthOfFourCenturiesHasItsLength() {
        var (year, month, day) = (1970, 1, 1)
        for days in 0..<146_097 {
            if day == 1 || day > 27 {
                let expected = [year, month, day].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "-")
                #expect(TLSDate.text(days * 86400) == "\(expected) 00:00:00 UTC")
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    @Test(arguments: [
        (-1, "1 second ago"), (0, "in 0 seconds"), (119, "in 119 seconds"), (-120, "2 minutes ago"),
        (7200, "in 2 hours"), (-172_800, "2 days ago"), (-86400 * 729, "729 days ago"), (86400 * 800, "in 2 years"),
    ]) func distancesAreRounded(_ seconds: Int, _ text: String) {
        #expect(TLSDate.distance(seconds) == text)
    }

    @Test(
        arguments: [
            ([], true), ([0x16], true), ([0x16, 3], true), ([0x15, 3, 1], true), ([0x16, 2], false),
            ([0x18, 3], false),
            ([0x48], false), ([0x80, 0x2E], false),
        ] as [([UInt8], Bool)]) func aRecordIsKnownByItsBeginning(_ octets: [UInt8], _ mayBeTLS: Bool)
    {
        var opening = TLSOpening()
        opening.add(ByteBuffer(bytes: octets))
        #expect(opening.mayBeTLS == mayBeTLS)
    }

    @Test func anOpeningKeepsLittle() {
        var opening = TLSOpening()
        for _ in 0..<100 { opening.add(ByteBuffer(repeating: 0x16, count: 1000)) }
        #expect(opening.octets.count == 64)
        #expect(opening.count == 100_000)
    }

    @Test(
        arguments: [
            (TLSVersion.v12, nil, "the server refused every version from TLS 1.2 on (protocol_version)", "1.1"),
            (.v12, .v10, "the server speaks TLS 1.0 at most, and TLS 1.2 is wanted", "1.0"),
            (.v13, .v12, "the server speaks TLS 1.2 at most, and TLS 1.3 is wanted", "1.2"),
        ] as [(TLSVersion, TLSVersion?, String, String)])
    func aVersionIsReadFromTheServerHello(
        _ wanted: TLSVersion, _ server: TLSVersion?, _ message: String, _ lower: String
    ) {
        var diagnosis = TLSDiagnosis(minimumVersion: wanted)
        if let server {
            let version = [UInt8(server.number >> 8), UInt8(server.number & 255)]
            diagnosis.opening.add(ByteBuffer(bytes: [0x16, 3, 1, 0, 80, 2, 0, 0, 76] + version + [0, 0]))
        }
        let error = diagnosis.versionMismatch()
        #expect(error.message == message)
        #expect(error.remedy?.hasSuffix("--tls-min \(lower)") == true)
    }

    @Test(
        arguments: [
            (42, "bad_certificate"), (46, "certificate_unknown"), (48, "unknown_ca"), (49, "access_denied"),
            (116, "certificate_required"),
        ] as [(Int32, String)]) func anAlertAboutTheCertificateIsARefusal(_ alert: Int32, _ name: String)
    {
        var diagnosis = TLSDiagnosis()
        diagnosis.certificateRequest = ["CN=A", "CN=B", "CN=C", "CN=D", "CN=E", "CN=F"]
        let error = diagnosis.alertFailure(alert)
        #expect(error.kind == .refused)
        #expect(error.message == "the server requires a client certificate (\(name))")
        #expect(
            error.remedy == "give one issued by CN=A or CN=B or CN=C or CN=D (and 2 more) with --cert and --key")
    }

    @Test(arguments: [(10, "unexpected_message"), (80, "internal_error"), (200, "alert 200")] as [(Int32, String)])
    func anyOtherAlertIsNamed(_ alert: Int32, _ name: String) {
        let error = TLSDiagnosis().alertFailure(alert)
        #expect(error.kind == .protocolViolation)
        #expect(error.message == "the server ended the connection with the alert \(name)")
    }
}
