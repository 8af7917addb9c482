import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput
import Testing

@testable import StomptapCommands

struct RecordingTests {
    private func read(_ line: String, needsTime: Bool = false, destination: String? = nil) throws -> PendingMessage {
        try #require(
            try Recording(name: "file", needsTime: needsTime).draft(
                ByteBuffer(string: line), line: 7, destination: destination))
    }

    /// Text that is not decoded is sent unchanged.
    @Test func aLoneSurrogateInAJSONBodyIsKept() throws {
        let body = #"{"a":"\ud83d"}"#
        let line = #"{"headers":{"destination":"/a"},"body":\#(body),"bodyEncoding":"json"}"#
        #expect(String(buffer: try read(line).body) == body)
    }

    static let awkward: [[UInt8]] = [
        [], Array("안녕 \u{1F600} \"quoted\" \\ \n\r\t\u{7F}\u{1B}[31m\u{2028}\u{FEFF}".utf8), [0], [0xFF],
        [0, 1, 2, 0xFE],
        Array(0...255), Array("{\"a\":\"\\u0000\"}".utf8),
    ]

    /// A message written as JSON is read back byte for byte.
    @Test(arguments: RecordingTests.awkward)
    func bytesAndHeadersComeBack(body: [UInt8]) throws {
        let headers: HeaderList = [
            "destination": "/topic/a", "message-id": "1", "subscription": "sub-0", "ack": "1", "x": "1\n:\\\r한",
            "x-y": "", "content-length": "\(body.count)", "redelivered": "false",
        ]
        var list = headers
        list.append("x", "second")
        let frame = try FrameEncoder(version: .v12).frame(.message, list, body: ByteBuffer(bytes: body))
        var out = OutputBuffer()
        var renderer = MessageRenderer(form: .json, style: OutputStyle())
        renderer.append(frame, at: Timestamp(nanoseconds: 1_795_230_202_118_453_000), to: &out)
        let draft = try read(String(out.text.dropLast()))
        #expect(draft.destination == "/topic/a")
        #expect(Array(draft.body.readableBytesView) == body)
        #expect(Array(draft.headers) == [Header("x", "1\n:\\\r한"), Header("x-y", ""), Header("x", "second")])
        #expect(draft.recordedAt == Timestamp(nanoseconds: 1_795_230_202_118_453_000))
    }

    @Test func littleIsNeeded() throws {
        let draft = try read(#" {"body":"hi","more":[1,{"x":null}]} "#, destination: "/queue/a")
        #expect(draft.destination == "/queue/a")
        #expect(draft.body == ByteBuffer(string: "hi"))
        #expect(try read(#"{"headers":{"destination":"/a"}}"#).body.readableBytes == 0)
    }

    @Test func whatWasMaskedIsLeftOut() throws {
        let draft = try read(#"{"headers":{"destination":"/a","x-token":"****","x":"****"},"body":""}"#)
        #expect(Array(draft.headers) == [Header("x", "****")])
    }

    /// Of a recorded connection, only what the app sent is sent again.
    @Test(
        arguments: [
            (#""direction":"to-server","command":"SEND""#, true), (#""command":"SEND","direction":"to-server""#, true),
            (#""direction":"to-app","command":"MESSAGE""#, false),
            (#""direction":"to-server","command":"SUBSCRIBE""#, false),
            (#""direction":"to-server","type":"text""#, false), (#""direction":"to-app","type":"octets""#, false),
            (#""direction":"in","command":"MESSAGE""#, true), (#""direction":"out","command":"SEND""#, true),
        ] as [(String, Bool)])
    func ofATapsRecordTheAppsMessagesAreTaken(members: String, isTaken: Bool) throws {
        let line = #"{"time":"2026-11-21T05:03:22.118453Z",\#(members),"headers":{"destination":"/a"},"body":"x"}"#
        let draft = try Recording(name: "file", needsTime: true).draft(
            ByteBuffer(string: line), line: 1, destination: nil)
        #expect((draft != nil) == isTaken)
        #expect(draft.map { $0.body == ByteBuffer(string: "x") } ?? true)
    }

    @Test(arguments: [
        ("", "not a recorded message"), ("nonsense", "not a recorded message"), ("[]", "not a recorded message"),
        (#"{"headers":{"destination":"/a"}"#, "not a recorded message"),
        (#"{"body":"x"}"#, "no \"destination\" in \"headers\""),
        (#"{"headers":{"destination":"/a"}} x"#, "unexpected text after the end"),
        (#"{"headers":{"destination":1}}"#, "not a recorded message"),
        (#"{"command":"RECEIPT","headers":{"destination":"/a"}}"#, "expected MESSAGE or SEND, not RECEIPT"),
        (#"{"headers":{"destination":"/a"},"body":"AAA","bodyEncoding":"base64"}"#, "not base64"),
        (#"{"headers":{"destination":"/a"},"body":"=AAA","bodyEncoding":"base64"}"#, "not base64"),
        (#"{"headers":{"destination":"/a"},"body":"x","bodyEncoding":"rot13"}"#, "unknown bodyEncoding"),
        (#"{"headers":{"destination":"/a"},"time":"yesterday"}"#, "expected a time"),
        (#"{"headers":{"destination":"/a"},"body":"\ud800"}"#, "surrogate"),
        (#"{"headerList":[["destination"]]}"#, "not a recorded message"),
    ])
    func wrongLinesAreNamed(line: String, part: String) {
        let failure = #expect(throws: Failure.self) { try read(line) }
        #expect(failure?.status == .badInput)
        #expect(failure?.line?.hasPrefix("file: line 7: ") == true)
        #expect(failure?.line?.contains(part) == true, "\(failure?.line ?? "")")
    }

    @Test func timingNeedsTimes() {
        let failure = #expect(throws: Failure.self) {
            try read(#"{"headers":{"destination":"/a"}}"#, needsTime: true)
        }
        #expect(failure?.line == "file: line 7: expected a time such as 2026-11-21T05:03:22.118453Z")
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:01.5Z", 1_500_000_000),
            ("2026-11-21T05:03:22.118453Z", 1_795_237_402_118_453_000), ("1969-12-31T23:59:59.999999999Z", -1),
        ] as [(String, Int64)])
    func timesAreRead(text: String, nanoseconds: Int64) {
        #expect(Timestamp(iso: text) == Timestamp(nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-11-21T05:03:22", "2026-11-21T05:03:22.Z9", "2026-11-21T05:03:22.1234567890Z",
        "9999-12-31T23:59:59Z", "2026-11-21T05:03:22+09:00", "２026-11-21T05:03:22Z",
    ])
    func otherTimesAreRefused(text: String) {
        #expect(Timestamp(iso: text) == nil)
    }

    @Test(
        arguments: [([], ""), ([0], "AA=="), ([0, 255], "AP8="), ([1, 2, 3], "AQID"), ([251, 255], "+/8=")]
            as [([UInt8], String)])
    func base64(bytes: [UInt8], text: String) {
        #expect(Base64.decode(Array(text.utf8)) == bytes)
    }

    @Test func aBodyMayBeJSON() throws {
        let line = #"{"headers":{"destination":"/a"},"body": {"b": [1]} ,"bodyEncoding":"json"}"#
        #expect(try read(line).body == ByteBuffer(string: #"{"b": [1]}"#))
        #expect(throws: Failure.self) { try read(#"{"headers":{"destination":"/a"},"body":{"b":[1]}}"#) }
        #expect(throws: Failure.self) { try read(#"{"headers":{"destination":"/a"},"body":17}"#) }
    }
}
