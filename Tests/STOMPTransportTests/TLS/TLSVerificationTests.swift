import STOMPTransport
import Testing

/// How a client verifies a server's certificates, over TCP and WebSocket.
@Suite struct TLSVerificationTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        /// The certificate file of the server; `ca` is the file that the client trusts.
        var server: String
        var ca = "ca"
        var host = "localhost"
        var reason: VerificationFailure.Reason
        /// The subject of the invalid certificate.
        var subject: String
        var isOfPeer = true

        var testDescription: String { name }
    }

    static let root = "O=Stomptap, CN=Test Root"
    static let faults = [
        Fault(name: "expired", server: "expired", reason: .expired, subject: "CN=expired"),
        Fault(name: "not yet valid", server: "future", reason: .notYetValid, subject: "CN=future"),
        Fault(name: "self-signed", server: "self", reason: .selfSigned, subject: "CN=alone"),
        Fault(
            name: "unknown issuer, leaf alone", server: "server", ca: "other-ca", reason: .incompleteChain,
            subject: "CN=server"),
        Fault(
            name: "unknown issuer, root sent", server: "with-root", ca: "other-ca", reason: .untrustedRoot,
            subject: root, isOfPeer: false),
        Fault(
            name: "unknown issuer, chain sent", server: "chain", ca: "other-ca", reason: .unknownIssuer,
            subject: "CN=Test Intermediate", isOfPeer: false),
        Fault(name: "incomplete chain", server: "leaf", reason: .incompleteChain, subject: "CN=leaf"),
        Fault(
            name: "an authority made anew", server: "server", ca: "renewed-ca", reason: .otherIssuerKey,
            subject: "CN=server"),
        Fault(name: "another host", server: "named", reason: .otherNames(than: "localhost"), subject: "CN=named"),
        Fault(
            name: "another address", server: "named", host: "127.0.0.1", reason: .otherAddresses(than: "127.0.0.1"),
            subject: "CN=named"),
        Fault(
            name: "a wildcard is for no address", server: "wildcard", host: "127.0.0.1",
            reason: .otherAddresses(than: "127.0.0.1"), subject: "CN=wildcard"),
        Fault(
            name: "an address as a DNS name", server: "textual", host: "127.0.0.1",
            reason: .otherAddresses(than: "127.0.0.1"), subject: "CN=textual"),
        Fault(
            name: "no common name", server: "common", reason: .otherNames(than: "localhost"), subject: "CN=localhost"),
        Fault(name: "wrong purpose", server: "purpose", reason: .wrongPurpose, subject: "CN=purpose"),
        Fault(
            name: "a leaf as authority", server: "below-chain", reason: .notAuthority, subject: "CN=server",
            isOfPeer: false),
    ]

    /// The property that makes each certificate of ``faults`` invalid.
    static let facts: [String: @Sendable (TLSCertificate) -> Bool] = [
        "expired": { $0.notAfter == 1_609_556_645 },
        "not yet valid": { $0.notBefore == 3_155_760_000 },
        "unknown issuer, leaf alone": { $0.issuer == root },
        "unknown issuer, chain sent": { $0.issuer == root },
        "incomplete chain": { $0.issuer == "CN=Test Intermediate" },
        "an authority made anew": { $0.issuer == root },
        "another host": { $0.names == ["DNS:stomp.example", "DNS:*.wild.example"] },
        "a wildcard is for no address": { $0.names == ["DNS:*.0.0.1", "DNS:*.example"] },
        "an address as a DNS name": { $0.names == ["DNS:127.0.0.1"] },
        "no common name": { $0.names.isEmpty },
        "wrong purpose": { $0.purposes == ["TLS Web Client Authentication"] },
        "a leaf as authority": { !$0.isAuthority },
    ]

    @Test(arguments: faults, Above.allCases) func aFaultIsNamed(_ fault: Fault, _ above: Above) async throws {
        let server = Inbox()
        try await withTLSServer(above, TLSServerOptions(fault.server), accept: server.factory) { port in
            let error = try await refusal(above, by: port, host: fault.host, TLSOptions(ca: fault.ca))
            #expect(error.kind == .refused)
            guard case .tls(.untrusted(let failure)) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(failure.reason == fault.reason)
            #expect(failure.certificate.subject == fault.subject)
            #expect(failure.isOfPeer == fault.isOfPeer)
            #expect(failure.peer == .server)
            #expect(failure.trust == .path(Certificates.shared.path(fault.ca + ".pem")))
            #expect(abs(failure.time - Int(Timestamp.now().nanoseconds / 1_000_000_000)) < 600)
            if let isTrue = Self.facts[fault.name] { #expect(isTrue(failure.certificate), "\(failure.certificate)") }
        }
        #expect(server.contents.stream == nil, "the server saw a client that had refused it")
    }

    struct Fit: Sendable, CustomTestStringConvertible {
        var server: String
        var ca = "ca"
        var host = "localhost"
        var serverName: String?

        var testDescription: String { "\(server) \(ca) \(serverName ?? host)" }
    }

    static let fits = [
        Fit(server: "server"), Fit(server: "server", host: "127.0.0.1"),
        Fit(server: "server", serverName: "LOCALHOST."),
        Fit(server: "chain"), Fit(server: "with-root"),
        Fit(server: "named", serverName: "stomp.example"), Fit(server: "named", serverName: "a.wild.example"),
        Fit(server: "named", host: "127.0.0.1", serverName: "stomp.example"), Fit(server: "server", serverName: "::1"),
        // A trusted certificate need not be a root.
        Fit(server: "leaf", ca: "intermediate"), Fit(server: "chain", ca: "leaf"), Fit(server: "self", ca: "self"),
    ]

    @Test(arguments: fits, Above.allCases) func aFitCertificateIsTaken(_ fit: Fit, _ above: Above) async throws {
        try await withTLSServer(above, TLSServerOptions(fit.server)) { port in
            var tls = TLSOptions(ca: fit.ca)
            tls.serverName = fit.serverName
            let client = Inbox()
            let stream = try await connectTLS(above, to: port, host: fit.host, tls, client: client)
            try await stream.send("hello")
            try await client.wait { $0.text == "hello" }
            try await stream.perform { $0.close() }
            #expect(try await client.end() == nil)
        }
    }

    @Test(arguments: ["b.a.wild.example", "wild.example", "locXhost.example", "example"])
    func aWildcardStandsForOneLabelOnly(_ name: String) async throws {
        for server in ["named", "partial"] {
            try await withTLSServer(.tcp, TLSServerOptions(server)) { port in
                var tls = TLSOptions(ca: "ca")
                tls.serverName = name
                let error = try await refusal(by: port, tls)
                guard case .tls(.untrusted(let failure)) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(failure.reason == .otherNames(than: name))
            }
        }
    }

    @Test func aNameThatCannotBeOneIsSaid() async throws {
        try await withTLSServer { port in
            for name in ["", "a\0b", String(repeating: "a", count: 300)] {
                var tls = TLSOptions(ca: "ca")
                tls.serverName = name
                let error = try await refusal(by: port, tls)
                #expect(error.kind == .badConfiguration)
                #expect(error == .tls(.invalidServerName(name)))
            }
        }
    }

    @Test(arguments: ["expired", "self", "named", "leaf"], Above.allCases)
    func insecureConnectsAndReportsTheProblem(_ server: String, _ above: Above) async throws {
        try await withTLSServer(above, TLSServerOptions(server)) { port in
            var tls = TLSOptions(ca: "ca")
            tls.isInsecure = true
            let client = Inbox()
            let stream = try await connectTLS(above, to: port, tls, client: client)
            guard case .unverified(let failures) = stream.description.tlsSummary?.trust else {
                Issue.record("\(String(describing: stream.description.tlsSummary?.trust))")
                return
            }
            let reasons: [String: VerificationFailure.Reason] = [
                "expired": .expired, "self": .selfSigned, "named": .otherNames(than: "localhost"),
                "leaf": .incompleteChain,
            ]
            #expect(failures.contains { $0.reason == reasons[server] }, "\(failures)")
            try await stream.send("hello")
            try await client.wait { $0.text == "hello" }
            stream.abort()
        }
    }

    @Test func aReplacedCAFileIsReadAgain() async throws {
        let files = Certificates.shared
        let path = try files.copy("other-ca.pem", to: "fixed-ca.pem")
        var options = TransportOptions()
        options.tls.ca = path
        let connector = TransportConnector(options: options)
        try await withTLSServer { port in
            let target = TransportTarget(kind: .tcp, host: "localhost", port: port, isSecure: true)
            func connect() async throws -> any TransportStream {
                try await connector.connect(
                    to: target, on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
            }
            await #expect(throws: TransportError.self) { _ = try await connect() }
            try files.copy("ca.pem", to: "fixed-ca.pem")
            try await connect().abort()
            // A file that was read once is not read again.
            try files.write("fixed-ca.pem", "")
            try await connect().abort()
        }
    }
}
