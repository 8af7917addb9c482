import Testing

@testable import StomptapConsole

/// Secrets that were typed at the prompt.
struct HistorySecretsTests {
    @Test(arguments: [
        ("connect stomp://u:p/w@h", true), ("connect stomp://u:p w@h", true), ("connect u:pw", true),
        ("connect stomp://localhost:61613", false), ("send -H 'passcode abc' /a x", true), ("send /a x", false),
        ("send /a u:p@h", true),
    ])
    func linesThatAreNotKept(line: String, isSecret: Bool) {
        #expect(HistorySecrets.holds(line) == isSecret)
    }
}
