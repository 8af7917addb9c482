import NIOCore
import STOMPTransport
import SystemC
import TestSupport
import Testing

@testable import STOMPTap

/// What passes through a tap over TCP, and how connections end.
@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    @Test func theAppsHalfEndsByItself() async throws {
        try await Between.run(.tcp) { between in
            let (app, server) = try await between.open()
            app.send("hello, bye")
            app.finish()
            try await server.wait("end") { $0.isFinished }
            #expect(server.text == "hello, bye")
            server.send("still here")
            server.finish()
            try await app.waitForEnd()
            #expect(app.text == "still here")
            #expect(!app.wasReset)
            try await between.wait("end") { $0.endings == [.connectionClosed(by: .app)] }
        }
    }

    @Test func theServersHalfEndsByItself() async throws {
        try await Between.run(.tcp) { between in
            let (app, server) = try await between.open()
            server.send("hello")
            server.finish()
            try await app.wait("end") { $0.isFinished }
            #expect(app.text == "hello")
            app.send("still here")
            app.close()
            try await server.waitForEnd()
            #expect(server.text == "still here")
            try await between.wait("end") { $0.endings == [.connectionClosed(by: .server)] }
        }
    }

    @Test(arguments: [true, false]) func resetsPassOn(isApps: Bool) async throws {
        try await Between.run(.tcp) { between in
            let (app, server) = try await between.open()
            app.send("x")
            try await server.wait(until: "x")
            let (leaver, other) = isApps ? (app, server) : (server, app)
            try await leaver.reset()
            try await other.wait("reset") { $0.wasReset }
            #expect((other.error as? IOError)?.errnoCode == ECONNRESET)
            try await between.wait("end") { $0.endings.count == 1 }
            let ending = between.endings[0]
            #expect(ending.isReset(by: isApps ? .app : .server), "\(ending)")
        }
    }

    @Test func otherBytesThanSTOMPPassAndAreReported() async throws {
        try await Between.run(.tcp) { between in
            let (app, server) = try await between.open()
            app.send("GET / HTTP/1.1\r\n\r\n")
            try await server.wait(until: "GET / HTTP/1.1\r\n\r\n")
            server.send("HTTP/1.1 400 Bad Request\r\n\r\n")
            server.close()
            try await app.waitForEnd()
            #expect(app.text == "HTTP/1.1 400 Bad Request\r\n\r\n")
            app.close()
            try await between.wait("end") { $0.endings == [.connectionClosed(by: .server)] }
            #expect(between.bytes(.outgoing) == "GET / HTTP/1.1\r\n\r\n")
            #expect(between.bytes(.incoming) == "HTTP/1.1 400 Bad Request\r\n\r\n")
        }
    }

    @Test func aServerThatIsDownIsReportedAndTheAppIsDisconnected() async throws {
        let port = try Loopback.freePorts(1)[0]
        try await Between.run(.tcp) {
            $0.servers[0].target.port = port
        } _: { between in
            // The reset may arrive before the system reports the connection as established.
            if let app = try? await between.connect() {
                try await app.waitForEnd()
                #expect(app.text == "")
            }
            try await between.wait("end") { $0.endings == [.noConnectionToServer] }
            #expect(between.notes.contains(.cannotConnect(.tcp(.connectionRefused(by: ["127.0.0.1:\(port)"])))))
        }
    }

    /// A server address in a network that never answers (RFC 5737).
    @Test func anAppThatDoesNotWaitIsForgotten() async throws {
        try await Between.run(.tcp) {
            $0.servers[0].target.host = "192.0.2.1"
            $0.connectTimeout = .seconds(1)
        } _: { between in
            // If the machine has no route to that network, the tap closes first.
            try? await between.connect().reset()
            try await between.wait("end") { $0.endings.count == 1 }
            // An app that is still waiting does not keep the tap from shutting down.
            try? await between.connect().send("x")
            try await between.wait("second connection") { Set($0.all.map(\.connection)).count == 2 }
            await between.tap.shutdown()
            #expect(between.endings.count == 2)
        }
    }

    @Test func theSecondServerIsTriedWhereTheFirstIsDown() async throws {
        let port = try Loopback.freePorts(1)[0]
        try await Between.run(.tcp) {
            var down = $0.servers[0]
            down.target.port = port
            $0.servers.insert(down, at: 0)
        } _: { between in
            let (app, server) = try await between.open()
            server.send("hello")
            try await app.wait(until: "hello")
        }
    }

    @Test(arguments: [false, true])
    func anEndThatReadsNothingStopsTheOther(isSifting: Bool) async throws {
        var faults = TapFaults()
        faults.dropsHeartBeats = isSifting
        try await Between.run(.tcp, faults: faults) { between in
            let (app, server) = try await between.open()
            app.send("CONNECT\n\n\0")
            try await server.wait(until: "\0")
            try await server.setReading(false)
            server.onlyCount()
            let frame = ByteBuffer(string: "SEND\ndestination:/a\n\n" + String(repeating: "x", count: 60_000) + "\0")
            let sent = app.flood(frame, times: 3000)
            let stop = try await standstill(beyond: 16) { sent.withLockedValue { $0 } }
            // The system buffers some data; the tap's own buffer is bounded.
            #expect(stop * frame.readableBytes < 64 << 20)
            try await server.setReading(true)
            try await server.wait("what was held") { $0.count > stop * frame.readableBytes }
        }
    }

    @Test func aPortInUseIsAnError() async throws {
        try await Between.run(.tcp) { between in
            let configuration = TapConfiguration(host: "127.0.0.1", port: between.tap.port, targets: [])
            let error = await #expect(throws: TransportError.self) { try await Tap.start(configuration) { _ in } }
            #expect(error?.kind == .cannotListen)
        }
    }
}
