import NIOCore
import Testing

@testable import STOMPCore

@Suite struct HeaderListTests {
    @Test func keepsOrderAndRepeats() {
        var list: HeaderList = ["b": "1", "a": "2", "b": "3"]
        list.append("a", "4")
        list.append(contentsOf: [Header("", "5"), Header("A", "6")])
        #expect(list.map(\.name) == ["b", "a", "b", "a", "", "A"])
        #expect(list.map(\.value) == ["1", "2", "3", "4", "5", "6"])
        #expect(list.count == 6)
        #expect(list[2] == Header("b", "3"))
    }

    @Test func goesByTheFirst() {
        let list: HeaderList = ["b": "1", "a": "2", "b": "3"]
        #expect(list["b"] == "1")
        #expect(list["B"] == nil)
        #expect(list.contains("a"))
        #expect(!list.contains("c"))
    }

    @Test func replacesTheFirstInItsPlaceOrAppends() {
        var list: HeaderList = ["b": "1", "a": "2", "b": "3"]
        list["b"] = "x"
        #expect(list == ["b": "x", "a": "2", "b": "3"])
        list["c"] = "y"
        #expect(list == ["b": "x", "a": "2", "b": "3", "c": "y"])
        list["b"] = nil
        #expect(list == ["a": "2", "c": "y"])
        list["z"] = nil
        #expect(list == ["a": "2", "c": "y"])
    }

    @Test func isEmptyByDefault() {
        #expect(HeaderList().isEmpty)
        #expect(HeaderList() == [:])
        #expect(HeaderList()["a"] == nil)
    }
}

@Suite struct FrameHeadersTests {
    private func headers(_ block: String, _ version: STOMPVersion? = .v12) throws -> FrameHeaders {
        try #require(try decodeOne("MESSAGE\n\(block)\n\0", version)).headers
    }

    @Test func findsTheFirstOfAName() throws {
        let headers = try headers("a:1\nab:2\na:3\nempty:\n")
        #expect(headers["a"] == "1")
        #expect(headers["ab"] == "2")
        #expect(headers["empty"] == "")
        #expect(headers["b"] == nil)
        #expect(headers[""] == nil)
        #expect(headers["a:1"] == nil)
        #expect(headers.contains("ab"))
        #expect(!headers.contains("abc"))
        #expect(!headers.contains("1"))
    }

    @Test func comparesTheFirstOfAName() throws {
        let headers = try headers("a:1\na:3\nempty:\n한글:안녕\n")
        #expect(headers.has("a", "1"))
        #expect(!headers.has("a", "3"))
        #expect(!headers.has("a", ""))
        #expect(!headers.has("a", "12"))
        #expect(headers.has("empty", ""))
        #expect(!headers.has("none", ""))
        #expect(headers.has("한글", "안녕"))
    }

    /// Headers are compared by bytes, as servers do: Swift treats two encodings of é as equal.
    @Test(arguments: ["\u{E9}", "e\u{301}"])
    func comparesBytes(value: String) throws {
        for line in ["a:\(value)\n", "a:\(value)\nb:\\n\n"] {
            let headers = try headers(line)
            #expect(headers.has("a", "\u{E9}") == (value.utf8.count == 2))
            #expect(headers.has("a", "e\u{301}") == (value.utf8.count == 3))
        }
        let escaped = try headers("a:\(value)\\n\n")
        #expect(escaped.has("a", "\u{E9}\n") == (value.utf8.count == 2))
    }

    @Test func listsThemAll() throws {
        let headers = try headers("b:2\r\na:1\r\nb:\\n\r\n")
        #expect(headers.list == ["b": "2", "a": "1", "b": "\n"])
        #expect(headers.map(\.value) == ["2", "1", "\n"])
        #expect(try self.headers("").list.isEmpty)
    }

    /// Frames are equal if their content is equal, however their bytes encode it.
    @Test func makeFramesEqualByWhatTheySay() throws {
        let one = try #require(try decodeOne("SEND\na:b\n\nx\0", .v12))
        let same = try #require(try decodeOne("SEND\r\na:b\r\n\r\nx\0", .v11))
        #expect(one == same)
        for other in [
            "MESSAGE\na:b\n\nx\0", "SEND\na:c\n\nx\0", "SEND\na:b\n\ny\0", "SEND\na:b\na:b\n\nx\0", "SEND\n\nx\0",
        ] {
            #expect(try decodeOne(other, .v12) != one)
        }
        #expect(one.description == "SEND a:b [1 B]")
        #expect(one.bodySize == 1)
    }
}
