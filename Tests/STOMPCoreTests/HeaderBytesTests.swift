import NIOCore
import STOMPCore
import Testing

@Suite struct HeaderBytesTests {
    private func frame(_ text: String, _ version: STOMPVersion?) throws -> Frame {
        var decoder = FrameDecoder(version: version)
        decoder.feed(ByteBuffer(string: text))
        guard case .frame(let frame) = try decoder.next() else { throw CancellationError() }
        return frame
    }

    @Test func theyComeInOrderWithTheirEscapesUndone() throws {
        let frame = try frame("MESSAGE\na\\cb:c\\\\d\ne:\na\\cb:\\n\n\n\0", .v12)
        var seen: [String] = []
        frame.headers.forEachBytes { name, value in
            seen.append(String(decoding: name, as: UTF8.self) + "=" + String(decoding: value, as: UTF8.self))
        }
        #expect(seen == ["a:b=c\\d", "e=", "a:b=\n"])
        #expect(frame.headers.withBytes(of: "a:b") { Array($0) } == Array("c\\d".utf8))
        #expect(frame.headers.withBytes(of: "x") { $0.count } == nil)
    }

    @Test func areTheReceivedBytesIfTheyAreNotUTF8() throws {
        var decoder = FrameDecoder(version: .v10)
        decoder.feed(ByteBuffer(bytes: Array("MESSAGE\na:".utf8) + [0xFF, 0x5C, 0x6E] + Array("\n\n\0".utf8)))
        guard case .frame(let frame) = try decoder.next() else { throw CancellationError() }
        #expect(frame.headers.withBytes(of: "a") { Array($0) } == [0xFF, 0x5C, 0x6E])
    }
}
