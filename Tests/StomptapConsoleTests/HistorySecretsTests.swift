import Testing

@testable import StomptapConsole

/// Secrets that were typed at the prompt.
struct HistorySecretsTests {
    @Test(arguments: [
        ("connect stomp://u:p/w@h", true), ("connect stomp://u:p w@h", true), ("connect u:pw", true),
        ("connect stomp://localhost:61613", false), ("send -H 'passcode abc' /a x", true), ("send /a x", false),
        ("send /a u:p@h", true), ("connect ws://token@h/ws", true), ("connect stomp://user%3Apw@h", true),
        ("connect stomp%3A%2F%2Fuser%3Apw%40h", true), ("connect ws://me@h/ws", true), ("connect stomp://@h", true),
        // This may be a login whose "/" was not written as %2F.
        ("connect ws://h/ws?mail=a@b", true), ("connect ws://h/ws?jwt=abc", true),
        ("connect ws://h/ws?x=eyJa.b.c", true),
        ("sub /a -H session:abc", true), ("sub /a -H 'X-Auth: abc'", true), ("sub /a -H 'x: Bearer abcdefg1'", true),
        ("sub /a -HJSESSIONID=abc", true), (#"send /a {"apiKey":"x"}"#, true), (#"send /a {"x":{"pwd" : 1}}"#, true),
        (#"send /a {"x":"Bearer abc"}"#, true), (#"send /a {\"otp\":1}"#, true),
        ("send /a <<EOF\nAuthorization: x\nEOF", true), ("raw <<EOF\nCONNECT\npasscode:a\n\n^@\nEOF", true),
        ("raw <<EOF\nSEND\nx:eyJa.b.c\n\nEOF", true), ("send /a <<EOF\nplain text\nEOF", false),
        ("sub /topic/passenger -H 'author: x'", false), ("send /a Basic usage of words", false),
        (#"send /a {"passenger":"x","inside":1}"#, false), ("send /a 100%", false), ("sub /topic/session", false),
    ])
    func linesThatAreNotKept(line: String, isSecret: Bool) {
        #expect(HistorySecrets.holds(line) == isSecret)
    }
}
