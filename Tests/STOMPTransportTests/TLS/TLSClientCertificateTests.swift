import STOMPTransport
import TestSupport
import Testing

/// Servers that require a client certificate. In TLS 1.3 they refuse it after the client has finished its handshake.
@Suite(.spawning) struct TLSClientCertificateTests {
    static let versions = ["-tls1_2", "-tls1_3"]

    @Test(arguments: Above.allCases) func aCertificateIsShown(_ above: Above) async throws {
        let server = Inbox()
        try await withTLSServer(above, TLSServerOptions("server", clientCA: "ca"), accept: server.factory) { port in
            let stream = try await connectTLS(above, to: port, TLSOptions(ca: "ca").showing("client"))
            let accepted = try #require(try await server.wait { $0.stream != nil }.stream)
            #expect(accepted.description.tlsSummary?.chain.first?.subject == "CN=Alice")
            guard case .verified(let anchor, _) = accepted.description.tlsSummary?.trust else {
                Issue.record("the server did not verify its client")
                return
            }
            #expect(anchor.subject == "O=Stomptap, CN=Test Root")
            stream.abort()
        }
    }

    @Test(arguments: Above.allCases) func aMissingClientCertificateIsReported(_ above: Above) async throws {
        let server = Inbox()
        try await withTLSServer(above, TLSServerOptions("server", clientCA: "ca"), accept: server.factory) { port in
            let error = try await lateRefusal(above, by: port)
            #expect(error.kind == .refused)
            #expect(
                error
                    == .tls(
                        .clientCertificateRequired(
                            issuedBy: ["O=Stomptap, CN=Test Root"], TLSAlert(number: 116))))
        }
        #expect(server.contents.stream == nil)
    }

    @Test(arguments: versions, Above.allCases)
    func anOpenSSLServerMissesItToo(_ version: String, _ above: Above) async throws {
        let ca = Certificates.shared.path("ca.pem")
        try await withOpenSSLServer(version, "-Verify", "1", "-CAfile", ca, "-verify_return_error") { port, _ in
            let error = try await lateRefusal(above, by: port)
            #expect(error.kind == .refused)
            guard case .tls(.clientCertificateRequired) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test(arguments: versions, Above.allCases)
    func aCertificateThatIsRefusedIsNamed(_ version: String, _ above: Above) async throws {
        let ca = Certificates.shared.path("ca.pem")
        for (shown, subject, alert) in [("expired-client", "CN=Late", 45), ("self", "CN=alone", 48)] {
            try await withOpenSSLServer(version, "-Verify", "1", "-CAfile", ca, "-verify_return_error") { port, _ in
                let error = try await lateRefusal(above, by: port, TLSOptions(ca: "ca").showing(shown))
                #expect(error.kind == .refused)
                guard case .tls(.certificateRejected(by: .server, let certificate, _, let sent)) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(certificate?.subject == subject)
                #expect(sent == TLSAlert(number: Int32(alert)))
            }
        }
    }

    @Test(arguments: ["expired-client", "self", "server"]) func ourListenerSaysWhyItRefuses(_ shown: String)
        async throws
    {
        let trace = Trace(.layers)
        var options = TransportOptions()
        options.trace = trace.wire
        var tls = TLSServerOptions("server", clientCA: "other-ca")
        if shown == "expired-client" { tls = TLSServerOptions("server", clientCA: "ca") }
        try await withTLSServer(.tcp, tls, options: options) { port in
            let error = try await lateRefusal(.tcp, by: port, TLSOptions(ca: "ca").showing(shown))
            #expect(error.kind == .refused)
        }
        let reasons: [String: (VerificationFailure.Reason, subject: String)] = [
            "expired-client": (.expired, "CN=Late"), "self": (.selfSigned, "CN=alone"),
            "server": (.incompleteChain, "CN=server"),
        ]
        let (reason, subject) = try #require(reasons[shown])
        let failure = try await eventually {
            trace.failures.lazy.compactMap { error in
                if case .tls(.untrusted(let failure)) = error { failure } else { nil }
            }.first
        } otherwise: {
            "\(trace.lines)"
        }
        #expect(failure.reason == reason)
        #expect(failure.certificate.subject == subject)
        #expect(failure.peer == .client && failure.isOfPeer)
    }

    /// Some servers close without an alert.
    @Test func aServerThatAsksAndClosesIsUnderstood() throws {
        let wire = try TLSWire(server: TLSServerOptions("server", clientCA: "ca"))
        wire.client.start()
        wire.server.start()
        try TLSWire.carry(wire.client.output(), to: wire.server)
        try TLSWire.carry(wire.server.output(), to: wire.client)
        #expect(wire.client.log.entries.first == "active")
        wire.client.channel.pipeline.fireChannelInactive()
        #expect(wire.client.log.error?.kind == .refused)
        #expect(
            wire.client.log.error == .tls(.clientCertificateRequired(issuedBy: ["O=Stomptap, CN=Test Root"], nil)))
        wire.finish()
    }
}
