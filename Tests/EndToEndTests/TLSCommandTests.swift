import Foundation
import TestSupport
import Testing

/// `stomps://` and `wss://` from the command line, against `serve --tls-cert`.
@Suite(.spawning) struct TLSCommandTests {
    /// Runs `body` with a folder that contains `ca.pem`, and `server.pem` for localhost and 127.0.0.1.
    func withCertificates<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (URL) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryFolder { folder in
            let script = """
                cd "$0"
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                    -keyout ca.key -out ca.pem -subj '/CN=test CA' 2>/dev/null
                printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' >names
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key -out server.csr \
                    -subj '/CN=localhost' 2>/dev/null
                openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names \
                    -out server.pem 2>/dev/null
                """
            let made = try await Program("/bin/sh", ["-ec", script, folder.path]).run()
            try #require(made.status == .exited(0), "\(made)")
            return try await body(folder)
        }
    }

    private func withServer<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (ServedBroker, String) async throws -> Value
    ) async throws -> Value {
        try await withCertificates { folder in
            let certificate = ["--tls-cert", folder.path + "/server.pem", "--tls-key", folder.path + "/server.key"]
            return try await ServedBroker.run(certificate) { broker in try await body(broker, folder.path + "/ca.pem") }
        }
    }

    @Test func tailsAndPublishes() async throws {
        try await withServer { broker, ca in
            #expect(broker.tcp.hasPrefix("stomps://"))
            #expect(broker.webSocket.hasPrefix("wss://"))
            for url in broker.urls + [broker.webSocket.replacing("wss://", with: "https://")] {
                let subscribe = Program.stomptap("subscribe", url, "/topic/a", "-n", "1", "-o", "body", "--ca", ca)
                try await subscribe.startSubscribed { subscriber in
                    let sent = try await Program.stomptap("publish", url, "/topic/a", "비밀", "--ca", ca, "-vv").run()
                    #expect(sent.status == .exited(0), "\(sent)")
                    #expect(sent.errors.contains("TLSv1.3"))
                    #expect(sent.errors.contains("verified by"))
                    #expect(try await subscriber.result().output == "비밀\n")
                }
            }
        }
    }

    @Test func namesTheCertificateThatFails() async throws {
        try await withServer { broker, ca in
            for url in broker.urls {
                let unknown = try await Program.stomptap("publish", url, "/a", "hi").run()
                #expect(unknown.status == .exited(77), "\(unknown)")
                #expect(unknown.errors.contains("test CA") && unknown.errors.contains("--ca"), "\(unknown)")
                let other = try await Program.stomptap(
                    "publish", url, "/a", "hi", "--ca", ca, "--server-name", "other.example"
                ).run()
                #expect(other.status == .exited(77))
                #expect(other.errors.contains("other.example") && other.errors.contains("localhost"), "\(other)")
                #expect(other.errors.split(separator: "\n").count == 1)
            }
        }
    }

    @Test func insecureAcceptsAnyCertificateWithAWarning() async throws {
        try await withServer { broker, _ in
            let result = try await Program.stomptap("publish", broker.tcp, "/a", "hi", "-k").run()
            #expect(result.status == .exited(0))
            #expect(result.errors.hasPrefix("stomptap: warning: TLS: -k"), "\(result)")
        }
    }

    @Test func distinguishesPlainFromTLS() async throws {
        try await withServer { broker, ca in
            let plain = try await Program.stomptap(
                "publish", broker.tcp.replacing("stomps://", with: "stomp://"), "/a", "hi"
            ).run()
            #expect(plain.status == .exited(76), "\(plain)")
            #expect(plain.errors.contains("stomps://"), "\(plain)")
            try await ServedBroker.run { other in
                let secure = try await Program.stomptap(
                    "publish", other.tcp.replacing("stomp://", with: "stomps://"), "/a", "hi", "--ca", ca
                ).run()
                #expect(secure.status == .exited(76), "\(secure)")
                #expect(secure.errors.contains("does not speak TLS"), "\(secure)")
            }
        }
    }

    /// The options of a listener differ in name from those of a client.
    @Test func aMissingKeyIsAskedForByTheOptionThatThereIs() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "own.pem").path
            let made = try await Program(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=a", "-out",
                    file,
                ]
            ).run()
            #expect(made.status == .exited(0), "\(made)")
            let served = try await Program.stomptap("serve", "--tcp", "127.0.0.1:0", "--tls-cert", file).run()
            #expect(served.status == .exited(65), "\(served)")
            #expect(served.errors.contains("give its file with --tls-key"), "\(served)")
            let client = try await Program.stomptap("publish", "stomps://127.0.0.1:1", "/a", "x", "--cert", file).run()
            #expect(client.errors.contains("give its file with --key"), "\(client)")
        }
    }

    @Test func namesTheFileThatIsWrong() async throws {
        let missing = try await Program.stomptap("publish", "stomps://localhost:1", "/a", "x", "--ca", "/none.pem")
            .run()
        #expect(missing.status == .exited(66))
        #expect(missing.errors.contains("/none.pem"))
        let served = try await Program.stomptap("serve", "--tcp", "127.0.0.1:0", "--tls-cert", "/none.pem").run()
        #expect(served.status == .exited(66), "\(served)")
        let wrong = try await Program.stomptap("publish", "stomps://localhost:1", "/a", "x", "--ca", "/etc/passwd")
            .run()
        #expect(wrong.status == .exited(65), "\(wrong)")
        let usage = try await Program.stomptap("publish", "stomps://localhost:1", "/a", "x", "--key", "k").run()
        #expect(usage.status == .exited(64))
    }

    @Test func aStalledHandshakeIsNotWaitedForForEver() async throws {
        try await ScriptedServer.run(.stall) { server in
            let result = try await Program.stomptap(
                "publish", "stomps://127.0.0.1:\(server.port)", "/a", "x", "--connect-timeout", "3s"
            ).run()
            #expect(result.status == .exited(75), "\(result)")
            #expect(result.errors.contains("TLS"))
        }
    }
}
