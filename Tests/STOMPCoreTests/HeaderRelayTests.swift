import NIOCore
import STOMPCore
import Testing

@Suite struct HeaderRelayTests {
    private func relay(_ text: String, _ from: STOMPVersion, _ to: STOMPVersion, except: [String] = []) throws -> String
    {
        var decoder = FrameDecoder(version: from)
        decoder.feed(ByteBuffer(string: "SEND\n\(text)\n\0"))
        guard case .frame(let frame) = try decoder.next() else { return "no frame" }
        var buffer = ByteBuffer()
        FrameEncoder(version: to).relayHeaders(of: frame, except: except, into: &buffer)
        return String(buffer: buffer)
    }

    @Test func orderAndRepeatsAreKept() throws {
        #expect(try relay("b:2\na:1\nb:3\n한:글\ne:\n", .v12, .v12) == "b:2\na:1\nb:3\n한:글\ne:\n")
    }

    @Test func namedHeadersAreLeftOut() throws {
        #expect(try relay("b:2\na:1\nb:3\nbb:4\n", .v12, .v12, except: ["b", "c"]) == "a:1\nbb:4\n")
    }

    @Test(arguments: STOMPVersion.allCases)
    func theEndsOfLinesAreThoseOfTheTarget(_ version: STOMPVersion) throws {
        #expect(try relay("a:1\r\nb:2\r\n\r", .v12, version) == "a:1\nb:2\n")
    }

    @Test(arguments: [
        (STOMPVersion.v12, STOMPVersion.v12, "a\\cb:x\\n\\r\\\\y"), (.v12, .v11, "a\\cb:x\\n\\\\r\\\\y"),
        (.v12, .v10, "a\\cb:x\\n\\r\\y"),
    ])
    func escapesAreThoseOfTheTarget(_ from: STOMPVersion, _ to: STOMPVersion, _ line: String) throws {
        #expect(try relay("a\\cb:x\\n\\r\\\\y\n", from, to) == line + "\n")
    }

    @Test(arguments: [(STOMPVersion.v12, "a:http\\c//x\\\\n"), (.v11, "a:http\\c//x\\\\n"), (.v10, "a:http://x\\n")])
    func version10HasNoEscapesToUndo(_ to: STOMPVersion, _ line: String) throws {
        #expect(try relay("a:http://x\\n\n", .v10, to) == line + "\n")
    }

    @Test func bytesThatAreNotUTF8StayUnchanged() throws {
        var decoder = FrameDecoder(version: .v12)
        decoder.feed(ByteBuffer(bytes: Array("SEND\na:".utf8) + [0xFF, 0x5C, 0x63, 0xFE] + Array("\n\n\0".utf8)))
        guard case .frame(let frame) = try decoder.next() else { return #expect(Bool(false)) }
        var buffer = ByteBuffer()
        FrameEncoder(version: .v10).relayHeaders(of: frame, into: &buffer)
        #expect(Array(buffer.readableBytesView) == Array("a:".utf8) + [0xFF, 0x3A, 0xFE, 0x0A])
    }
}
