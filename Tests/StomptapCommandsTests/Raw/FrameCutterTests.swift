import Testing

@testable import StomptapCommands

@Suite struct FrameCutterTests {
    /// The pieces cut off `text`, which is fed in pieces of `size`.
    private func cut(
        _ text: String, by size: Int = .max, _ change: (inout FrameCutter) -> Void = { _ in }
    ) throws -> [String] {
        var cutter = FrameCutter()
        change(&cutter)
        var pieces: [FrameCutter.Piece] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            pieces += try cutter.feed(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        if let last = try cutter.finish() { pieces.append(last) }
        return pieces.map { String(decoding: $0.bytes, as: UTF8.self) + ($0.isUnterminated ? "<unterminated>" : "") }
    }

    @Test(arguments: [
        // Here the line end before ^@ belongs to the head: it is the empty line that ends it.
        ("CONNECT\nhost:/\n\n^@\n", ["CONNECT\nhost:/\n\n\0"]),
        // Here it follows a body and is not part of it.
        ("SEND\n\nhi\n^@\nSEND\n\n\n^@\n", ["SEND\n\nhi\0", "SEND\n\n\0"]),
        ("SEND\n\nhi\n\n^@\n", ["SEND\n\nhi\n\0"]),
        ("SEND\r\n\r\nhi\r\n^@\r\n", ["SEND\r\n\r\nhi\0"]),
        // A NUL ends a frame anywhere; the rest of its line is only its line end.
        ("SEND\n\nhi\0\nSEND\n\nho\0", ["SEND\n\nhi\0", "SEND\n\nho\0"]),
        ("SEND\n\nhi\0SEND\n\nho\0\r\n", ["SEND\n\nhi\0", "SEND\n\nho\0"]),
        // Without an empty line there is no body, and nothing is corrected.
        ("CONNECT\nhost:/\n^@\n", ["CONNECT\nhost:/\n\0"]),
        ("no frame at all\n^@\n", ["no frame at all\n\0"]),
        ("^@\n^@", ["\0"]),
        // An empty line between frames is a heart-beat.
        ("\nSEND\n\n^@\n\n", ["\n", "SEND\n\n\0", "\n"]),
        ("SEND\n\n^@ is in the body\n ^@\n^@\n", ["SEND\n\n^@ is in the body\n ^@\0"]),
        ("SEND\n\nhi\n", ["SEND\n\nhi\n<unterminated>"]),
        ("SEND\n\nhi\n^@", ["SEND\n\nhi\0"]),
        ("SEND", ["SEND<unterminated>"]),
        ("", []),
    ])
    func aFrameEndsAtItsMarkHoweverItComes(text: String, frames: [String]) throws {
        for size in [1, 2, 3, 7, Int.max] { #expect(try cut(text, by: size) == frames) }
    }

    @Test(arguments: [
        (#"SEND\r"# + "\n" + #"a\x3ab:\x1b\t\\c"# + "\n\n^@\n", ["SEND\r\na:b:\u{1B}\t\\c\n\n\0"]),
        // Inside a line `\0` is a byte of the body; at the end of a line it ends the frame.
        ("SEND\n\n" + #"a\0b\0"# + "\nSEND\n\n" + #"\0"# + "\n", ["SEND\n\na\0b\0", "SEND\n\n\0"]),
        ("SEND\n\n" + #"a\nb"# + "\n^@\n", ["SEND\n\na\nb\0"]),
    ])
    func escapesAreUnderstoodWhenAskedFor(text: String, frames: [String]) throws {
        #expect(try cut(text) { $0.hasEscapes = true } == frames)
    }

    @Test func escapesAreLeftAloneOtherwise() throws {
        #expect(try cut("SEND\n\n\\0\n^@\n") == ["SEND\n\n\\0\0"])
    }

    @Test(arguments: [#"\q"#, #"\"#, #"\x1"#, #"\xzz"#])
    func invalidEscapesAreReportedWithTheirLine(line: String) {
        let fault = #expect(throws: InputFault.self) {
            try cut("SEND\n\n\(line)\n") { $0.hasEscapes = true }
        }
        #expect(fault?.line == 3)
    }

    @Test func theHeadCanHaveOtherLineEnds() throws {
        let frames = try cut("SEND\na:b\n\none\ntwo\n^@\nSEND\r\n\r\n^@\n") { $0.endsLinesWithCRLF = true }
        #expect(frames == ["SEND\r\na:b\r\n\r\none\ntwo\0", "SEND\r\n\r\n\0"])
    }

    @Test(arguments: [1, 5, Int.max])
    func aFrameOverTheLimitIsRefused(size: Int) throws {
        let fits = "SEND\n\n" + String(repeating: "a", count: 94)
        #expect(try cut(fits + "\0", by: size) { $0.limit = 100 } == [fits + "\0"])
        for text in [fits + "a\0", fits + "a\n\0", String(repeating: "a\n", count: 60)] {
            #expect(throws: InputFault.self) { try cut(text, by: size) { $0.limit = 100 } }
        }
    }

    @Test func linesAreMessages() throws {
        var cutter = LineCutter(hasEscapes: false, limit: 10)
        #expect(try cutter.feed(Array("one\r\n\ntw".utf8)).map { String(decoding: $0, as: UTF8.self) } == ["one", ""])
        #expect(try cutter.feed(Array("o\nthree".utf8)).map { String(decoding: $0, as: UTF8.self) } == ["two"])
        #expect(try cutter.finish() == Array("three".utf8))
        #expect(try cutter.finish() == nil)
        let fault = #expect(throws: InputFault.self) { try cutter.feed(Array("01234567890".utf8)) }
        #expect(fault?.line == 4)
    }
}
