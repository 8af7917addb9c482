import NIOCore
import Testing

@testable import STOMPTransport

/// Which names and values are secrets, and where they occur in traffic.
@Suite struct SecretTests {
    private static func withBytes<Value>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        var text = text
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    @Test(arguments: [
        "X-Auth", "auth", "jwt", "bearer", "session", "JSESSIONID", "PHPSESSID", "ASP.NET_SessionId", "sessionid",
        "api.key", "apiKey", "APIKey", "api_key", "apikey", "X-API-Key", "access-key", "accessKey", "accessToken",
        "access_token", "idToken", "pass", "pwd", "pw", "signature", "sig", "otp", "sid", "ticket", "token", "token2",
        "password", "userPassword", "passcode", "PassCode", "passphrase", "secret", "client_secret", "credential",
        "credentials", "Authorization", "AUTHORIZATION", "Proxy-Authorization", "cookie", "Set-Cookie", "private key",
        "privateKey", "Ocp-Apim-Subscription-Key", "csrfmiddlewaretoken", "X-XSRF-TOKEN", "_csrf", "oauth2",
        "user[password]", "XAuth", "x-session-id", "dbPasswd",
    ])
    func namesOfSecrets(name: String) { #expect(Self.withBytes(name) { SecretNames.contain($0) }) }

    @Test(arguments: [
        "", "a", "passenger", "inside", "author", "authority", "sideways", "monkey", "compass", "passive", "bypass",
        "obsession", "tickets-sold", "signatory", "secretary", "cookiecutter-free", "tokenize", "residue", "keys",
        "key",
        "subscription", "message-id", "receipt", "receipt-id", "ack", "id", "destination", "content-type", "login",
        "content-length", "heart-beat", "host", "version", "server", "transaction", "accept-version", "selector",
        "Sec-WebSocket-Key", "WWW-Authenticate", "routing-key", "partitionKey", "monkeyKey", "x-ratelimit-limit-tokens",
        "Access-Control-Allow-Credentials", "cookie_needed", "token_type", "x-death", "Content-Security-Policy", "토큰",
    ])
    func otherNames(name: String) { #expect(!Self.withBytes(name) { SecretNames.contain($0) }) }

    @Test(arguments: [
        ("Bearer abc", true), ("bearer a", true), ("BASIC dXNlcjpwYXNz", true), (" Basic dXM=", true),
        ("Basic dXNlcg==", true), ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", true), ("eyJa.eyJb.", true),
        ("Basic realm=\"x\"", false), ("Bearer realm=x, error=\"invalid_token\"", false), ("Bearer", false),
        ("Bearers abc", false), ("Basically", false), ("eyJa.b", false), ("eyes.a.b", false), ("", false), ("a", false),
        ("e", false), ("b", false), ("abc.def.ghi", false),
    ])
    func values(value: String, isSecret: Bool) {
        #expect(Self.withBytes(value) { SecretValues.contain($0) } == isSecret)
    }

    /// Each 7 belongs to a secret, and END does not.
    static let texts = [
        "CONNECT\nlogin:u\npasscode:777\nx:END\n\n\0", "HTTP/1.1 200\r\nSet-Cookie: 777; a=7 7\r\nX: END\r\n\r\n",
        "x-foo: Bearer 777\nEND", "x:basic 777=\r\nEND: 1\n", "X: eyJ777.7_7.7-7\nEND", "a eyJ777.77.77, END",
        "GET /ws?a=1&token=777&x=END HTTP/1.1\r\n", "/ws?a=Bearer%20777&END=1", "/ws;jsessionid=777 END",
        "/ws?x=eyJ77.77.77&END=1 ", "/ws?toke%6E=777 END", "see http://u:7@7@h:80/END x",
        "{\"token\":\"777\",\"b\":\"END\"}",
        "{\"a\": {\"apiKey\" : 777, \"b\": \"END\"}}", "{\"pwd\":\"7\\\"7\\\\\",\"b\":\"END\"}",
        "{\"credentials\":{\"a\":[7,\"}7\\\"]\"]},\"b\":\"END\"}", "{\"x\":\"Bearer 777\",\"b\":\"END\"}",
        "{\"x\":[\"eyJ77.77.77\"],\"b\":\"END\"}", "{\"private key\":\n  \"777\",\"token\":null,\"b\":\"END\"}",
        #"a["CONNECTED\nx-token:777\nEND:1.2"]"#, #"a["M\u000apasscode:777\u000aEND:1\u000a\u000a\u0000"]"#,
        #"a["M\u000Apasscode:77\\n7\u000DEND:1"]"#, #"["CONNECT\npasscode:7\\7\nlogin:END\n\n\u0000"]"#,
        #"a["MESSAGE\nx:y\n\n{\"token\":\"7\\\"7\\\\\",\"n\":\"END\"}\u0000"]"#,
        #"a["MESSAGE\n\n{\"secrets\":[\"7]\\\"7\",7],\"n\":\"END\"}\u0000"]"#,
        #"a["x:1\n\n{\"t\":\"{\\\"pass\\\":\\\"777\\\",\\\"n\\\":\\\"END\\\"}\"}\u0000"]"#,
        #"["/ws?token\u003d777\u0026END\u003d1"]"#, "CONNECTED\nsession:END\nx-auth:777\n\n\0",
        "SEND\nsession:777\nEND:1\n\n\0", "POST / HTTP/1.1\r\n\r\na=1&password=777&END=1",
    ]

    private static func covered(_ text: [UInt8], _ ranges: [Range<Int>]) -> [UInt8] {
        var text = text
        for index in ranges.joined() { text[index] = UInt8(ascii: "*") }
        return text
    }

    private static func shown(_ pieces: [ArraySlice<UInt8>]) -> String {
        var scanner = SecretScanner()
        let covered = pieces.flatMap { piece in
            Self.covered(Array(piece), Array(piece).withUnsafeBytes { scanner.secrets(in: $0) })
        }
        return String(decoding: covered, as: UTF8.self)
    }

    @Test(arguments: texts) func aSecretIsFoundWhole(text: String) {
        let bytes = Array(text.utf8)
        let ranges = bytes.withUnsafeBytes { SecretSearch.ranges(in: $0, as: .wire) }
        let shown = String(decoding: Self.covered(bytes, ranges), as: UTF8.self)
        #expect(!shown.contains("7") && shown.contains("END") && shown.contains("*"), "\(text) -> \(shown)")
    }

    /// A secret is hidden however the stream is cut into two or three pieces.
    @Test(arguments: texts) func aSecretIsHiddenHoweverItIsCut(text: String) {
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let shown = Self.shown([bytes[..<first], bytes[first..<second], bytes[second...]])
                guard !shown.contains("7") && shown.contains("END") else {
                    Issue.record("cut at \(first) and \(second): \(text) -> \(shown)")
                    return
                }
            }
        }
        let single = Self.shown(bytes.indices.map { bytes[$0...$0] })
        #expect(!single.contains("7") && single.contains("END"), "\(text) -> \(single)")
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nSet-Cookie: a=", "\r\nX: END\r\n\r\n"), (#"a["MESSAGE\nx-token:"#, #"\u000aEND:1"]"#),
        (#"a["MESSAGE\n\n{\"token\":\""#, #"\",\"END\":1}"]"#), ("/ws?token=", "&END=1"), ("a eyJ77.77.", " END"),
    ])
    func aLongSecretIsHiddenToItsEnd(start: String, end: String) {
        let bytes = Array((start + String(repeating: "7", count: 40_000) + end).utf8)
        for size in [1000, 1460, 16_384] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            let shown = Self.shown(pieces)
            #expect(!shown.contains("7") && shown.contains("END") && shown.utf8.count == bytes.count)
        }
    }

    @Test func aKnownValueIsHiddenHoweverItIsCut() {
        KnownSecrets.add(value: "Sesam-open-777777")
        let bytes = Array("it is Sesam-open-777777, END".utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let shown = Self.shown([bytes[..<first], bytes[first..<second], bytes[second...]])
                #expect(!shown.contains("7") && shown.contains("END"), "cut at \(first) and \(second): \(shown)")
            }
        }
    }

    /// What begins like a known value may be another secret.
    @Test(arguments: ["x-foo: Bearer 777\nx: END\n", "/ws?a=Bearer%20777&END=1", #"{"x":"Bearer 777","b":"END"}"#])
    func aSecretThatBeginsLikeAKnownOneIsHidden(text: String) {
        KnownSecrets.add(value: "Bearer Sesam-open-8")
        KnownSecrets.add(value: "/ws?a=Bearer%20Sesam")
        aSecretIsHiddenHoweverItIsCut(text: text)
    }

    @Test func aLongKnownValueIsHiddenHoweverItIsCut() {
        KnownSecrets.add(value: "Sesam-" + String(repeating: "7", count: 5000))
        let bytes = Array("it is Sesam-\(String(repeating: "7", count: 5000)), END".utf8)
        for size in [200, 1000, 4096] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            let shown = Self.shown(pieces)
            #expect(!shown.contains("7") && shown.contains("END") && shown.utf8.count == bytes.count)
        }
    }

    @Test(arguments: [
        "Authorization\nx", "a b: c", "WWW-Authenticate: Basic realm=\"x\"\r\n", "{\"a\":\"b\",\"c\":[1,2]}",
        "see http://localhost:8080/ws", "{\"token\":null}", "Host: passcode:1", "/a?keyboard=3&authority=b ",
        "{\"websocket\":true,\"cookie_needed\":false,\"entropy\":1}", "\\\\\\\"\"\":\":\"", "://", "\"\":", "\\u00",
        ":",
    ])
    func whatIsNoSecretIsShown(text: String) {
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBytes { SecretSearch.ranges(in: $0, as: .wire) } == [], "\(text)")
        _ = Self.shown(bytes.indices.map { bytes[$0...$0] })
    }

    @Test(arguments: [
        ("token eyJ77.77.77 is wrong", "token **** is wrong"),
        ("it says \"Bearer 77777777\" is bad", "it says \"Bearer ****\" is bad"),
        ("Authorization: Basic 7777777= is bad", "Authorization: Basic **** is bad"),
        ("such as -C 'Authorization: Bearer TOKEN'", "such as -C 'Authorization: Bearer TOKEN'"),
        ("which Basic cannot carry", "which Basic cannot carry"), ("no session: try again", "no session: try again"),
    ])
    func aSentence(text: String, expected: String) {
        let bytes = Array(text.utf8)
        var shown = bytes
        for range in bytes.withUnsafeBytes({ SecretSearch.ranges(in: $0, as: .sentence) }).reversed() {
            shown.replaceSubrange(range, with: "****".utf8)
        }
        #expect(String(decoding: shown, as: UTF8.self) == expected)
    }

    /// Meaningless input takes no longer than other input.
    @Test func noInputTakesLong() {
        let start = ContinuousClock.now
        for piece in ["\\", "\"", ":", "\":\"", "{\"token\":[", "://a:", "eyJ.", "session:", "\\u000a", "=", "&token="]
        {
            let bytes = Array(String(repeating: piece, count: 60_000 / piece.utf8.count).utf8)
            _ = bytes.withUnsafeBytes { SecretSearch.ranges(in: $0, as: .wire) }
            _ = bytes.prefix(1000).withUnsafeBytes { SecretSearch.ranges(in: $0, as: .sentence) }
            var scanner = SecretScanner()
            _ = bytes.withUnsafeBytes { scanner.secrets(in: $0) }
        }
        #expect(ContinuousClock.now - start < .seconds(60))
    }
}
