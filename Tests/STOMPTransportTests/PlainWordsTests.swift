import NIOCore
import Testing

@testable import STOMPTransport

/// The text of a failure that a user of the library reads.
@Suite struct PlainWordsTests {
    private enum Sample {
        case plainCase, one(String), labelled(by: String), pair(to: [String], SystemError?), nested(NameFailure?)
        case httpStatus(Int, wanted: Duration), notHTTP
    }

    @Test(arguments: [
        (Sample.plainCase, "plain case"),
        (.one("x"), "one x"),
        (.labelled(by: "a\nb"), "labelled by a\\nb"),
        (.pair(to: ["a", "b"], nil), "pair to a, b"),
        (.pair(to: ["a"], SystemError(code: 111)), "pair to a connection refused"),
        (.nested(.noAnswer(for: "x", within: .seconds(2))), "nested no answer for x within 2 s"),
        (.nested(nil), "nested"),
        (.httpStatus(404, wanted: .milliseconds(5)), "http status 404 wanted 5 ms"),
        (.notHTTP, "not HTTP"),
    ]) private func casesBecomeWords(value: Sample, words: String) {
        #expect(plainWords(of: value) == words)
    }

    @Test func aFailureNamesItsLayerAndNoOption() {
        #expect(TransportError.tcp(.connectionRefused(by: ["a:1"])).description == "TCP: connection refused by a:1")
    }
}
