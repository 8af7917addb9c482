import Foundation
import NIOCore
import OutputFixtures
import STOMPCore
import STOMPTap
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Testing

@testable import StomptapCommands

struct TapRecordTests {
    private func withRecord(
        _ events: [TapEvent], mask: SecretMask = .hiding, _ body: (String) async throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tap-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let record = try TapRecord(path, mask: mask)
        for event in events { record.append([event], at: sampleTime) }
        record.write()
        try await body(path)
    }

    private func conversation() throws -> [TapEvent] {
        [
            .sample(.local, .opened(.tcp)), try .sent("CONNECT", ["passcode:p"]), try .came("CONNECTED"),
            try .sent("SEND", ["destination:/a", "receipt:1", "x:1"], "one"), try .came("RECEIPT", ["receipt-id:1"]),
            .sample(.message(ByteBuffer(string: "SEND"), isText: true)), .sample(.heartBeat),
            try .sent("SEND", ["destination:/b", "content-length:1"], "2"),
            try .came("MESSAGE", ["destination:/b", "message-id:1"], "2"), try .sent("SEND", ["destination:/c"], "3"),
            try .sent("DISCONNECT"),
        ]
    }

    @Test func framesAndMessagesAreRecordedInTheirOrder() async throws {
        try await withRecord(conversation()) { path in
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            let commands = lines.map { $0.firstMatch(of: /"(?:command|type)":"([^"]+)"/)?.output.1 ?? "" }
            #expect(
                commands == [
                    "CONNECT", "CONNECTED", "SEND", "RECEIPT", "text", "SEND", "MESSAGE", "SEND", "DISCONNECT",
                ])
            #expect(lines[0].contains(#""passcode":"****""#))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let other = try TapRecord(path, mask: .none)
            other.append(try conversation(), at: sampleTime)
            other.write()
            let all = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(all.count == 2 * lines.count && all[lines.count].contains(#""passcode":"p""#))
        }
    }

    /// The writer thread and the callers that find no room take turns in writing.
    @Test func nothingIsLostOrOutOfOrderWhereMuchWaits() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tap-\(UUID().uuidString).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let record = try TapRecord(path, mask: .none)
        let body = String(repeating: "x", count: 20_000)
        for number in 0..<1000 {
            record.append([try .sent("SEND", ["destination:/a", "number:\(number)"], body)], at: sampleTime)
        }
        record.write()
        let numbers = try String(contentsOfFile: path, encoding: .utf8).matches(of: #/"number":"(\d+)"/#)
        #expect(numbers.map { String($0.output.1) } == (0..<1000).map { "\($0)" })
    }

    @Test func aFileThatCannotBeMadeIsNamed() {
        let failure = #expect(throws: Failure.self) { try TapRecord("/nowhere/at/all", mask: .none) }
        #expect(failure?.status == .cannotCreate)
    }

    /// The messages that `publish --json-lines` reads from it, each with its destination and body.
    private func drafts(of path: String, skip: Int = 0) async throws -> (drafts: [PendingMessage], passedOver: Int) {
        let recording = Recording(name: path, needsTime: false)
        let maker = MessageBuilder(content: .recording(recording), destination: nil, headers: [], contentType: nil)
        var queue = PendingMessageQueue(
            source: try BodySource(body: nil, file: path, separator: .line, count: 1), maker: maker,
            pace: Pace(.atOnce), skip: skip, progress: Shared(PublishProgress.Counts()))
        var drafts: [PendingMessage] = []
        while let more = try await queue.next() {
            #expect(!more.isEmpty)
            drafts += more
        }
        return (drafts, queue.passedOver)
    }

    @Test func whatTheAppsSentIsSentAgain() async throws {
        try await withRecord(conversation()) { path in
            let (all, passedOver) = try await drafts(of: path)
            #expect(all.map(\.destination) == ["/a", "/b", "/c"])
            #expect(all.map { String(buffer: $0.body) } == ["one", "2", "3"])
            #expect(Array(all[0].headers) == [Header("x", "1")])
            #expect(passedOver == 6)
            // Messages are skipped, not lines.
            #expect(try await drafts(of: path, skip: 2).drafts.map(\.destination) == ["/c"])
        }
    }

    /// More lines than are read at once, many of them without anything to send.
    @Test func longStretchesOfOthersArePassedOver() async throws {
        let came = try TapEvent.came("MESSAGE", ["destination:/a"], "x")
        let sent = try TapEvent.sent("SEND", ["destination:/b"], "y")
        let stretch = Array(repeating: came, count: 1500)
        try await withRecord(stretch + [sent] + stretch) { path in
            let (drafts, passedOver) = try await drafts(of: path)
            #expect(drafts.map(\.destination) == ["/b"])
            #expect(passedOver == 3000)
        }
    }

    @Test func aWrongLineIsNamedByItsPlaceInTheFile() async throws {
        try await withRecord(conversation()) { path in
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data("nonsense\n".utf8))
            try file.close()
            let failure = await #expect(throws: Failure.self) { try await drafts(of: path) }
            #expect(failure?.line?.contains("line 10:") == true, "\(failure?.line ?? "")")
        }
    }
}
