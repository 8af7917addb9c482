import Foundation
import SystemC
import TestSupport
import Testing

@testable import LineEditor

@Suite struct HistoryTests {
    @Test func aRepeatedLineMovesToTheEnd() {
        var history = History(limit: 10, lines: ["a", "b", "a", "", "c", "b"])
        #expect(history.lines == ["a", "c", "b"])
        history.add("a")
        history.add("")
        #expect(history.lines == ["c", "b", "a"])
    }

    @Test func theOldestLinesAreDropped() {
        var history = History(limit: 2, lines: ["a", "b", "c"])
        #expect(history.lines == ["b", "c"])
        history.add("d")
        #expect(history.lines == ["c", "d"])
        var none = History(limit: 0)
        none.add("a")
        #expect(none.lines == [])
    }

    @Test func theSizeIsBoundedButTheNewestLineStays() {
        let long = String(repeating: "x", count: History.byteLimit - 1)
        var history = History(limit: 10, lines: ["a", "b", long])
        #expect(history.lines == ["b", long])
        history.add(long + "yz")
        #expect(history.lines == [long + "yz"])
    }

    @Test func anyLineSurvivesTheFile() {
        let lines = ["plain", "{\n  \"이름\": 1\r\n}", "\\n", "ends in \\", "tab\t", "a\u{2028}b", "\u{301}"]
        let text = History(limit: 10, lines: lines).fileText
        #expect(text.split(separator: "\n").count == lines.count)
        #expect(History(limit: 10, fileText: text).lines == lines)
    }

    @Test func aFileMadeByHandIsRead() {
        #expect(History(limit: 10, fileText: "a\r\n\n\\x\\\nlast").lines == ["a", "x", "last"])
    }

    @Test func theFileIsItsOwnersAlone() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path + "/state/stomptap/history"
            var file = HistoryFile(path: path, limit: 10)
            #expect(try file.load().lines == [])
            try file.add("a")
            #expect(try permissions(path) == 0o600)
            #expect(try permissions(folder.path + "/state/stomptap") == 0o700)
            #expect(try permissions(folder.path + "/state") == 0o700)
            chmod(path, 0o644)
            try file.add("b")
            #expect(try permissions(path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/state/stomptap") == ["history"])
        }
    }

    @Test func sessionsKeepEachOthersLines() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path + "/history"
            var one = HistoryFile(path: path, limit: 10), two = HistoryFile(path: path, limit: 10)
            try one.add("a")
            try two.add("b")
            try one.add("c")
            try two.add("a")
            #expect(try one.load().lines == ["b", "c", "a"])
        }
    }

    @Test func manySessionsAtOnceLoseNothing() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.path + "/history"
            await withTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        var file = HistoryFile(path: path, limit: 1000)
                        for number in 0..<25 {
                            // If the lock is held too long, the line is saved with the next one.
                            try? file.add("\(writer) \(number)")
                        }
                        while (try? file.add("\(writer) end")) == nil {}
                    }
                }
            }
            let history = try HistoryFile(path: path, limit: 1000).load()
            #expect(history.lines.count == 4 * 26)
        }
    }

    /// If another program holds the lock for long, the line is saved by `flush()` at the end.
    @Test func aLineThatCouldNotBeSavedIsSavedAtTheEnd() async throws {
        try await withTemporaryFolder { folder in
            var file = HistoryFile(path: folder.path + "/history", limit: 10)
            try file.add("a")
            let lock = try #require(lockFolder(folder.path, waiting: 0))
            #expect(lockFolder(folder.path, waiting: 10) == nil)
            #expect(throws: LineEditorError.historyLocked(folder: folder.path)) { try file.add("b") }
            var other = HistoryFile(path: folder.path + "/history", limit: 10)
            #expect(throws: LineEditorError.self) { try other.add("c") }
            close(lock)
            try other.flush()
            try file.flush()
            #expect(try file.load().lines == ["a", "c", "b"])
        }
    }

    @Test func aLinkStaysALink() async throws {
        try await withTemporaryFolder { folder in
            let target = folder.path + "/target", link = folder.path + "/link"
            try Data("old\n".utf8).write(to: URL(filePath: target))
            symlink("target", link)
            var file = HistoryFile(path: link, limit: 10)
            try file.add("new")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target")
            #expect(try String(contentsOfFile: target, encoding: .utf8) == "old\nnew\n")
        }
    }

    @Test func onlyARegularFileIsRead() async throws {
        try await withTemporaryFolder { folder in
            #expect(throws: LineEditorError.self) { try HistoryFile(path: folder.path, limit: 10).load() }
            mkfifo(folder.path + "/pipe", 0o600)
            #expect(throws: LineEditorError.self) { try HistoryFile(path: folder.path + "/pipe", limit: 10).load() }
            try Data().write(to: folder.appending(path: "file"))
            var file = HistoryFile(path: folder.path + "/file/history", limit: 10)
            #expect(throws: LineEditorError.self) { try file.add("a") }
        }
    }

    private func permissions(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}

@Suite struct IncrementalSearchTests {
    private func found(_ search: IncrementalSearch) -> String? {
        search.match.map { String(String.UnicodeScalarView($0.text)) }
    }

    @Test func thePatternNarrowsAndTheKeysGoOn() {
        var search = IncrementalSearch(lines: ["sub 가게", "send 가나", "sub 한글", "quit"])
        search.type(["가"])
        #expect(found(search) == "send 가나")
        #expect(search.match?.offset == 5)
        search.type(["게"])
        #expect(found(search) == "sub 가게")
        search.type(["x"])
        #expect(search.failed && found(search) == "sub 가게")
        search.deleteBackward()
        search.deleteBackward()
        #expect(!search.failed && found(search) == "send 가나")
        search.goOlder()
        #expect(found(search) == "sub 가게")
        search.goOlder()
        #expect(search.failed && found(search) == "sub 가게")
        search.goNewer()
        #expect(!search.failed && found(search) == "send 가나")
    }

    @Test func nothingIsFoundInNothing() {
        var search = IncrementalSearch(lines: [])
        search.goOlder()
        search.goNewer()
        search.deleteBackward()
        search.type(["a"])
        #expect(search.failed && search.match == nil)
    }
}
