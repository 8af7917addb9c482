import NIOCore
import NIOHTTP1
import Testing

@testable import STOMPTransport

/// Answers to requests of this program: which are accepted, and how the others are reported.
@Suite struct HTTPAnswerReaderTests {
    private static let url = "http://a/b"

    /// The parts of an answer or its failure, and the heads that the trace shows.
    private static func read(
        _ pieces: [String], closes: Bool = false, refusesFaults: Bool = true
    ) -> (parts: String, failure: HTTPFailure?, trace: [String]) {
        let trace = Trace(.layers)
        var reader = HTTPAnswerReader(trace: trace.wire, refusesFaults: refusesFaults)
        reader.expectAnswer(to: .GET)
        var parts: [String] = []
        var failure: HTTPFailure?
        for piece in pieces {
            reader.append(ByteBuffer(string: piece))
            do throws(HTTPReader.Violation) {
                while let part = try reader.next() {
                    switch part {
                    case .head(let head, _): parts.append("\(head.status.code) \(head.status.reasonPhrase)")
                    case .body(let body): parts.append(String(buffer: body))
                    case .end: parts.append("end")
                    }
                }
            } catch {
                failure = reader.failure(error, of: url, from: "a:80")
                break
            }
        }
        if closes, failure == nil {
            if reader.finish() { parts.append("end") } else { failure = reader.failure(of: url) }
        }
        let heads = trace.lines.map { String($0.prefix { !$0.isNewline }) }
        return (parts.joined(separator: "|"), failure, heads)
    }

    @Test func informationIsPassedOver() {
        let early = "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n"
        let (parts, failure, trace) = Self.read([
            "\r\n" + early + early + "HTTP/1.1 200 \u{e9}\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n0\r\n\r\n"
        ])
        #expect(parts == "200 \u{e9}|a|end" && failure == nil)
        let shown = "http incoming HTTP/1.1 103 Early HTTP/1.1 103 Early"
        #expect(trace == [shown, shown, "http incoming HTTP/1.1 200 \u{e9} HTTP/1.1 200 \u{e9}"])
    }

    @Test func informationIsLimited() {
        let continuation = "HTTP/1.1 100 Continue\r\n\r\n"
        let count = HTTPAnswerReader.informationalLimit / continuation.utf8.count
        let enough = String(repeating: continuation, count: count)
        #expect(Self.read([enough + "HTTP/1.1 204 \r\n\r\n"]).parts == "204 |end")
        #expect(Self.read([enough, continuation]).failure == .tooManyInformationalAnswers(from: "a:80", limit: 16384))
    }

    @Test func anAnswerMayEndWithTheConnection() {
        #expect(Self.read(["HTTP/1.1 200 OK\r\n\r\nab", "c"], closes: true).parts == "200 OK|ab|c|end")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nA\r\n\r\n", "HTTP/1.1 200 OK\r\nA: \u{1B}\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
    ]) func whatIsWrongIsRefused(head: String) {
        let (parts, failure, trace) = Self.read([head])
        #expect(parts == "" && failure == .malformedAnswer(of: Self.url))
        #expect(trace.count == (head.contains("\r\n\r\n") || head.contains("\n\n") ? 1 : 0))
    }

    @Test func aReasonMayBeAnything() {
        #expect(Self.read(["HTTP/1.1 204 \u{1}\u{7F}\r\n\r\n"]).parts == "204 \u{1}\u{7F}|end")
    }

    @Test(arguments: ["1\n", "1 \r\n", "x\r\n", "1\r\nabc", "FFFFFFFFFFFFFFFFF\r\n", "0\r\nt : 1\r\n\r\n"])
    func chunksThatAreWrongAreRefused(chunks: String) {
        let read = Self.read(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks])
        #expect(read.failure == .malformedAnswer(of: Self.url))
        #expect(!read.parts.contains("end"))
    }

    @Test func onlyTheFirstLineCountsWhereNothingElseIsAsked() {
        let head = "HTTP/1.1 407 No\nA: \u{1}\nno colon\nContent-Length: 0\nTransfer-Encoding: gzip\n\n"
        #expect(Self.read([head], refusesFaults: false).parts == "407 No")
    }

    @Test(arguments: [
        ("SSH-2.0-x\r\n", HTTPFailure.notHTTP(from: url, firstLine: "SSH-2.0-x", protocol: .ssh), 0),
        ("SSH-2.0-x\r\n\r\n", .notHTTP(from: url, firstLine: "SSH-2.0-x", protocol: .ssh), 1),
        ("ERROR\nmessage:bad\n\n\0", .notHTTP(from: url, firstLine: "ERROR", protocol: .stomp), 0),
        ("HTTP/1.1 200 OK\r\nA: " + String(repeating: "x", count: 70_000), .headTooLarge(of: url), 0),
    ]) func whatIsNoAnswerIsNamed(bytes: String, failure: HTTPFailure, shown: Int) {
        let read = Self.read([bytes])
        #expect(read.failure == failure && read.trace.count == shown)
    }

    @Test(arguments: [
        ("HTTP/1.1 101 Switching\r\nUpgrade web", HTTPFailure.malformedAnswer(of: url)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", .malformedAnswer(of: url)),
        ("HTT", .notHTTP(from: url, firstLine: "HTT", protocol: nil)),
    ]) func whatBreaksOffIsNamed(bytes: String, failure: HTTPFailure) {
        #expect(Self.read([bytes], closes: true).failure == failure)
    }
}
