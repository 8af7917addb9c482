import NIOCore
import STOMPCore
import StomptapRuntime
import Testing

@testable import StomptapConsole

/// How lines of `connect` are parsed.
struct LineParserTests {
    private func command(_ line: String) throws -> LineCommand? {
        guard case .command(let command)? = try LineParser.parse(line) else { return nil }
        return command
    }

    private func fault(_ line: String) -> String? {
        do throws(LineError) {
            _ = try LineParser.parse(line)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("sub /topic/a", LineCommand.subscribe(destination: "/topic/a", id: nil, ack: nil, headers: [:])),
        (
            "SUBSCRIBE /queue/a --ack client --id x -H 'type: CHAT' -Huser:\"a b\"",
            .subscribe(destination: "/queue/a", id: "x", ack: .client, headers: ["type": "CHAT", "user": "a b"])
        ),
        (
            "sub --ack=client-individual /queue/a",
            .subscribe(destination: "/queue/a", id: nil, ack: .clientIndividual, headers: [:])
        ), ("unsub sub-0 -H 'a: b: c'", .unsubscribe("sub-0", headers: ["a": "b: c"])),
        ("subs", .listSubscriptions), ("ack last", .acknowledge(.last, isPositive: true)),
        ("nack #17", .acknowledge(.number(17), isPositive: false)),
        ("ack ID:b-1:2", .acknowledge(.id("ID:b-1:2"), isPositive: true)), ("begin", .begin(nil)),
        ("begin t1", .begin("t1")), ("commit", .commit), ("abort", .abort), ("ping", .ping("")),
        ("ping  a b", .ping("a b")), ("close", .close(code: 1000, reason: "")),
        ("close 4001 going away", .close(code: 4001, reason: "going away")), ("show", .show(.last(1))),
        ("show last 5", .show(.last(5))), ("show 17", .show(.numbers(17...17))),
        ("show #17-20", .show(.numbers(17...20))), ("save 'a b.jsonl'", .save("a b.jsonl")), ("set", .set(nil)),
        ("set output json", .set(.output(.json))), ("set verbose 2", .set(.verbose(2))),
        ("set format %d: %b", .set(.format("%d: %b"))), ("set format '%d %b'", .set(.format("%d %b"))),
        ("set format '%d' '%b'", .set(.format("'%d' '%b'"))), ("set format %d's", .set(.format("%d's"))),
        ("set timestamps utc", .set(.timestamps(.utc))),
        ("set color never", .set(.color(.never))), ("pause", .pause), ("resume", .resume), ("status", .status),
        ("reconnect", .reconnect), ("disconnect", .disconnect), ("connect ws://h/ws", .connect("ws://h/ws")),
        ("help", .help(nil)), ("? send", .help("send")), ("quit", .quit), ("exit", .quit),
        ("wait", .wait(count: 1, timeout: .seconds(5))),
        ("wait 3 --timeout 250ms", .wait(count: 3, timeout: .milliseconds(250))),
        ("sleep 1.5s", .sleep(.milliseconds(1500))),
    ])
    func linesMeanWhatTheySay(line: String, expected: LineCommand) throws {
        #expect(try command(line) == expected)
    }

    @Test func patternsAreTheRestOfTheLine() throws {
        #expect(try command(#"grep "a b"  c"#) == .grep(BodyPattern(#""a b"  c"#)))
        #expect(try command("expect -W 2s x|y ") == .expect(BodyPattern("x|y "), timeout: .seconds(2)))
        #expect(try command("expect a b  --timeout 1s ") == .expect(BodyPattern("a b"), timeout: .seconds(1)))
        #expect(try command("expect a --timeout=1s") == .expect(BodyPattern("a"), timeout: .seconds(1)))
        #expect(try command("expect a -W 1s b") == .expect(BodyPattern("a -W 1s b"), timeout: .seconds(5)))
        #expect(try command("expect -- -W 1s") == .expect(BodyPattern("-W 1s"), timeout: .seconds(5)))
        #expect(try command("expect --timeout 1s -- --x") == .expect(BodyPattern("--x"), timeout: .seconds(1)))
        let bytes = ByteBuffer(bytes: [0xFF] + Array("status: OK".utf8))
        #expect(try BodyPattern("(?i)STATUS: ok$").matches(bytes))
        #expect(try !BodyPattern("^status").matches(bytes))
    }

    @Test(arguments: ["", "   ", "# a comment", "\t"])
    func nothingIsAsked(line: String) throws {
        #expect(try LineParser.parse(line) == nil)
    }

    /// A body is kept as typed, including quotes, `;` and all spaces except the one before it.
    @Test(arguments: [
        ("send /a hello", "hello"), ("send /a  two blanks  ", " two blanks  "), (#"send /a "quoted""#, #""quoted""#),
        (#"send /a {"a": "b;  \"c\"", "d": 'e'}"#, #"{"a": "b;  \"c\"", "d": 'e'}"#), ("send /a it's", "it's"),
        ("send /a", ""), ("send /a ", ""), ("send /a -H 'x: y' z", "-H 'x: y' z"), ("send /a <<", "<<"),
        ("send /a << EOF and more", "<< EOF and more"), ("send /a x <<EOF", "x <<EOF"), ("send /a \\n", "\\n"),
        ("send /a 안녕 🙂", "안녕 🙂"), ("send /a\n{\n  1\n}", "{\n  1\n}"),
    ])
    func bodiesAreWordForWord(line: String, body: String) throws {
        #expect(try command(line) == .send(LineCommand.Outgoing(destination: "/a"), .text(body)))
    }

    @Test func optionsComeBeforeTheDestination() throws {
        let outgoing = LineCommand.Outgoing(
            destination: "/app/a", headers: ["type": "CHAT", "x": "-1"], contentType: "text/plain")
        #expect(
            try command("send -H 'type: CHAT' -t text/plain -H x:-1 /app/a -t body")
                == .send(outgoing, .text("-t body")))
        #expect(try command("edit -t '' /a") == .edit(LineCommand.Outgoing(destination: "/a", contentType: "")))
    }

    @Test func bodiesMayBeElsewhere() throws {
        #expect(
            try command("send /a @my file.json")
                == .send(LineCommand.Outgoing(destination: "/a"), .file("my file.json")))
        #expect(try command("raw @frame") == .raw(.file("frame")))
        guard case .unfinished(.word("END"), nil, let finish)? = try LineParser.parse("send -H a:b /a <<END") else {
            Issue.record("no body is waited for")
            return
        }
        #expect(
            try finish("x\ny") == .send(LineCommand.Outgoing(destination: "/a", headers: ["a": "b"]), .text("x\ny")))
    }

    /// Each error names what is wrong and how to fix it.
    @Test(arguments: [
        ("sned /a x", "did you mean send?"), ("SUBS /a", "unexpected argument \"/a\""),
        ("foo", "'help' lists the commands"),
        ("sub", "missing destination"), ("sub /a --idd 1", "did you mean --id?"),
        ("sub /a --id", "missing value for --id"),
        ("sub /a --ack never", "auto, client or client-individual"), ("sub /a -H nocolon", "'name: value'"),
        ("send -H 'a: b /a x", "missing closing '"), ("send /a @", "missing file name after @"),
        ("send -x /a b", "options: --header, -H, --content-type, -t"), ("ack", "missing message"),
        ("ack #x", "use a number from 1"), ("close 1005", "1000 to 1003"), ("close x", "1000 to 1003"),
        ("show first", "use 'last' or a number from 1"), ("show 0", "a number from 1"),
        ("grep", "missing regular expression"),
        ("grep (", "invalid regular expression"), ("expect *", "invalid regular expression"),
        ("save", "missing file name"),
        ("set outptu json", "did you mean output?"),
        ("set output xml", "invalid value \"xml\" for output; use pretty, json, body, raw or none"),
        ("set verbose 4", "for verbose; use 0, 1, 2 or 3"),
        ("set color", "missing value for color; use auto, always or never"),
        ("set format", "such as '%d %b'"), ("set output json x", "invalid value \"json x\""),
        ("set format %", "%% is a percent sign"),
        ("wait 0", "invalid count \"0\""), ("wait x", "use a number from 1"), ("sleep 5", "a number and a unit"),
        ("expect --timeout x y", "a number and a unit"), ("expect y --timeout x", "a number and a unit"),
        ("expect y --timeout", "missing value for --timeout"), ("help sned", "did you mean send?"),
        ("raw", "missing frame"),
        ("unsub", "missing subscription id"), ("connect", "missing URL"), ("subs now", "unexpected argument \"now\""),
    ])
    func errorsSayWhatToFix(line: String, part: String) {
        let fault = fault(line)
        #expect(fault?.contains(part) == true, "\(fault ?? "no fault")")
        #expect(fault?.contains("\n") == false)
    }

    @Test func usageIsPrintedWithTheError() {
        #expect(fault("save") == "save: missing file name; usage: save FILE")
        #expect(fault("set verbose on") == #"set: invalid value "on" for verbose; use 0, 1, 2 or 3"#)
    }

    @Test func everyExampleOfTheHelpIsOne() throws {
        for entry in CommandTable.entries {
            #expect(!entry.examples.isEmpty, "\(entry.name)")
            for example in entry.examples {
                #expect(fault(example) == nil, "\(example)")
            }
        }
    }

    @Test(arguments: [
        ("sned", "send"), ("sbu", "sub"), ("unsbu", "unsub"), ("hlep", "help"), ("stats", "status"),
        ("recconect", "reconnect"), ("qiut", "quit"),
    ])
    func theNearestCommandIsSuggested(typed: String, meant: String) {
        #expect(EditDistance.nearest(to: typed, among: CommandTable.names) == meant)
    }

    @Test(arguments: ["xyzzy", "a", "헬프", String(repeating: "send", count: 100)])
    func nothingIsSuggestedForOtherWords(typed: String) {
        #expect(EditDistance.nearest(to: typed, among: CommandTable.names) == nil)
    }
}
