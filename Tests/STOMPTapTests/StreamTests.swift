import NIOCore
import NIOPosix
import STOMPTransport
import TestSupport
import Testing

@testable import STOMPTap

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// What passes over TCP, and how it ends.
@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    /// A tap before a server that does as it is told, and a socket of an app's.
    private static func run(
        _ steps: ScriptedServer.Step..., faults: TapFaults = TapFaults(),
        isolation: isolated (any Actor)? = #isolation, _ body: (Socket, ScriptedServer, Told) async throws -> Void
    ) async throws {
        try await ScriptedServer.run(script: { _ in steps }) { server in
            let target = TransportTarget(kind: .tcp, host: "127.0.0.1", port: server.port, isSecure: false)
            var configuration = TapConfiguration(host: "127.0.0.1", port: 0, targets: [target])
            configuration.faults = faults
            let told = Told()
            let tap = try await Tap.start(configuration) { told.add($0) }
            do {
                try await body(try await Socket(port: tap.port), server, told)
                await tap.shutdown()
            } catch {
                await tap.shutdown()
                throw error
            }
        }
    }

    /// Answers when the other half has ended.
    private final class Politeness: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard case ChannelEvent.inputClosed = event else { return }
            context.writeAndFlush(NIOAny(ByteBuffer(string: "still here")), promise: nil)
            context.close(mode: .output, promise: nil)
        }
    }

    @Test func theAppsHalfEndsByItself() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Politeness())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let target = TransportTarget(kind: .tcp, host: "127.0.0.1", port: port, isSecure: false)
        let told = Told()
        let tap = try await Tap.start(TapConfiguration(host: "127.0.0.1", port: 0, targets: [target])) { told.add($0) }
        let socket = try await Socket(port: tap.port)
        try await socket.write("hello, bye")
        try await socket.closeOutput()
        #expect(try await socket.readToEnd() == "still here")
        #expect(socket.failure == nil)
        try await told.waitForEnd("the app closed the connection")
        await tap.shutdown()
        try await server.close()
    }

    @Test func theServersHalfEndsByItself() async throws {
        try await Self.run(.sendText("hello")) { socket, server, told in
            #expect(try await socket.readToEnd() == "hello")
            try await socket.close()
            try await told.waitForEnd("the server closed the connection")
        }
    }

    @Test func aResetOfTheServersIsOneForTheApp() async throws {
        try await Self.run(.awaitText("x"), .reset) { socket, server, told in
            try await socket.write("x")
            _ = try await socket.readToEnd()
            #expect((socket.failure as? IOError)?.errnoCode == ECONNRESET)
            try await told.waitForEnd("connection reset by the server")
        }
    }

    @Test func aResetOfTheAppsIsOneForTheServer() async throws {
        try await Self.run(.stall) { socket, server, told in
            try await socket.write("x")
            _ = try await eventually {
                server.received.first == Array("x".utf8) ? true : nil
            } otherwise: {
                "no x"
            }
            try await socket.reset()
            try await told.waitForEnd("connection reset by the app")
        }
    }

    @Test func octetsThatAreNoSTOMPPassAndAreTold() async throws {
        try await Self.run(.awaitText("\r\n\r\n"), .sendText("HTTP/1.1 400 Bad Request\r\n\r\n")) {
            socket, server, told in
            try await socket.write("GET / HTTP/1.1\r\n\r\n")
            #expect(try await socket.readToEnd() == "HTTP/1.1 400 Bad Request\r\n\r\n")
            try await socket.close()
            try await told.waitForEnd("the server closed the connection")
            #expect(told.octets(.toServer) == "GET / HTTP/1.1\r\n\r\n")
            #expect(told.octets(.toApp) == "HTTP/1.1 400 Bad Request\r\n\r\n")
        }
    }

    @Test func aServerThatIsDownIsToldAndTheAppIsCutOff() async throws {
        let port = try Loopback.freePorts(1)[0]
        let target = TransportTarget(kind: .tcp, host: "127.0.0.1", port: port, isSecure: false)
        let told = Told()
        let tap = try await Tap.start(TapConfiguration(host: "127.0.0.1", port: 0, targets: [target])) { told.add($0) }
        // The reset may come before the system knows that the connection stands.
        if let socket = try? await Socket(port: tap.port) { #expect(try await socket.readToEnd() == "") }
        try await told.waitForEnd("there is no connection to the server")
        #expect(told.notes.contains { $0.contains("connection refused by 127.0.0.1:\(port)") })
        await tap.shutdown()
    }

    /// A server whose network says nothing (RFC 5737).
    @Test func anAppThatDoesNotWaitIsForgotten() async throws {
        let target = TransportTarget(kind: .tcp, host: "192.0.2.1", port: 61613, isSecure: false)
        var configuration = TapConfiguration(host: "127.0.0.1", port: 0, targets: [target])
        configuration.connectTimeout = .seconds(1)
        let told = Told()
        let tap = try await Tap.start(configuration) { told.add($0) }
        // Where there is no way to that network, the tap is the first to leave.
        try? await Socket(port: tap.port).reset()
        _ = try await eventually {
            told.ends == 1 ? true : nil
        } otherwise: {
            "\(told.all)"
        }
        // One that is still waiting does not keep the tap from ending.
        let other = try? await Socket(port: tap.port)
        try? await other?.write("x")
        _ = try await eventually {
            Set(told.all.map(\.connection)).count == 2 ? true : nil
        } otherwise: {
            "\(told.all)"
        }
        await tap.shutdown()
        #expect(told.ends == 2)
    }

    @Test func theSecondServerIsTriedWhereTheFirstIsDown() async throws {
        try await ScriptedServer.run(.sendText("hello")) { server in
            let down = try Loopback.freePorts(1)[0]
            let targets = [down, server.port].map {
                TransportTarget(kind: .tcp, host: "127.0.0.1", port: $0, isSecure: false)
            }
            let tap = try await Tap.start(TapConfiguration(host: "127.0.0.1", port: 0, targets: targets)) { _ in }
            let socket = try await Socket(port: tap.port)
            #expect(try await socket.readToEnd() == "hello")
            await tap.shutdown()
        }
    }

    @Test(arguments: [false, true])
    func anEndThatReadsNothingStopsTheOther(isSifting: Bool) async throws {
        var faults = TapFaults()
        faults.dropsHeartBeats = isSifting
        try await Self.run(.hold, faults: faults) { socket, server, told in
            try await socket.write("CONNECT\n\n\0")
            let frame = "SEND\ndestination:/a\n\n" + String(repeating: "x", count: 60_000) + "\0"
            // The system's buffers take some; what the tap keeps is bounded by its own.
            var written = 0
            while written < 200 << 20, try await socket.tryWrite(frame) { written += frame.utf8.count }
            #expect(written < 64 << 20)
        }
    }

    @Test func aPortInUseIsAnError() async throws {
        try await ScriptedServer.run(.stall) { server in
            let target = TransportTarget(kind: .tcp, host: "127.0.0.1", port: 1, isSecure: false)
            let error = await #expect(throws: TransportError.self) {
                try await Tap.start(TapConfiguration(host: "127.0.0.1", port: server.port, targets: [target])) { _ in }
            }
            #expect(error?.code == .cannotListen)
        }
    }
}
