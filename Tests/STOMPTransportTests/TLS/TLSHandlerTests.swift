import NIOCore
import NIOEmbedded
import Testing

@testable import STOMPTransport

/// The handler on a wire that the test controls: what it passes up and down, and in which order.
@Suite struct TLSHandlerTests {
    static let versions = [TLSVersion.v12, .v13]

    @Test(arguments: versions) func bytesTravelBothWays(_ version: TLSVersion) throws {
        let wire = try TLSWire(highest: version)
        try wire.start()
        wire.client.send("CONNECT")
        try wire.exchange()
        wire.server.send("CONNECTED")
        try wire.exchange()
        #expect(wire.server.log.entries == ["active", "complete", "read CONNECT", "complete"])
        #expect(wire.client.log.entries == ["active", "complete", "read CONNECTED", "complete"])
        #expect(try wire.client.established.wait()?.version == "TLSv\(version.rawValue)")
        wire.finish()
    }

    @Test(arguments: versions) func everySplitOfTheHandshakeAndTheStreamIsTaken(_ version: TLSVersion) throws {
        for piece in [1, 2, 3, 5, 7, 11, 100, 1000] {
            let wire = try TLSWire(highest: version)
            wire.client.start()
            wire.server.start()
            wire.client.send("written before the handshake")
            try wire.exchange(piece: piece)
            let body = String(repeating: "x", count: 40_000)
            wire.server.send(body)
            wire.client.send("more")
            try wire.exchange(piece: piece)
            #expect(wire.client.log.bytes == body.utf8.count, "in pieces of \(piece)")
            #expect(wire.server.log.bytes == "written before the handshakemore".utf8.count)
            #expect(wire.client.log.errors.isEmpty && wire.server.log.errors.isEmpty)
            wire.finish()
        }
    }

    @Test(arguments: versions) func nothingAboveTLSLeavesBeforeTheServerIsVerified(_ version: TLSVersion) throws {
        for (ca, isTrusted) in [("ca", true), ("other-ca", false)] {
            let wire = try TLSWire(client: TLSOptions(ca: ca), highest: version)
            wire.client.start()
            wire.server.start()
            let promise = wire.loop.makePromise(of: Void.self)
            wire.client.channel.writeAndFlush(ByteBuffer(string: "CONNECT"), promise: promise)
            try wire.exchange()
            // If CONNECT had been sent with the handshake keys, this server would have read it.
            #expect(wire.server.log.entries.contains("read CONNECT") == isTrusted)
            #expect(wire.client.log.entries.contains("active") == isTrusted)
            if isTrusted {
                try promise.futureResult.wait()
            } else {
                #expect(throws: TransportError.self) { try promise.futureResult.wait() }
                #expect(wire.client.failure?.kind == .refused)
                #expect(!wire.client.channel.isActive)
                guard case .tls(.certificateRejected(by: .client, _, _, TLSAlert(number: 48))) = wire.server.failure
                else {
                    Issue.record("the alert did not come: \(String(describing: wire.server.failure))")
                    return
                }
            }
            wire.finish()
        }
    }

    @Test(arguments: versions) func theEndComesAfterTheBytes(_ version: TLSVersion) throws {
        let wire = try TLSWire(highest: version)
        try wire.start()
        wire.server.send("last words")
        wire.server.channel.close(mode: .output, promise: nil)
        let bytes = try wire.server.output()
        // In one read: the message, close_notify, and bytes that must not follow it.
        var all = bytes
        all.writeString("GARBAGE")
        try wire.client.channel.writeInbound(all)
        #expect(
            wire.client.log.entries.dropFirst(2) == ["read last words", "complete", "\(ChannelEvent.inputClosed)"])
        // The layers above close the connection; until then they may still write.
        #expect(wire.client.channel.isActive)
        wire.client.channel.close(mode: .all, promise: nil)
        try TLSWire.carry(wire.client.output(), to: wire.server)
        #expect(wire.server.log.entries.contains("\(ChannelEvent.inputClosed)"), "close_notify was answered")
        #expect(wire.client.log.errors.isEmpty && wire.server.log.errors.isEmpty)
        wire.finish()
    }

    @Test func afterItsOwnEndASideStillReads() throws {
        let wire = try TLSWire()
        try wire.start()
        wire.client.send("DISCONNECT")
        wire.client.channel.close(mode: .output, promise: nil)
        let late = wire.loop.makePromise(of: Void.self)
        wire.client.channel.writeAndFlush(ByteBuffer(string: "too late"), promise: late)
        #expect(throws: ChannelError.self) { try late.futureResult.wait() }
        try TLSWire.carry(wire.client.output(), to: wire.server)
        wire.server.send("RECEIPT")
        wire.server.channel.close(mode: .output, promise: nil)
        try TLSWire.carry(wire.server.output(), to: wire.client)
        #expect(
            wire.client.log.entries.suffix(4) == [
                "read RECEIPT", "complete", "\(ChannelEvent.inputClosed)", "inactive",
            ])
        #expect(wire.client.log.errors.isEmpty)
        wire.finish()
    }

    @Test(arguments: versions) func aTruncatedStreamIsDistinguishedFromACleanEnd(_ version: TLSVersion) throws {
        for isHalfClosed in [false, true] {
            let wire = try TLSWire(highest: version)
            try wire.start()
            wire.server.send(String(repeating: "x", count: 20_000))
            let bytes = try wire.server.output()
            // All bytes except the last one of the second record.
            try TLSWire.carry(bytes.getSlice(at: 0, length: bytes.readableBytes - 1) ?? bytes, to: wire.client)
            if isHalfClosed {
                wire.client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            } else {
                wire.client.channel.pipeline.fireChannelInactive()
            }
            #expect(wire.client.log.bytes == 16384)
            #expect(wire.client.log.error?.kind == .connectionLost)
            #expect(wire.client.log.error == .tls(.noCloseNotify))
            #expect(wire.client.log.errors.count == 1)
            #expect(!wire.client.log.entries.contains("\(ChannelEvent.inputClosed)"))
            wire.finish()
        }
    }

    @Test func afterOurOwnCloseNotifyAnEndIsNoFault() throws {
        let wire = try TLSWire()
        try wire.start()
        wire.client.channel.close(mode: .output, promise: nil)
        wire.client.channel.pipeline.fireChannelInactive()
        #expect(wire.client.log.entries.suffix(1) == ["inactive"])
        #expect(wire.client.log.errors.isEmpty)
        wire.finish()
    }

    /// The error that bytes from a third party cause.
    enum Fault {
        case notRecord, modified, any
    }

    /// Bytes from a third party, and the error they cause.
    static let foreign: [String: (bytes: [UInt8], fault: Fault)] = [
        "plain": (Array("MESSAGE\n\nplain octets\0".utf8), .notRecord),
        "a record": ([0x17, 3, 3, 0, 32] + [UInt8](repeating: 1, count: 32), .modified),
        "a huge record": ([0x17, 3, 3, 0xFF, 0xFF] + [UInt8](repeating: 1, count: 32), .notRecord),
        "a ClientHello": ([0x16, 3, 1, 0, 4, 1, 0, 0, 0], .any),
    ]

    @Test(arguments: versions, foreign.keys.sorted())
    func bytesThatAreNotOfTheStreamEndIt(_ version: TLSVersion, _ name: String) throws {
        let foreign = try #require(Self.foreign[name])
        let wire = try TLSWire(highest: version)
        try wire.start()
        wire.server.send("fine")
        var bytes = try wire.server.output()
        bytes.writeBytes(foreign.bytes)
        try TLSWire.carry(bytes, to: wire.client)
        let error = try #require(wire.client.log.error)
        #expect(wire.client.log.entries.dropFirst(2) == ["read fine", "complete", "error", "inactive"])
        #expect(error.kind == .protocolViolation)
        switch (foreign.fault, error) {
        case (.notRecord, .tls(.invalidRecord)), (.modified, .tls(.modifiedRecord)), (.any, .tls): break
        default: Issue.record("\(error)")
        }
        wire.finish()
    }

    @Test(arguments: versions) func aRecordChangedOnTheWayIsNoticed(_ version: TLSVersion) throws {
        let wire = try TLSWire(highest: version)
        try wire.start()
        wire.server.send("SEND money")
        var bytes = try wire.server.output()
        let last = bytes.writerIndex - 1
        bytes.setInteger((bytes.getInteger(at: last, as: UInt8.self) ?? 0) ^ 1, at: last)
        try TLSWire.carry(bytes, to: wire.client)
        #expect(wire.client.log.bytes == 0)
        #expect(wire.client.log.error == .tls(.modifiedRecord))
        wire.finish()
    }

    // MARK: - Writing

    @Test func aWriteOfNothingIsKept() throws {
        let wire = try TLSWire()
        try wire.start()
        let promise = wire.loop.makePromise(of: Void.self)
        wire.client.channel.writeAndFlush(ByteBuffer(), promise: promise)
        _ = try wire.client.output()
        try promise.futureResult.wait()
        wire.finish()
    }

    @Test func smallWritesShareARecord() throws {
        let wire = try TLSWire()
        try wire.start()
        var promises: [EventLoopFuture<Void>] = []
        for _ in 0..<100 { promises.append(wire.client.channel.write(ByteBuffer(string: "0123456789"))) }
        wire.client.channel.flush()
        let bytes = try wire.client.output()
        #expect(bytes.readableBytes < 1000 + 40)
        try TLSWire.carry(bytes, to: wire.server)
        #expect(wire.server.log.bytes == 1000)
        for promise in promises { try promise.wait() }
        wire.finish()
    }

    @Test func aWriteAfterTheEndFails() throws {
        let wire = try TLSWire()
        try wire.start()
        let handler = try wire.client.channel.pipeline.syncOperations.context(handlerType: TLSWire.Log.self)
        wire.client.channel.close(promise: nil)
        let promise = wire.loop.makePromise(of: Void.self)
        handler.writeAndFlush(NIOAny(ByteBuffer(string: "x")), promise: promise)
        #expect(throws: ChannelError.self) { try promise.futureResult.wait() }
        wire.finish()
    }

    // MARK: - Reported events

    @Test func theTraceShowsTheHandshakeAndBothEnds() throws {
        let trace = Trace(.layers)
        let wire = try TLSWire(server: TLSServerOptions("chain"), protocols: ["http/1.1"], trace: trace.wire)
        try wire.start()
        wire.client.channel.close(mode: .output, promise: nil)
        try wire.exchange()
        wire.server.channel.close(promise: nil)
        try wire.exchange()
        #expect(trace.lines.count == 3)
        #expect(trace.lines.dropFirst() == ["tls outgoing close notify", "tls incoming close notify"])
        guard case .handshakeDone(let summary) = trace.contents.first else {
            Issue.record("\(trace.lines)")
            return
        }
        #expect(summary.version == "TLSv1.3" && summary.cipher == "TLS_AES_256_GCM_SHA384")
        #expect(summary.applicationProtocol == "http/1.1")
        #expect(summary.chain.map(\.subject) == ["CN=leaf", "CN=Test Intermediate"])
        #expect(summary.chain.first?.issuer == "CN=Test Intermediate")
        #expect(summary.chain.first?.names == ["DNS:localhost", "IP:127.0.0.1"])
        let now = Int(Timestamp.now().nanoseconds / 1_000_000_000)
        for certificate in summary.chain {
            #expect(try #require(certificate.notBefore) <= now)
            #expect(try #require(certificate.notAfter) > now)
            #expect(certificate.sha256.wholeMatch(of: /([0-9A-F]{2}:){31}[0-9A-F]{2}/) != nil)
        }
        guard case .verified(let anchor, let source) = summary.trust else {
            Issue.record("\(summary.trust)")
            return
        }
        #expect(anchor.subject == "O=Stomptap, CN=Test Root")
        #expect(source == .path(Certificates.shared.path("ca.pem")))
        wire.finish()
    }

    @Test func alpnIsOfferedToHTTPOnly() throws {
        for (kind, expected) in [(Above.tcp, nil), (.webSocket, "http/1.1")] as [(Above, String?)] {
            let wire = try TLSWire(protocols: kind.kind.applicationProtocols)
            try wire.start()
            #expect(try wire.client.established.wait()?.applicationProtocol == expected)
            #expect(try wire.server.established.wait()?.applicationProtocol == expected)
            wire.finish()
        }
        // A server chooses no protocol that it does not support.
        let wire = try TLSWire(protocols: ["h2", "spdy/3"])
        try wire.start()
        #expect(try wire.client.established.wait()?.applicationProtocol == nil)
        wire.finish()
    }
}
