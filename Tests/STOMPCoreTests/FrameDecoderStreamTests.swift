import NIOCore
import Testing

@testable import STOMPCore

/// Bytes between frames, the end of the stream, and frames as views of a buffer.
@Suite struct FrameDecoderStreamTests {
    /// Input that cannot start a command is recognized before its line ends.
    @Test func knowsABeginningThatIsHopeless() throws {
        func hopeless(_ stream: String) throws -> Bool {
            var decoder = FrameDecoder(version: .v12)
            decoder.feed(ByteBuffer(string: stream))
            while try decoder.next() != nil {}
            return decoder.hopelessBeginning != nil
        }
        for command in Command.allCases {
            for length in 0...command.rawValue.count {
                #expect(try !hopeless(String(command.rawValue.prefix(length))))
            }
            #expect(try !hopeless(command.rawValue + "\r"))
            #expect(try hopeless(command.rawValue + "X"))
            #expect(try !hopeless(command.rawValue + "\na"))
            #expect(try !hopeless("\n" + command.rawValue))
        }
        for stream in ["o", "\u{FF}", "MESSAGE ", "\n\n{", "RECEIPT\n\n\0o"] { #expect(try hopeless(stream)) }
    }

    @Test(arguments: anyVersion)
    func takesEndsOfLineBetweenFrames(version: STOMPVersion?) {
        let (receipt, body) = (Content(.receipt), Content(.message, [:], "\n"))
        for eols in ["\n", "\r\n", "\n\n\n", "\r\n\n\r\n", String(repeating: "\n", count: 50)] {
            expectDecoding(
                "\(eols)RECEIPT\n\n\0\(eols)RECEIPT\r\n\r\n\0MESSAGE\n\n\n\0\(eols)", version,
                gives: [receipt, receipt, body])
            expectDecoding(eols, version)
        }
        expectDecoding("", version)
    }

    @Test(arguments: anyVersion)
    func refusesACarriageReturnThatEndsNoLine(version: STOMPVersion?) {
        for stray in ["\r\r\n", "\rRECEIPT", "\r\0", "\n\r\r", "\r\r"] {
            expectDecoding("\(stray)RECEIPT\n\n\0", version, then: .unknownCommand)
            expectDecoding("RECEIPT\n\n\0\(stray)\n", version, gives: [Content(.receipt)], then: .unknownCommand)
        }
        // The connection may end before the LF arrives.
        expectDecoding("RECEIPT\n\n\0\r", version, gives: [Content(.receipt)])
    }

    @Test func reportsHeartBeatsButNotThePaddingAfterAFrame() throws {
        let receipt = "RECEIPT\nreceipt-id:1\n\n\0"
        let cases: [([String], [String])] = [
            (["\n"], ["beat"]),
            (["\n\n\r\n"], ["beat"]),
            (["\n", "\n"], ["beat", "beat"]),
            (["\r", "\n"], ["beat"]),
            ([receipt], ["frame"]),
            ([receipt + "\n"], ["frame"]),
            ([receipt + "\n" + receipt + "\r\n"], ["frame", "frame"]),
            ([receipt, "\n"], ["frame", "beat"]),
            (["\n" + receipt], ["beat", "frame"]),
            ([receipt + "\r", "\n"], ["frame", "beat"]),
            (["RECEIPT\n", "\n\0\n"], ["frame"]),
            (["RECEIPT\n", "\n\0", "\n"], ["frame", "beat"]),
        ]
        for (pieces, expected) in cases {
            var decoder = FrameDecoder(version: .v12)
            var seen: [String] = []
            for piece in pieces {
                decoder.feed(ByteBuffer(string: piece))
                while let element = try decoder.next() { seen.append(element == .heartBeat ? "beat" : "frame") }
            }
            #expect(seen == expected, "\(pieces)")
        }
    }

    @Test func reportsAStreamThatEndsInsideAFrame() {
        let stream = Array("MESSAGE\na:b\ncontent-length:3\n\nx\0y\0".utf8)
        for end in 1..<stream.count {
            expectDecoding(Array(stream[..<end]), .v12, then: .truncatedFrame)
            expectDecoding(
                Array("RECEIPT\n\n\0\n".utf8) + stream[..<end], .v12, gives: [Content(.receipt)], then: .truncatedFrame)
        }
        expectDecoding(Array("RECEIPT\n\n".utf8), .v12, then: .truncatedFrame)
        expectDecoding(Array("SEND\n\nbody".utf8), .v12, then: .truncatedFrame)
    }

    /// A server may send CONNECTED and the first MESSAGE in one write: the version applies from the second frame on.
    @Test func adoptsAVersionBetweenTheFramesOfOneChunk() {
        func stream(_ version: String) -> String {
            "CONNECTED\nversion:\(version)\nname:a\\cb\n\n\0\n"
                + "MESSAGE\nname:a\\cb\nend:\\r\n\nbody\0RECEIPT\ncontent-length: 0\n\n\0"
        }
        let connected = { Content(.connected, ["version": $0, "name": "a\\cb"]) }
        expectDecoding(
            stream("1.2"), nil, adopts: true,
            gives: [connected("1.2"), Content(.message, ["name": "a:b", "end": "\r"], "body")],
            then: .malformedContentLength)
        expectDecoding(stream("1.1"), nil, adopts: true, gives: [connected("1.1")], then: .undefinedEscape)
        expectDecoding(
            stream("1.0"), nil, adopts: true,
            gives: [
                connected("1.0"), Content(.message, ["name": "a\\cb", "end": "\\r"], "body"),
                Content(.receipt, ["content-length": "0"]),
            ])
    }

    @Test(arguments: [
        ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", #""HTTP/1.1 400 Bad Request""#),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", #""GET / HTTP/1.1""#),
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n", #""SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2""#),
        ("\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{50}", #""\u{15}\u{03}\u{03}\0""#),
        ("AMQP\0\0\u{9}\u{1}", #""AMQP\0""#),
        ("220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n", #""220 mail.example.org ESMTP Postfix (Debi"..."#),
        ("-ERR unknown command\r\n", #""-ERR unknown command""#),
    ])
    func namesWhatAPeerOfAnotherProtocolSaid(stream: String, excerpt: String) throws {
        expectDecoding(stream, nil, then: .unknownCommand)
        let error = try #require(throws: STOMPProtocolError.self) { try decodeOne(stream, nil) }
        #expect(error.description == "expected a command, got \(excerpt)")
    }

    /// What the decoder reports about an unfinished frame, wherever the stream was cut.
    @Test(
        arguments: [
            ("", nil), ("\n\r\n", nil), ("RECEIPT\nreceipt-id:1\n\n\0\n", nil),
            ("MESS", UnfinishedFrame(bytes: 4, command: nil)),
            ("\nMESSAGE\na:b\n", UnfinishedFrame(bytes: 12, command: .message)),
            ("MESSAGE\na:b\n\n가", UnfinishedFrame(bytes: 16, command: .message, bodyBytes: 3)),
            (
                "RECEIPT\n\n\0MESSAGE\ncontent-length:6\n\nhello",
                UnfinishedFrame(bytes: 31, command: .message, contentLength: 6, bodyBytes: 5)
            ),
            (
                "MESSAGE\ncontent-length:6\n\nhello\0",
                UnfinishedFrame(bytes: 32, command: .message, contentLength: 6, bodyBytes: 6)
            ),
        ] as [(String, UnfinishedFrame?)])
    func reportsAnUnfinishedFrame(stream: String, unfinished: UnfinishedFrame?) throws {
        let bytes = Array(stream.utf8)
        for cut in 0...bytes.count {
            var decoder = FrameDecoder(version: .v12)
            for piece in [bytes[..<cut], bytes[cut...]] {
                decoder.feed(ByteBuffer(bytes: piece))
                while try decoder.next() != nil {}
            }
            #expect(decoder.unfinished == unfinished, "cut at \(cut)")
        }
    }

    /// In the examples of STOMP 1.0 a space follows each colon; from 1.1 on it is part of the value.
    @Test func blanksBeforeAValueBelongToItFromVersion11On() throws {
        let stream = "MESSAGE\ndestination: /topic/a \nmessage-id:  7\ncontent-length: 2\n\nhi\0"
        let frame = try #require(try decodeOne(stream, .v10))
        #expect(frame.headers["destination"] == "/topic/a " && frame.headers["message-id"] == "7")
        #expect(frame.headers.has("destination", "/topic/a ") && frame.headers.list["content-length"] == "2")
        #expect(String(buffer: frame.bytes) == stream, "its bytes are unchanged")
        for version in [STOMPVersion.v11, .v12] {
            let padded = "MESSAGE\ndestination: /topic/a \n\nhi\0"
            #expect(try decodeOne(padded, version)?.headers["destination"] == " /topic/a ")
            let error = try #require(throws: STOMPProtocolError.self) { try decodeOne(stream, version) }
            #expect(
                error.description == "content-length: expected a number of bytes, got \" 2\"; "
                    + "the space at the start is part of the value")
        }
        let error = try #require(throws: STOMPProtocolError.self) { try HeartBeat(header: "0,0 ") }
        #expect(error.description.hasSuffix(", got \"0,0 \"; the space at the end is part of the value"))
    }

    @Test func givesFramesAsTheirBytes() throws {
        let frames = ["RECEIPT\nreceipt-id:1\n\n\0", "MESSAGE\r\na:b\r\n\r\nx\0", "SEND\ncontent-length:1\n\n\0\0"]
        let stream = Array(("\n" + frames.joined(separator: "\r\n") + "\n").utf8)
        for cut in stream.indices {
            let seen = outcome(of: [stream[..<cut], stream[cut...]], version: .v12)
            #expect(seen.bytes == frames.map { Array($0.utf8) })
        }
    }

    @Test func detachesAFrameFromWhatItCameIn() throws {
        var decoder = FrameDecoder(version: .v12)
        decoder.feed(
            ByteBuffer(string: "RECEIPT\n\n\0MESSAGE\na\\c:b\n\nbody\0" + String(repeating: "\n", count: 5000)))
        _ = try decoder.next()
        guard case .frame(let frame)? = try decoder.next() else {
            Issue.record("no frame")
            return
        }
        let copy = frame.detached()
        #expect(Content(copy) == Content(.message, ["a:": "b"], "body"))
        #expect(copy == frame)
        #expect(copy.bytes == frame.bytes)
        #expect(copy.bytes.storageCapacity < 100)
        #expect(frame.bytes.storageCapacity < 100 || frame.bytes.readableBytes < 100)
    }

    /// An unfinished frame must not keep the whole chunk it started in.
    @Test func countsWhatWaits() throws {
        var decoder = FrameDecoder(version: .v12)
        #expect(decoder.bufferedBytes == 0)
        decoder.feed(ByteBuffer(string: "RECEIPT\n\n\0\nSEND\n"))
        #expect(decoder.bufferedBytes == 16)
        _ = try decoder.next()
        #expect(try decoder.next() == nil)
        #expect(decoder.bufferedBytes == 5)
        decoder.feed(ByteBuffer(string: "\nbody\0\n"))
        #expect(try decoder.next() != nil)
        #expect(try decoder.next() == nil)
        #expect(decoder.bufferedBytes == 0)
        try decoder.finish()
    }

    /// On message-based transports each message starts a new frame, however the last one ended.
    @Test(arguments: [
        ("SEND\ndestination:/a\n\nhi", "SEND\ndestination:/a\n\nhi"), ("SEND\n", "SEND\n"),
        ("SEND\n\nwhole\0SE", "SE"), ("", ""), ("\n", ""), ("garbage\n\n\0SEND\n", "garbage\n\n\0SEND\n"),
        ("SEND\n\nwhole\0garbage\nx", "garbage\nx"), ("\r\rx", "\r\rx"),
        ("SEND\ncontent-length:1\n\nabc\0more", "SEND\ncontent-length:1\n\nabc\0more"),
    ]) func startsAnewWithTheNextBytes(stream: String, rest: String) throws {
        let bytes = Array(stream.utf8)
        for cut in 0...bytes.count {
            var decoder = FrameDecoder(version: .v12)
            decoder.feed(ByteBuffer(bytes: bytes[..<cut]))
            while (try? decoder.next()) != nil {}
            var isBad = false
            do { _ = try decoder.next() } catch { isBad = true }
            if !isBad {
                decoder.feed(ByteBuffer(bytes: bytes[cut...]))
                while (try? decoder.next()) != nil {}
            }
            // After an error the decoder accepts no more input.
            let later = isBad ? String(decoding: bytes[cut...], as: UTF8.self) : ""
            #expect(String(buffer: decoder.restart()) + later == rest, "cut at \(cut)")
            #expect(decoder.bufferedBytes == 0 && decoder.unfinished == nil && decoder.version == .v12)
            decoder.feed(ByteBuffer(string: "SEND\n\nnext\0"))
            guard case .frame(let frame)? = try decoder.next() else {
                Issue.record("no frame, cut at \(cut)")
                continue
            }
            #expect(String(buffer: frame.body) == "next")
        }
    }
}
