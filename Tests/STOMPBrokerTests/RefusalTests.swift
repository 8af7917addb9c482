import NIOCore
import STOMPBroker
import STOMPCore
import TestSupport
import Testing

/// A client error is answered with an ERROR that arrives, and then the connection is closed cleanly.
@Suite struct RefusalTests {
    @Test(arguments: Way.allCases)
    func aRefusedConnectGetsItsError(_ way: Way) async throws {
        try await withBroker(way, { $0.logins = ["ann": "secret"] }) { address, _ in
            let client = try await ScriptedClient(address)
            try await client.send("CONNECT\naccept-version:1.2\nhost:h\nlogin:ann\npasscode:wrong\n\n\0")
            let body = "wrong login \"ann\" or passcode\n"
            #expect(
                try await client.next()
                    == "ERROR\nmessage:Bad credentials\ncontent-type:text/plain\ncontent-length:\(body.utf8.count)\n\n"
                    + body)
            #expect(try await client.end() == nil)

            let right = try await ScriptedClient(address)
            try await right.send("CONNECT\naccept-version:1.2\nhost:h\nlogin:ann\npasscode:secret\n\n\0")
            #expect(try await right.next().hasPrefix("CONNECTED\n"))
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Malformed frame"),
        ("CONNECT\nno colon\n\n\0", "Malformed frame"),
        ("SEND\ndestination:/a\n\n\0", "Unexpected frame"),
        ("CONNECT\naccept-version:3.0\n\n\0", "Version not supported"),
        ("CONNECT\naccept-version:1.1\n\n\0SEND\ndestination:/a\\t\n\n\0", "Malformed frame"),
        ("CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:/a\ncontent-length:1\n\nab\0", "Malformed frame"),
        ("CONNECT\naccept-version:1.2\n\n\0BEGIN\ntransaction:t\n\nbody\0", "Malformed frame"),
        ("CONNECT\naccept-version:1.0\n\n\0NACK\nmessage-id:1-1\n\n\0", "Malformed frame"),
        ("CONNECT\naccept-version:1.2\n\n\0CONNECT\naccept-version:1.2\n\n\0", "Unexpected frame"),
        ("CONNECT\naccept-version:1.2\n\n\0ACK\nid:1-1\n\n\0", "Unknown message"),
        ("CONNECT\naccept-version:1.2\n\n\0COMMIT\ntransaction:t\n\n\0", "Unknown transaction"),
    ])
    func anErrorSaysWhatIsWrong(_ text: String, _ message: String) async throws {
        try await withBroker { address, _ in
            let client = try await ScriptedClient(address)
            // Data after the invalid frame must not reset the connection before the ERROR is read.
            try await client.send(text + String(repeating: "SEND\ndestination:/b\n\nmore\0", count: 10_000))
            if text.contains("CONNECT\naccept-version:1") { _ = try await client.next() }
            let error = try await client.next()
            #expect(error.hasPrefix("ERROR\nmessage:\(message)\n"))
            #expect(error.split(separator: "\n\n").count == 2, "an ERROR has a body")
            #expect(try await client.end() == nil)
        }
    }

    @Test func anErrorNamesTheReceiptOfItsFrame() async throws {
        try await withBroker { address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SUBSCRIBE\nid:a\ndestination:/topic/a\nreceipt:ok\n\n\0")
            try await client.send("SUBSCRIBE\nid:a\ndestination:/topic/b\nreceipt:not\\cok\n\n\0")
            #expect(try await client.next() == "RECEIPT\nreceipt-id:ok\n\n")
            #expect(
                try await client.next().hasPrefix(
                    "ERROR\nmessage:Id already in use\ncontent-type:text/plain\nreceipt-id:not\\cok\n"))
            #expect(try await client.end() == nil)
        }
    }

    @Test func aFrameOverTheLimitIsRefused() async throws {
        try await withBroker(.tcp, { $0.limits.frame = FrameLimits(line: 100, headers: 10, frame: 1000) }) {
            address, _ in
            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SEND\ndestination:/a\n\n" + String(repeating: "x", count: 2000))
            let error = try await client.next()
            #expect(error.hasPrefix("ERROR\nmessage:Limit exceeded\n"))
            #expect(error.contains("1000 bytes"))
            #expect(try await client.end() == nil)
        }
    }

    @Test(arguments: Way.allCases)
    func oneConnectionTooManyIsRefused(_ way: Way) async throws {
        try await withBroker(way, { $0.limits.connections = 1 }) { address, _ in
            let first = try await ScriptedClient.connected(to: address)
            let second = try await ScriptedClient(address)
            #expect(try await second.next().contains("too many connections"))
            #expect(try await second.end() == nil)
            try await first.abort()
            try await first.wait { $0.hasEnded }
            // The broker notices the disconnect a moment later.
            try await eventually {
                let third = try await ScriptedClient(address)
                try await third.send("CONNECT\naccept-version:1.2\n\n\0")
                return try await third.next().hasPrefix("ERROR") ? nil : true
            } otherwise: {
                "the first connection still counts"
            }
        }
    }

    @Test func aClientThatSendsNoConnectIsRefused() async throws {
        try await withBroker(.tcp, { $0.limits.connectTimeout = .milliseconds(50) }) { address, _ in
            let client = try await ScriptedClient(address)
            #expect(try await client.next().contains("no CONNECT received within 50 ms"))
            #expect(try await client.end() == nil)
        }
    }

    /// The frame size limits before and after CONNECTED.
    @Test(arguments: Way.allCases) func framesAreSmallBeforeCONNECTED(_ way: Way) async throws {
        try await withBroker(way) { address, _ in
            let body = String(repeating: "x", count: 100_000)
            let headers = (0..<10).map { "h\($0):\(body.prefix(10_000))\n" }.joined()
            let hasty = try await ScriptedClient(address)
            try await hasty.send("CONNECT\naccept-version:1.2\nhost:/\n\(headers)\n\0")
            if way == .tcp { #expect(try await hasty.next().contains("larger than the limit of 65536 bytes")) }
            try await hasty.wait { $0.hasEnded }

            let client = try await ScriptedClient.connected(to: address)
            try await client.send("SEND\ndestination:/topic/y\nreceipt:r\n\n\(body)\0")
            #expect(try await client.next() == "RECEIPT\nreceipt-id:r\n\n")
        }
    }

    @Test func springClosesWith4500WhereNoCONNECTComes() async throws {
        try await withBroker(
            .webSocket,
            {
                $0.serverProfile = .spring
                $0.limits.connectTimeout = .milliseconds(50)
            }
        ) { address, _ in
            let client = try await ScriptedClient(address)
            try await client.wait { $0.closures.first?.code == 4500 && $0.frames.isEmpty }
        }
    }

    // MARK: Heart-beats

    @Test(arguments: Way.allCases)
    func heartBeatsAreSent(_ way: Way) async throws {
        try await withBroker(way, { $0.heartBeat = HeartBeat(outgoing: 20, incoming: 0) }) { address, _ in
            let client = try await ScriptedClient.connected(to: address, heartBeat: "0,10")
            try await client.wait { $0.heartBeats >= 3 }
        }
    }

    @Test func aSilentClientIsRefused() async throws {
        try await withBroker(.tcp, { $0.heartBeat = HeartBeat(outgoing: 0, incoming: 20) }) { address, _ in
            let silent = try await ScriptedClient.connected(to: address, heartBeat: "10,0")
            let error = try await silent.next()
            #expect(error.hasPrefix("ERROR\nmessage:Timed out\n"))
            #expect(error.contains("heart-beat"))
            #expect(try await silent.end() == nil)
        }
    }
}
