import STOMPTransport
import TestSupport
import Testing

/// Servers that ask who their client is. In TLS 1.3 their refusal comes when the client takes the handshake for made.
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

    @Test(arguments: Above.allCases) func aCertificateThatIsNotShownIsMissed(_ above: Above) async throws {
        let server = Inbox()
        try await withTLSServer(above, TLSServerOptions("server", clientCA: "ca"), accept: server.factory) { port in
            let error = try await lateRefusal(above, by: port)
            #expect(error.kind == .refused)
            #expect(error.layer == .tls)
            #expect(error.message == "the server requires a client certificate (certificate_required)")
            #expect(
                error.remedy == "give one issued by \"O=Stomptap, CN=Test Root\" with --cert and --key")
        }
        #expect(server.contents.stream == nil)
    }

    @Test(arguments: versions, Above.allCases)
    func anOpenSSLServerMissesItToo(_ version: String, _ above: Above) async throws {
        let ca = Certificates.shared.path("ca.pem")
        try await withOpenSSLServer(version, "-Verify", "1", "-CAfile", ca, "-verify_return_error") { port, _ in
            let error = try await lateRefusal(above, by: port)
            #expect(error.kind == .refused)
            #expect(error.message.hasPrefix("the server requires a client certificate"), "\(error)")
            #expect(error.remedy?.contains("--cert") == true)
        }
    }

    @Test(arguments: versions, Above.allCases)
    func aCertificateThatIsRefusedIsNamed(_ version: String, _ above: Above) async throws {
        let ca = Certificates.shared.path("ca.pem")
        for (shown, words) in [("expired-client", "CN=Late: it has expired"), ("self", "CN=alone: it does not know")] {
            try await withOpenSSLServer(version, "-Verify", "1", "-CAfile", ca, "-verify_return_error") { port, _ in
                let error = try await lateRefusal(above, by: port, TLSOptions(ca: "ca").showing(shown))
                #expect(error.kind == .refused)
                #expect(error.message.contains("refused the client certificate \(words)"), "\(error)")
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
        let words = [
            "expired-client": "CN=Late expired", "self": "CN=alone is self-signed", "server": "unknown issuer",
        ]
        try await eventually {
            trace.lines.contains { $0.contains(words[shown] ?? "-") } ? () : nil
        } otherwise: {
            "\(trace.lines)"
        }
        #expect(trace.lines.allSatisfy { !$0.contains("--ca") }, "a remedy for clients")
    }

    /// Servers there are that say nothing and close.
    @Test func aServerThatAsksAndClosesIsUnderstood() throws {
        let wire = try TLSWire(server: TLSServerOptions("server", clientCA: "ca"))
        wire.client.start()
        wire.server.start()
        try TLSWire.carry(wire.client.output(), to: wire.server)
        try TLSWire.carry(wire.server.output(), to: wire.client)
        #expect(wire.client.log.entries.first == "active")
        wire.client.channel.pipeline.fireChannelInactive()
        #expect(wire.client.log.error?.kind == .refused)
        #expect(wire.client.log.error?.message.contains("it asked for one, got none, and closed") == true)
        wire.finish()
    }
}
