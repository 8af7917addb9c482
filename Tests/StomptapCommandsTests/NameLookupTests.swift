import Foundation
import NIOCore
import STOMPClient
import Testing

@testable import StomptapCommands

struct NameLookupTests {
    /// A resolver that does not answer blocks neither the program nor the next lookup.
    @Test func theDeadlineHolds() async throws {
        let answer = DispatchSemaphore(value: 0)
        defer { answer.signal() }
        let error = await #expect(throws: STOMPClientError.self) {
            try await NameLookup.addresses(of: "slow.example", within: .milliseconds(50)) { _ in
                _ = answer.wait(timeout: .now() + 30)
                return []
            }
        }
        guard case .transport(.name(.noAnswer(for: "slow.example", within: .milliseconds(50)))) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(try await NameLookup.addresses(of: "127.0.0.1", within: .seconds(30)) == ["127.0.0.1"])
    }
}
