import Foundation
import TestSupport
import Testing

/// How `tap` reaches its servers.
@Suite(.spawning) struct TapServersTests {
    /// The environment sets a proxy for one of the servers and not for the other.
    @Test func eachServerHasItsOwnProxy() async throws {
        let ports = try Loopback.freePorts(2)
        let servers = "stomp://localhost:\(ports[0]),stomp://elsewhere.invalid"
        let environment = ["ALL_PROXY": "http://127.0.0.1:\(ports[1])", "NO_PROXY": "localhost"]
        try await RunningTap.run(to: servers, environment: environment) { tap in
            let result = try await Program.stomptap("publish", tap.url, "/a", "hi").run()
            #expect(result.status == .exited(69), "\(result)")
            try await tap.program.waitFor("* end: no connection to the server", in: .stderr)
            let errors = try await tap.end().errors
            #expect(errors.contains("* TCP: connection refused by 127.0.0.1:\(ports[0])"), "\(errors)")
            #expect(errors.contains("* proxy: cannot connect to the proxy http://127.0.0.1:\(ports[1])"), "\(errors)")
        }
    }

    @Test(arguments: ["bad name: x", "a: x\ny"]) func anInvalidHeaderIsWrongUsage(header: String) async throws {
        let result = try await Program.stomptap(
            "tap", "ws://localhost:1", "--listen", "127.0.0.1:0", "--http-header", header
        ).run()
        #expect(result.status == .exited(64), "\(result)")
        #expect(result.errors.hasPrefix("stomptap: HTTP: ") && result.errors.split(separator: "\n").count == 1)
    }
}
