import OutputFixtures
import STOMPCore
import Testing

@testable import StomptapOutput

@Suite struct SecretMaskTests {
    @Test(arguments: [
        "passcode", "Authorization", "COOKIE", "set-cookie", "Proxy-Authorization", "x-auth-token", "Client-Secret",
        "user_password", "X-API-Key", "apikey", "api_key", "aws-credentials",
        "x-access-control-token", "token_types", "ratelimit-tokens", "pass", "auth", "session", "apiKey",
    ])
    func namesThatHoldSecrets(name: String) {
        #expect(SecretMask.hiding.hides(name))
        #expect(!SecretMask.none.hides(name))
    }

    @Test(arguments: [
        "", "login", "destination", "subscription", "message-id", "passenger", "key", "toke", "x-secre", "author",
        "Access-Control-Allow-Credentials", "token_type", "Token-Type", "cookie_needed", "x-ratelimit-remaining-tokens",
    ])
    func namesThatHoldNone(name: String) {
        #expect(!SecretMask.hiding.hides(name))
    }

    @Test(arguments: [
        ("GET /ws?token=a%20b&x=1 HTTP/1.1", "GET /ws?token=****&x=1 HTTP/1.1"),
        ("/ws?x=1&access_token=abc#key=v", "/ws?x=1&access_token=****#key=****"),
        ("/ws?key=1&jwt=2&keyboard=3&password=", "/ws?key=****&jwt=****&keyboard=3&password="),
        ("stomp://user:p@ss:w@host:61613/v, ws://h:80/a b:c", "stomp://user:****@host:61613/v, ws://h:80/a b:c"),
        ("at \"stomp://user:p/s?w#x'y@host\" and on", "at \"stomp://user:****@host\" and on"),
        ("(user:p/w@host)", "(user:****@host)"), ("stomp:/user:pw@host", "stomp:/user:****@host"),
        ("stomp:user:pw@host", "stomp:user:****@host"), ("ws://token@host/ws", "ws://****@host/ws"),
        ("stomp://a:b@h,stomp://c:d,e@h", "stomp://a:****@h,stomp://c:****@h"),
        ("ws://h:80/ws?mail=a@b.c: no", "ws://h:80/ws?mail=a@b.c: no"), ("mail a@b.c: no", "mail a@b.c: no"),
        ("ws://h/ws?token=a'b;c,d: refused; try", "ws://h/ws?token=****: refused; try"),
        ("token=abc", "token=abc"), ("://", "://"), (":", ":"), ("=", "="), ("?token=", "?token="), ("", ""),
    ])
    func secretsOfURLs(text: String, expected: String) {
        #expect(SecretMask.hiding.masked(text) == expected)
        #expect(SecretMask.none.masked(text) == text)
    }

    /// A rejected argument may not be what it looks like.
    @Test(arguments: [
        ("stomp://user:p w@host:61613/v", "stomp://user:****@host:61613/v"), ("user:pw", "user:****"),
        ("stomp://user:pw", "stomp://user:****"), ("stomp://user:p/w", "stomp://user:****"),
        ("localhost:61613", "localhost:61613"), ("ws://localhost:15674/ws", "ws://localhost:15674/ws"),
        ("ws://h/ws?x=1 2#3", "ws://h/ws?****"), ("stomp:user:pw@h", "stomp:user:****@h"), ("/topic/a", "/topic/a"),
        ("stomp//user:p@w@h", "stomp//user:****@h"), ("stomp://[::1]:61613", "stomp://[::1]:61613"),
        ("stomp://a:b@h,user:p@h", "stomp://a:****@h"),
        ("stomp://a:p/w@h,ws://b:x@h", "stomp://a:****@h,ws://b:****@h"),
        ("stomp://u:p,ws://w@h", "stomp://u:****,ws://****@h"), ("token@host", "****@host"),
        ("passcode=a b", "passcode=****"), ("Authorization Bearer a", "Authorization ****"), ("", ""), ("@", "@"),
        ("Authorization: Bearer a", "Authorization:****"), ("-----BEGIN PRIVATE KEY-----\nab", "****"),
    ])
    func secretsOfWhatWasTyped(text: String, expected: String) {
        #expect(SecretMask.hiding.masked(typed: text) == expected)
        #expect(SecretMask.none.masked(typed: text) == text)
    }

    @Test(arguments: [
        (
            "GET /?key=1 HTTP/1.1\r\nHost: h\r\nCookie: a=b; c=d\r\nAuthorization:Basic eDp5\r\n\r\n",
            "GET /?key=**** HTTP/1.1\r\nHost: h\r\nCookie: ****\r\nAuthorization:****\r\n\r\n"
        ),
        ("CONNECT\nlogin:u\npasscode://a:b@c\\n\n\n\0", "CONNECT\nlogin:u\npasscode:****\n\n\0"),
        (#"["CONNECT\npasscode:a\\b\nlogin:u\n\n\u0000"]"#, #"["CONNECT\npasscode:****\nlogin:u\n\n\u0000"]"#),
        (
            "HTTP/1.1 200\r\nAccess-Control-Allow-Credentials: true\r\nSet-Cookie: a\r\n\r\n",
            "HTTP/1.1 200\r\nAccess-Control-Allow-Credentials: true\r\nSet-Cookie: ****\r\n\r\n"
        ),
        ("Host: passcode:1", "Host: passcode:1"), ("passcode:", "passcode:"), ("passcode: ", "passcode: "),
    ])
    func secretsOfHeads(text: String, expected: String) {
        #expect(withBytes(text) { SecretMask.hiding.masked(head: $0) } == expected)
    }

    @Test func aDumpKeepsItsOffsets() {
        let text = "CONNECT\npasscode:abc\nx:y\n\n\0"
        let covered = withBytes(text) { SecretMask.hiding.covered($0) }
        #expect(String(decoding: covered, as: UTF8.self) == "CONNECT\npasscode:***\nx:y\n\n\0")
    }

    /// The session id in CONNECTED, and values that are secret whatever their header is called.
    @Test(
        arguments: [
            ("session", "s1", Command.connected, false), ("session", "s1", .message, true),
            ("session", "s1", nil, true),
            ("x-session", "s1", .connected, true), ("x", "Bearer abc", .send, true), ("x", "eyJa.b.c", nil, true),
            ("x", "abc", .send, false), ("passcode", "", .connect, false),
        ] as [(String, String, Command?, Bool)])
    func aHeader(name: String, value: String, command: Command?, isHidden: Bool) {
        let (hiding, none) = withBytes(name) { name in
            withBytes(value) { value in
                (
                    SecretMask.hiding.hides(value, of: name, in: command),
                    SecretMask.none.hides(value, of: name, in: command)
                )
            }
        }
        #expect(hiding == isHidden && !none)
    }
}
