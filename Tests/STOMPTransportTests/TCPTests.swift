import Foundation
import NIOCore
import NIOPosix
import STOMPTransport
import Testing

import enum TestSupport.Loopback

/// Both ends of TCP over a real socket.
@Suite struct TCPTests {
    private struct Pair {
        let client = Inbox()
        let server = Inbox()
        let stream: any TransportStream
        let listener: TransportListener

        init(_ options: TransportOptions = TransportOptions()) async throws {
            listener = try await TransportListener.tcp(
                host: "127.0.0.1", port: 0, on: group, options: options, accept: server.factory)
            stream = try await TransportConnector(options: options).connect(
                to: .tcp(listener.port), on: group.next(), deadline: .farEnough, receiver: client.factory)
        }

        func accepted() async throws -> any TransportStream {
            try #require(try await server.wait { $0.stream != nil }.stream)
        }
    }

    @Test func bytesTravelBothWays() async throws {
        let pair = try await Pair()
        #expect(pair.stream.description.kind == .tcp)
        #expect(pair.stream.description.remoteAddress == "127.0.0.1:\(pair.listener.port)")
        try await pair.stream.send("CONNECT\n\n\0")
        try await pair.server.wait { $0.text == "CONNECT\n\n\0" && $0.batches > 0 }
        try await pair.accepted().send("CONNECTED\n\n\0")
        try await pair.client.wait { $0.text == "CONNECTED\n\n\0" && $0.batches > 0 }
        pair.stream.abort()
        await pair.listener.close()
    }

    @Test func closingLosesNothingThatWasWritten() async throws {
        let pair = try await Pair()
        let size = 3 << 20
        try await pair.stream.perform {
            $0.write(ByteBuffer(repeating: 7, count: size), promise: nil)
            $0.close()
        }
        let server = try await pair.server.wait { !$0.endings.isEmpty }
        #expect(server.bytes == size)
        #expect(server.endings.count == 1 && server.endings[0] == nil)
        #expect(server.events == [.closed(TransportClosure(layer: .tcp, isClean: true))])
        #expect(try await pair.client.end() == nil)
        #expect(pair.client.contents.events.isEmpty)
        await pair.listener.close()
    }

    @Test func whatIsWrittenAfterThePeerHasEndedItsSideStillArrives() async throws {
        let pair = try await Pair()
        let accepted = try await pair.accepted()
        try await pair.stream.send("SEND")
        try await pair.stream.perform { $0.close() }
        try await pair.server.wait { !$0.closures.isEmpty }
        #expect(try await pair.client.end() == nil)
        #expect(try await pair.server.end() == nil)
        accepted.abort()
        #expect(pair.server.contents.endings.count == 1)
        await pair.listener.close()
    }

    @Test func anAbortIsALossOnlyForThePeer() async throws {
        let pair = try await Pair()
        let accepted = try await pair.accepted()
        // If a connection is closed with unread bytes, the system resets it.
        try await accepted.perform { $0.setReading(false) }
        try await pair.stream.send("unread")
        try await pair.stream.perform { $0.setReading(false) }
        try await accepted.send("unread too")
        try await pair.stream.perform { $0.abort() }
        #expect(try await pair.client.end() == nil)
        try await accepted.perform { $0.setReading(true) }
        let error = try await pair.server.end()
        if let error { #expect(error.kind == .connectionLost) }
        #expect(pair.server.contents.endings.count == 1)
        await pair.listener.close()
    }

    @Test func aStoppedReaderHoldsUpTheWriter() async throws {
        let pair = try await Pair()
        let accepted = try await pair.accepted()
        try await accepted.perform { $0.setReading(false) }
        let chunk = ByteBuffer(repeating: 1, count: 64 << 10)
        // Writes as long as the stream is writable, as a well-behaved writer does, up to 64 MiB.
        let written = try await pair.stream.eventLoop.submit { [stream = pair.stream] in
            var written = 0
            while stream.isWritable && written < 64 << 20 {
                stream.write(chunk, promise: nil)
                stream.flush()
                written += chunk.readableBytes
            }
            return written
        }.get()
        #expect(written < 32 << 20, "the system's own buffers are not that large")
        try await pair.client.wait { $0.writability == [false] }
        try await pair.stream.perform { #expect($0.queuedBytes > 0) }
        try await accepted.perform { $0.setReading(true) }
        try await pair.client.wait { $0.writability == [false, true] }
        try await pair.server.wait { $0.bytes == written }
        try await pair.stream.perform { #expect($0.queuedBytes == 0) }
        pair.stream.abort()
        await pair.listener.close()
    }

    @Test func aPeerThatReadsNothingCannotHoldUpTheEnd() async throws {
        var options = TransportOptions()
        options.closeTimeout = .milliseconds(200)
        let pair = try await Pair(options)
        try await pair.accepted().perform { $0.setReading(false) }
        try await pair.stream.perform {
            $0.write(ByteBuffer(repeating: 1, count: 32 << 20), promise: nil)
            $0.close()
        }
        #expect(try await pair.client.end() == nil)
        await pair.listener.close()
    }

    @Test func nothingIsReceivedOnceTheStreamIsClosedHere() async throws {
        let pair = try await Pair()
        let accepted = try await pair.accepted()
        try await pair.stream.perform { $0.close() }
        try await accepted.send("too late")
        #expect(try await pair.client.end() == nil)
        #expect(pair.client.contents.bytes == 0)
        await pair.listener.close()
    }

    @Test func theTraceShowsEveryByte() async throws {
        let trace = Trace(.bytes)
        var options = TransportOptions()
        options.trace = trace.wire
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions(), accept: echo)
        let client = Inbox()
        let stream = try await TransportConnector(options: options).connect(
            to: .tcp(listener.port), on: group.next(), deadline: .farEnough, receiver: client.factory)
        try await stream.send("hello")
        try await client.wait { $0.text == "hello" }
        #expect(
            trace.lines == [
                "tcp local connecting to 127.0.0.1:\(listener.port)",
                "tcp local connected to 127.0.0.1:\(listener.port)", "tcp outgoing bytes hello",
                "tcp incoming bytes hello",
            ])
        stream.abort()
        await listener.close()
    }

    // MARK: - Failed connections

    @Test func aRefusedPortIsNamed() async throws {
        let port = try Loopback.freePorts(1)[0]
        let error = await transportError {
            _ = try await TransportConnector().connect(
                to: .tcp(port), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
        #expect(error == .tcp(.connectionRefused(by: ["127.0.0.1:\(port)"])))
        #expect(error?.kind == .cannotConnect)
    }

    @Test func anUnknownHostIsNamed() async throws {
        let error = await transportError {
            _ = try await TransportConnector().connect(
                to: .tcp(61613, host: "nonexistent.invalid"), on: group.next(), deadline: .farEnough,
                receiver: Inbox().factory)
        }
        guard case .name(.noSuchHost("nonexistent.invalid", _)) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(error?.kind == .nameNotFound)
    }

    @Test func aPortInUseIsNamed() async throws {
        let listener = try await TransportListener.tcp(
            host: "127.0.0.1", port: 0, on: group, options: TransportOptions(), accept: Inbox().factory)
        let error = await transportError {
            _ = try await TransportListener.tcp(
                host: "127.0.0.1", port: listener.port, on: group, options: TransportOptions(),
                accept: Inbox().factory)
        }
        #expect(
            error == .tcp(.cannotListen(on: "127.0.0.1:\(listener.port)", SystemError(code: EADDRINUSE))))
        #expect(error?.kind == .cannotListen)
        await listener.close()
    }

    @Test func aHostThatCannotBeListenedOnIsNamed() async throws {
        let error = await transportError {
            _ = try await TransportListener.tcp(
                host: "nonexistent.invalid", port: 0, on: group, options: TransportOptions(), accept: Inbox().factory)
        }
        #expect(error == .name(.noSuchHost("nonexistent.invalid", cause: nil)))
        #expect(error?.kind == .nameNotFound)
    }

    @Test func aCancelledTaskGetsNoStream() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await TransportConnector().connect(
                to: .tcp(1), on: group.next(), deadline: .farEnough, receiver: Inbox().factory)
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
}

/// A receiver that sends back the bytes it receives.
let echo: TransportReceiverFactory = { Echo(stream: $0) }

private struct Echo: TransportReceiver {
    let stream: any TransportStream

    func received(_ bytes: ByteBuffer) { stream.write(bytes, promise: nil) }
    func receivedAll() { stream.flush() }
    func happened(_ event: TransportEvent) {}
    func writabilityChanged(_ isWritable: Bool) {}
    func ended(_ error: TransportError?) {}
}
