import Foundation
import TestSupport
import Testing

@Suite(.spawning) struct EditorHistoryTests {
    @Test func theHistoryIsKeptBetweenSessionsWithoutSecrets() async throws {
        try await withTemporaryFolder { folder in
            try await Fixture.run(folder: folder) { fixture in
                fixture.type("first\rsecret passcode\r한글 둘\rfirst\r   \r")
                try await fixture.wait(for: "got \"   \"", ">")
                let saved = try String(contentsOfFile: fixture.history, encoding: .utf8)
                #expect(saved == "한글 둘\nfirst\n")
                fixture.type(Keys.up + Keys.up)
                try await fixture.wait(for: "> 한글 둘", column: 9)
            }
            try await Fixture.run(folder: folder) { fixture in
                fixture.type("draft" + Keys.up)
                try await fixture.wait(for: "> first", column: 7)
                fixture.type(Keys.up)
                try await fixture.wait(for: "> 한글 둘", column: 9)
                fixture.type(Keys.down + Keys.down)
                try await fixture.wait(for: "> draft", column: 7)
            }
        }
    }

    @Test func aLongDraftComesBackFromTheHistoryWhole() async throws {
        try await Fixture.run(columns: 100, rows: 40) { fixture in
            let draft = (0..<600).map { "\($0) " }.joined()
            let other = (600..<1200).map { "\($0) " }.joined()
            fixture.type(Keys.pasted(other) + "?\rshort\r" + Keys.pasted(draft) + "!")
            try await fixture.program.wait(for: "not typed") { $0.shown.last?.hasSuffix("!") == true }
            fixture.type(Keys.up)
            try await fixture.wait(for: "> short", column: 7)
            fixture.type(Keys.up)
            try await fixture.program.wait(for: "not older") { $0.shown.last?.hasSuffix("?") == true }
            fixture.type(Keys.down + Keys.down)
            try await fixture.program.wait(for: "not back") { $0.shown.last?.hasSuffix("!") == true }
            fixture.type(Keys.enter)
            let got = try await fixture.program.wait(for: "not got") {
                $0.shown.last == ">" && $0.shown.contains { $0.hasSuffix("!\"") }
            }
            let printed = got.everything.drop { !$0.hasPrefix("got \"0 ") }.dropLast().joined()
            #expect(printed.filter { $0 != " " } == "got\"\(draft)!\"".filter { $0 != " " })
        }
    }

    @Test func anUnwritableHistoryIsReportedOnce() async throws {
        try await Fixture.run(environment: ["HISTORY": "/proc/nothing/history"]) { fixture in
            fixture.type("a\rb\r")
            try await fixture.wait(for: "got \"b\"", ">")
            let notices = fixture.program.model.everything.filter { $0.hasPrefix("history: cannot ") }
            #expect(notices.count == 1)
            fixture.type(Keys.up + Keys.up)
            try await fixture.wait(for: "> a")
        }
    }
}
