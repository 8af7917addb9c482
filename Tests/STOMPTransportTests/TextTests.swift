import NIOCore
import STOMPTransport
import SystemC
import Testing

/// Helpers used by several layers: percent-encoding, display escaping, and creating files.
@Suite struct TextTests {
    @Test func percentEncodingIsDecoded() {
        func decoded(_ text: String, _ malformed: PercentEncoding.Malformed) -> String? {
            PercentEncoding.decode(text.utf8, malformed: malformed).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(decoded("a%2Fb%c3%A9%", .stays) == "a/bé%")
        #expect(decoded("%zz%2", .stays) == "%zz%2")
        #expect(decoded("%41%+5", .stays) == "A%+5")
        #expect(decoded("%zz", .isRefused) == nil)
        #expect(decoded("a%2", .isRefused) == nil)
        #expect(PercentEncoding.decode("%41".utf8, malformed: .isRefused) { $0 != 0x41 } == nil)
        #expect(PercentEncoding.encode("/a b~é") == "%2Fa%20b~%C3%A9")
        #expect(decoded(PercentEncoding.encode("한글 %25/\n"), .isRefused) == "한글 %25/\n")
    }

    /// Hidden characters are found after text of any length.
    @Test func whatIsHiddenIsFound() {
        for length in 0..<40 {
            for hidden in [
                "\u{1B}", "\u{7F}", "\u{9B}", "\u{61C}", "\u{200B}", "\u{202E}", "\u{FEFF}", "\u{E0041}", "\n",
                "\u{200C}", "\u{200D}",
            ] {
                let text = String(repeating: "a", count: length)
                let bytes = Array("\(text)\(hidden)bcdefghijk".utf8)
                let found = bytes.withUnsafeBytes { DisplayEscaping.firstHidden(in: $0, from: 0) }
                #expect(found?.index == length && found?.length == hidden.utf8.count)
                #expect(found?.scalar == hidden.unicodeScalars.first?.value)
            }
            let plain = Array((String(repeating: "a", count: length) + "é한م\u{200C}ن👩‍👩‍👧").utf8)
            #expect(plain.withUnsafeBytes { DisplayEscaping.firstHidden(in: $0, from: 0) } == nil)
        }
        #expect(printable("a\u{1B}\n\u{202E}é", limit: 4) == "a\\x1b\\n\\u{202e}...")
    }

    @Test func aFileIsCreatedAsItIsAskedFor() throws {
        let path = "/tmp/stomptap-\(UInt64.random(in: .min ... .max))"
        defer { unlink(path) }
        func put(_ text: String, _ creation: FileCreation) throws {
            let file = try creation.opened(path, mode: 0o600)
            #expect(Array(text.utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == text.utf8.count)
            close(file)
        }
        func size() -> Int {
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600 ? Int(status.st_size) : -1
        }
        try put("abc", .exclusive)
        #expect(size() == 3)
        #expect(throws: FileCreation.Failure.self) { try put("abc", .exclusive) }
        try put("de", .appending)
        #expect(size() == 5)
        try put("f", .truncating)
        #expect(size() == 1)
        // A file that others can read is restricted to its owner, unless the shell opened it.
        for creation in [FileCreation.appending, .truncating] {
            chmod(path, 0o644)
            try put("g", creation)
            #expect(size() > 0)
        }
        chmod(path, 0o644)
        let open = SystemC.open(path, O_RDWR)
        defer { close(open) }
        try put("h", .appending)
        chmod(path, 0o644)
        close(try FileCreation.appending.opened("/dev/fd/\(open)", mode: 0o600))
        #expect(size() == -1)
        close(try FileCreation.truncating.opened("/dev/null", mode: 0o600))
        // If a file may be readable by all, its mode is kept.
        close(try FileCreation.appending.opened(path, mode: 0o644))
        #expect(size() == -1)
    }

    @Test func aLinkIsNotFollowedByAFileThatMustBeNew() {
        let path = "/tmp/stomptap-\(UInt64.random(in: .min ... .max))"
        defer { unlink(path) }
        symlink(path + ".target", path)
        #expect(throws: FileCreation.Failure.self) { try FileCreation.exclusive.opened(path, mode: 0o600) }
        #expect(access(path + ".target", F_OK) != 0)
    }

    @Test func aPipeIsOpenedAsItIs() throws {
        let path = "/tmp/stomptap-\(UInt64.random(in: .min ... .max))"
        defer { unlink(path) }
        #expect(mkfifo(path, 0o644) == 0)
        chmod(path, 0o644)
        let reader = SystemC.open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        close(try FileCreation.appending.opened(path, mode: 0o600))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o644)
    }
}
