import STOMPTransport
import Testing

/// What a client makes of a server's certificates, over TCP and WebSocket.
@Suite struct TLSVerificationTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        /// The files of the server's certificates and of those that the client trusts.
        var server: String
        var ca = "ca"
        var host = "localhost"
        var message: [String]
        var remedy: String?

        var testDescription: String { name }
    }

    static let faults = [
        Fault(
            name: "expired", server: "expired",
            message: ["the server's certificate CN=expired expired on 2021-01-02 03:04:05 UTC", "years ago"],
            remedy: "--insecure"),
        Fault(
            name: "not yet valid", server: "future",
            message: ["CN=future is not yet valid", "2070-01-01 00:00:00 UTC", "in "], remedy: "clocks"),
        Fault(
            name: "self-signed", server: "self", message: ["CN=alone is self-signed", "ca.pem"], remedy: "--ca FILE"),
        Fault(
            name: "unknown issuer, leaf alone", server: "server", ca: "other-ca",
            message: ["unknown issuer \"O=Stomptap, CN=Test Root\" of the server's certificate CN=server"],
            remedy: "--ca"),
        Fault(
            name: "unknown issuer, root sent", server: "with-root", ca: "other-ca",
            message: ["unknown issuer", "leads to \"O=Stomptap, CN=Test Root\", which is self-signed"],
            remedy: "give the certificate of \"O=Stomptap, CN=Test Root\" with --ca"),
        Fault(
            name: "unknown issuer, chain sent", server: "chain", ca: "other-ca",
            message: ["unknown issuer \"O=Stomptap, CN=Test Root\" of the authority's certificate", "Intermediate"],
            remedy: "give the certificate of \"O=Stomptap, CN=Test Root\" with --ca"),
        Fault(
            name: "incomplete chain", server: "leaf",
            message: ["unknown issuer \"CN=Test Intermediate\"", "CN=leaf", "the chain is incomplete"],
            remedy: "have the server send the intermediate ones"),
        Fault(
            name: "an authority made anew", server: "server", ca: "renewed-ca",
            message: ["CN=server was not issued by the \"O=Stomptap, CN=Test Root\"", "another key"], remedy: "--ca"),
        Fault(
            name: "another host", server: "named",
            message: ["asked for localhost", "is for stomp.example, *.wild.example"],
            remedy: "--server-name stomp.example"),
        Fault(
            name: "another address", server: "named", host: "127.0.0.1",
            message: ["asked for 127.0.0.1", "is for stomp.example"], remedy: "--server-name stomp.example"),
        Fault(
            name: "a wildcard is for no address", server: "wildcard", host: "127.0.0.1",
            message: ["asked for 127.0.0.1", "is for *.0.0.1, *.example"]),
        Fault(
            name: "an address as a DNS name", server: "textual", host: "127.0.0.1",
            message: ["CN=textual has it as a DNS name, not as an IP address"], remedy: "IP:127.0.0.1"),
        Fault(
            name: "no common name", server: "common",
            message: ["CN=localhost has no subject alternative name, and its common name does not count"],
            remedy: "DNS:localhost"),
        Fault(
            name: "wrong purpose", server: "purpose",
            message: ["CN=purpose is not for a TLS server: it is for TLS Web Client Authentication"]),
        Fault(
            name: "a leaf as authority", server: "below-chain",
            message: ["the certificate CN=server issued another, and is no authority's (CA:FALSE)"]),
    ]

    @Test(arguments: faults, Above.allCases) func aFaultIsNamed(_ fault: Fault, _ above: Above) async throws {
        let server = Inbox()
        try await withTLSServer(above, TLSServerOptions(fault.server), accept: server.factory) { port in
            let error = try await refusal(above, by: port, host: fault.host, TLSOptions(ca: fault.ca))
            #expect(error.kind == .refused)
            #expect(error.layer == .tls)
            for part in fault.message { #expect(error.message.contains(part), "\(error)") }
            #expect((error.remedy == nil) == (fault.remedy == nil), "\(error)")
            if let remedy = fault.remedy { #expect(error.remedy?.contains(remedy) == true, "\(error)") }
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
        // What is trusted need not be a root.
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
                #expect(error.message.contains("asked for \(name), but"), "\(error)")
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
                #expect(error.message.contains("is no name for a certificate"))
            }
        }
    }

    @Test(arguments: ["expired", "self", "named", "leaf"], Above.allCases)
    func insecureConnectsAndTellsWhatIsWrong(_ server: String, _ above: Above) async throws {
        try await withTLSServer(above, TLSServerOptions(server)) { port in
            var tls = TLSOptions(ca: "ca")
            tls.isInsecure = true
            let client = Inbox()
            let stream = try await connectTLS(above, to: port, tls, client: client)
            guard case .unverified(let reasons) = stream.description.tlsSummary?.trust else {
                Issue.record("\(String(describing: stream.description.tlsSummary?.trust))")
                return
            }
            let words = ["expired": "expired on", "self": "self-signed", "named": "is for", "leaf": "unknown issuer"]
            #expect(reasons.contains { $0.contains(words[server] ?? "") }, "\(reasons)")
            try await stream.send("hello")
            try await client.wait { $0.text == "hello" }
            stream.abort()
        }
    }

    @Test func whoMendsAFileIsServedByTheMendedOne() async throws {
        let files = Certificates.shared
        let path = try files.copy("other-ca.pem", to: "mended-ca.pem")
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
            try files.copy("ca.pem", to: "mended-ca.pem")
            try await connect().abort()
            // And what was read once is not read again.
            try files.write("mended-ca.pem", "")
            try await connect().abort()
        }
    }
}
