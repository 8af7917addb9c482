import LineEditor
import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Testing

@testable import StomptapConsole

/// The parts of a `connect` session, as plain values.
struct SessionValueTests {
    private func message(_ body: String, destination: String = "/topic/a", id: String = "m") throws -> Message {
        let headers: HeaderList = ["destination": destination, "subscription": "sub-0", "message-id": id]
        return Message(
            frame: try FrameEncoder(version: .v12).frame(.message, headers, body: ByteBuffer(string: body)),
            receivedAt: .now())
    }

    // MARK: The log

    private func log(_ bodies: [String], _ limits: MessageLog.Limits = MessageLog.Limits()) throws -> MessageLog {
        let log = MessageLog(events: ChangeSignal(), limits: limits)
        for body in bodies { log.add(log.numbered([try message(body, id: "id-\(body.prefix(8))")], connection: 1)) }
        return log
    }

    @Test func theLogKeepsTheLast() throws {
        let log = try log((1...9).map(String.init), MessageLog.Limits(messages: 4))
        #expect(log.total == 9)
        #expect(log.kept.map(\.number) == [6, 7, 8, 9])
        #expect(log.messages(.last(2)).map(\.number) == [8, 9])
        #expect(log.messages(.last(99)).count == 4)
        #expect(log.messages(.numbers(1...7)).map(\.number) == [6, 7])
        #expect(log.messages(.numbers(8...Int.max)).map(\.number) == [8, 9])
        #expect(log.messages(.numbers(1...5)).isEmpty)
        #expect(log.messages(.numbers(10...12)).isEmpty)
        #expect(log.tally(of: "sub-0")?.messages == 9)
        #expect(log.names.destinations == ["/topic/a"])
    }

    @Test func theLogKeepsNoMoreBytesThanItMay() throws {
        let body = String(repeating: "x", count: 1000)
        let log = try log(Array(repeating: body, count: 20), MessageLog.Limits(bytes: 6000))
        #expect(log.size.messages == 4)
        #expect(log.size.bytes + 4 * MessageLog.overhead <= 6000)
        // A message that is larger than the log's limit is not kept either.
        log.add(log.numbered([try message(String(repeating: "y", count: 6000))], connection: 1))
        #expect(log.size.bytes == 0)
        #expect(log.total == 21)
    }

    @Test func messagesAreFoundAndSettled() throws {
        let log = try log(["a", "b", "c"])
        #expect(log.find(.last) { !$0.isSettled }?.number == 3)
        #expect(log.find(.number(2)) { _ in false }?.number == 2)
        #expect(log.find(.id("id-a")) { _ in false }?.number == 1)
        #expect(log.find(.id("id-z")) { _ in true } == nil)
        let second = try #require(log.find(.number(2)) { _ in true })
        log.settle(second, isCumulative: false)
        #expect(log.kept.map(\.isSettled) == [false, true, false])
        log.settle(second, isCumulative: true)
        #expect(log.kept.map(\.isSettled) == [true, true, false])
    }

    @Test func messagesAreCountedOnce() throws {
        let log = try log(["a", "b", "c"])
        #expect(!log.count(4))
        #expect(log.count(2))
        #expect(log.uncounted(from: 1).map(\.number) == [3])
        #expect(log.uncounted == 1)
        log.count(upTo: 3)
        #expect(!log.count(1))
    }

    // MARK: Waiting

    @Test func aSignalResumesThoseWhoWait() async throws {
        let signal = ChangeSignal(), flag = Shared(false)
        let waiter = Task { try await signal.wait(within: .seconds(30)) { flag.value ? true : nil } }
        flag.update { $0 = true }
        signal.pass()
        #expect(try await waiter.value == true)
        #expect(try await signal.wait(within: .milliseconds(10)) { () -> Bool? in nil } == nil)
        let cancelled = Task { try await signal.wait(within: .seconds(30)) { () -> Bool? in nil } }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
    }

    // MARK: What is printed

    @Test func whatWasSkippedIsSummedUp() throws {
        var skipped = Skipped()
        #expect(skipped.line == nil)
        let log = try log(["a"])
        let first = try #require(log.kept.first)
        skipped.add(first)
        #expect(skipped.line == "… 1 more message on /topic/a in 1 s, 1 B, #1; show N|last, grep, pause")
        for _ in 0..<1233 { skipped.add(first) }
        for destination in ["/topic/b", "/topic/c"] {
            let other = try log.numbered([message("x", destination: destination)], connection: 1)
            skipped.add(other[0])
        }
        #expect(
            skipped.line
                == "… 1,236 more messages on /topic/a, /topic/b and others in 1 s, 1.2 KiB, #1 to #2; show N|last, grep, pause"
        )
        #expect([0, 12, 123, 1234, 1_234_567].map { Readable.count($0) } == ["0", "12", "123", "1,234", "1,234,567"])
    }

    @Test func piecesEndAtLineEnds() {
        let line = Array((String(repeating: "x", count: 99) + "\n").utf8)
        let bytes = Array(Array(repeating: line, count: 1000).joined())
        let pieces = Array(Pieces(bytes))
        #expect(Array(pieces.joined()) == bytes)
        #expect(pieces.allSatisfy { $0.count <= Pieces.size && $0.last == 0x0A })
        let hangul = Array(String(repeating: "가", count: 50_000).utf8)
        #expect(Array(Array(Pieces(hangul)).joined()) == hangul)
        #expect(Pieces(hangul).allSatisfy { String(validating: $0, as: UTF8.self) != nil })
        #expect(Array(Pieces([])).isEmpty)
    }

    @Test(arguments: [
        ("BEGIN\ntransaction:t\n", "BEGIN\ntransaction:t\n\n\0"),
        ("SEND\ndestination:/a\n\nhi", "SEND\ndestination:/a\n\nhi\0"),
        ("SEND\ndestination:/a\n\nhi\n", "SEND\ndestination:/a\n\nhi\n\0"), ("ACK\nid:1\n\n^@", "ACK\nid:1\n\n\0"),
        ("BANANA", "BANANA\n\0"), ("DISCONNECT\n", "DISCONNECT\n\n\0"),
    ])
    func framesByHandAreAsWritten(text: String, bytes: String) {
        #expect(String(buffer: RawFrame.bytes(text)) == bytes)
    }

    @Test func framesOfFilesGetTheirNUL() {
        #expect(RawFrame.bytes(file: Array("A\n\n".utf8)) == ByteBuffer(string: "A\n\n\0"))
        #expect(RawFrame.bytes(file: Array("A\n\n\0\n".utf8)) == ByteBuffer(string: "A\n\n\0\n"))
    }

    // MARK: The prompt

    private func view(
        _ phase: ReconnectingSession.Phase, subscriptions: Int = 0, transaction: String? = nil
    ) -> ReconnectingSession.View {
        ReconnectingSession.View(
            place: "localhost:8080", phase: phase,
            subscriptions: (0..<subscriptions).map {
                ReconnectingSession.Wanted(
                    id: "sub-\($0)", destination: "/topic/\($0)", ack: .auto, headers: ["x-room": "1"])
            }, transaction: transaction)
    }

    @Test func thePromptShowsTheState() {
        func prompt(_ view: ReconnectingSession.View, delimiter: String? = nil, isPaused: Bool = false) -> String {
            Prompt.text(view, delimiter: delimiter, isPaused: isPaused, palette: .plain)
        }
        #expect(prompt(view(.connected)) == "localhost:8080> ")
        #expect(prompt(view(.connected, subscriptions: 1)) == "localhost:8080 1 sub> ")
        #expect(prompt(view(.connected, subscriptions: 2, transaction: "tx-0")) == "localhost:8080 2 subs tx-0> ")
        #expect(prompt(view(.lost, subscriptions: 2)) == "localhost:8080 lost> ")
        #expect(prompt(view(.connecting)) == "localhost:8080 connecting> ")
        #expect(prompt(view(.closed), isPaused: true) == "localhost:8080 disconnected paused> ")
        #expect(prompt(view(.connected), delimiter: "EOF") == "EOF> ")
        #expect(
            Prompt.text(view(.lost), delimiter: nil, isPaused: false, palette: Palette(isOn: true))
                == "localhost:8080 \u{1B}[1;31mlost\u{1B}[0m> ")
        #expect(!prompt(view(.connected, transaction: "a\u{1B}[2J")).contains("\u{1B}"))
    }

    // MARK: History

    @Test(arguments: [
        "connect stomp://guest:secret@localhost", "sub /a -H 'Authorization: Bearer x'", "sub /a -HX-Auth-Token:abc",
        #"send /login {"user": "a", "password": "b"}"#, "send /a {'api_key': 1}", "connect ws://h/ws?access_token=abc",
        "passcode:guest", #"send /a {"token" : "x"}"#,
    ])
    func secretsAreNotKept(line: String) { #expect(HistorySecrets.holds(line)) }

    @Test(arguments: [
        "sub /topic/a --id x -H 'type: CHAT'", #"send /app/chat {"text": "the password is not here"}"#, "help connect",
        "connect stomp://localhost:61613", "send /a it: fine", "grep token",
    ])
    func otherLinesAreKept(line: String) { #expect(!HistorySecrets.holds(line)) }

    @Test func theHistoryIsWhereOthersAre() {
        func folder(_ environment: [String: String]) -> String? {
            UserFolders.folder("XDG_STATE_HOME", or: ".local/state") { environment[$0] }
        }
        #expect(folder(["XDG_STATE_HOME": "/s", "HOME": "/h"]) == "/s/stomptap")
        #expect(folder(["XDG_STATE_HOME": "s", "HOME": "/h"]) == "/h/.local/state/stomptap")
        #expect(folder([:]) == nil)
    }

    // MARK: Completion

    private func completions(_ line: String) -> [String] {
        LineCompleter(
            subscriptions: view(.connected, subscriptions: 2).subscriptions, destinations: ["/topic/seen", "/topic/1"],
            headers: ["message-id"]
        ).completions(of: CompletionRequest(line: line, word: LineCompleter.word(of: line))).map(\.word)
    }

    @Test(arguments: [
        ("", CommandTable.names), ("un", ["unsub"]), ("re", ["resume", "reconnect"]), ("xyz", []), ("xyz /", []),
        ("send ", ["/topic/0", "/topic/1", "/topic/seen"]), ("sub /topic/s", ["/topic/seen"]),
        ("send -H 'a: b' /topic/s", ["/topic/seen"]), ("send --c", ["--content-type"]), ("send /topic/seen -", []),
        ("sub /topic/a --", ["--id", "--ack", "--header"]), ("sub /topic/a --ack c", ["client", "client-individual"]),
        ("unsub sub-", ["sub-0", "sub-1"]), ("unsub /", ["/topic/0", "/topic/1"]), ("sub /a -H 'x-", ["'x-room:"]),
        ("send -H mess", ["message-id:"]), ("send -t text", ["text/plain"]), ("ack ", ["last"]),
        ("set ", LineSetting.names), ("set output j", ["json"]), ("set timestamps r", ["relative"]),
        ("help se", ["send", "set"]),
        ("connect ws", ["ws://", "wss://"]), ("quit ", []),
    ])
    func tabOffersWhatCanStandThere(line: String, words: [String]) {
        #expect(completions(line) == words)
    }
}
