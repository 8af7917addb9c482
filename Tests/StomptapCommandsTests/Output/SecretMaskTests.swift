import Testing

@testable import StomptapCommands

@Suite struct SecretMaskTests {
    @Test(arguments: [
        "passcode", "Authorization", "COOKIE", "set-cookie", "Proxy-Authorization", "x-auth-token", "Client-Secret",
        "user_password", "X-API-Key", "apikey", "api_key", "aws-credentials",
    ])
    func namesThatHoldSecrets(name: String) {
        #expect(SecretMask.hiding.hides(name))
        #expect(!SecretMask.none.hides(name))
    }

    @Test(arguments: [
        "", "login", "destination", "subscription", "message-id", "pass", "key", "toke", "x-secre", "auth",
    ])
    func namesThatHoldNone(name: String) {
        #expect(!SecretMask.hiding.hides(name))
    }

    @Test(arguments: [
        ("GET /ws?token=a%20b&x=1 HTTP/1.1", "GET /ws?token=****&x=1 HTTP/1.1"),
        ("/ws?x=1&access_token=abc#key=v", "/ws?x=1&access_token=****#key=****"),
        ("/ws?key=1&jwt=2&keyboard=3&password=", "/ws?key=****&jwt=****&keyboard=3&password="),
        ("stomp://user:p@ss:w@host:61613/v, ws://h:80/a@b:c", "stomp://user:****@host:61613/v, ws://h:80/a@b:c"),
        ("token=abc", "token=abc"), ("://", "://"), (":", ":"), ("=", "="), ("?token=", "?token="), ("", ""),
    ])
    func secretsOfURLs(text: String, expected: String) {
        #expect(SecretMask.hiding.masked(text) == expected)
        #expect(SecretMask.none.masked(text) == text)
    }

    @Test(arguments: [
        (
            "GET /?key=1 HTTP/1.1\r\nHost: h\r\nCookie: a=b; c=d\r\nAuthorization:Basic eDp5\r\n\r\n",
            "GET /?key=**** HTTP/1.1\r\nHost: h\r\nCookie: ****\r\nAuthorization:****\r\n\r\n"
        ),
        ("CONNECT\nlogin:u\npasscode://a:b@c\\n\n\n\0", "CONNECT\nlogin:u\npasscode:****\n\n\0"),
        (#"["CONNECT\npasscode:a\\b\nlogin:u\n\n\u0000"]"#, #"["CONNECT\npasscode:****\nlogin:u\n\n\u0000"]"#),
        ("Host: passcode:1", "Host: passcode:1"), ("passcode:", "passcode:"), ("passcode: ", "passcode: "),
    ])
    func secretsOfHeads(text: String, expected: String) {
        #expect(withOctets(text) { SecretMask.hiding.masked(head: $0) } == expected)
    }

    @Test func aDumpKeepsItsOffsets() {
        let text = "CONNECT\npasscode:abc\nx:y\n\n\0"
        let covered = withOctets(text) { SecretMask.hiding.covered($0) }
        #expect(String(decoding: covered, as: UTF8.self) == "CONNECT\npasscode:***\nx:y\n\n\0")
    }
}
