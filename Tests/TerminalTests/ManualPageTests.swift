import Foundation
import TestSupport
import Testing

@Suite struct ManualPageTests {
    @Test func mandocHasNothingToSay() async throws {
        let pages = try Repository.pages()
        let result = try await Program("/usr/bin/mandoc", ["-T", "lint", "-W", "style"] + pages.map(\.path)).run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.output == "")
    }

    @Test func manShowsThem() async throws {
        for page in try Repository.pages() {
            let result = try await Program("/usr/bin/mandoc", ["-T", "utf8", page.path]).run()
            #expect(result.status == .exited(0))
            #expect(result.output.contains("N\u{8}NA\u{8}AM\u{8}ME\u{8}E"), "\(page.lastPathComponent)")
        }
    }
}
