import ArgumentParser
import NIOCore
import OutputFixtures
import STOMPClient
import STOMPCore
import STOMPTap
import StomptapOutput
import Testing

@testable import StomptapCommands

struct TapOptionTests {
    private func faults(_ options: String..., isTCP: Bool = false) throws -> TapFaults {
        let arguments = ["ws://h/", "--listen", "127.0.0.1:0"] + options
        return try TapCommand.parse(arguments).faults.faults(isTCP: isTCP)
    }

    @Test func nothingIsWrongByItself() throws {
        let faults = try faults()
        #expect(faults.delay == .zero && faults.jitter == .zero && faults.rate == nil && faults.refusal == 0)
        #expect(!faults.dropsHeartBeats && faults.dropsMessage == nil)
        #expect(faults.closing == nil && faults.closeCode == nil && faults.freezing == nil)
    }

    @Test func faultsAreReadOffTheirOptions() throws {
        let faults = try faults(
            "--delay", "200ms", "--jitter", "1.5s", "--rate", "64KiB/s", "--close-after", "5s", "--close-code", "1012",
            "--refuse", "12.5%", "--freeze-after", "2m")
        #expect(faults.delay == .milliseconds(200))
        #expect(faults.jitter == .milliseconds(1500))
        #expect(faults.rate == 65536)
        #expect(faults.closing == .time(.seconds(5)))
        #expect(faults.closeCode == 1012)
        #expect(faults.refusal == 0.125)
        #expect(faults.freezing == .minutes(2))
        #expect(try self.faults("--close-after", "10").closing == .frames(10))
        #expect(try self.faults("--refuse", "100%").refusal == 1)
    }

    @Test func messagesAreDroppedByTheirBodies() throws {
        let one = try makeMessage(["destination:/a"], "one")
        let two = try makeMessage(["destination:/a"], "two")
        let some = try faults("--drop", "messages:^o", "--drop", "messages:x:y$")
        #expect(some.dropsMessage?(one) == true && some.dropsMessage?(two) == false)
        #expect(some.dropsMessage?(try makeMessage([], "x:y")) == true)
        #expect(!some.dropsHeartBeats)
        let all = try faults("--drop", "messages", "--drop", "messages:^o")
        #expect(all.dropsMessage?(two) == true)
        let beats = try faults("--drop", "heart-beats")
        #expect(beats.dropsHeartBeats && beats.dropsMessage == nil)
    }

    @Test(arguments: [
        (["--delay", "200"], "expected a unit, as in 200s or 200ms"), (["--jitter", "-1s"], "Missing value"),
        (["--rate", "64KiB"], "64KiB/s"),
        (["--rate", "0/s"], "64KiB/s"), (["--rate", "fast/s"], "64KiB/s"), (["--drop", "beats"], "heart-beats"),
        (["--drop", "messages:("], "invalid regular expression"), (["--close-after", "0"], "such as 10"),
        (["--close-after", "-5"], "Missing value"), (["--close-after", "5 s"], "such as 10"),
        (["--close-after", "٣"], "such as 10"),
        (["--close-code", "1000"], "needs --close-after"),
        (["--close-after", "1", "--close-code", "1006"], "invalid close code"),
        (["--close-after", "1", "--close-code", "999"], "invalid close code"),
        (["--close-after", "1", "--close-code", "1005"], "invalid close code"),
        (["--close-after", "1", "--close-code", "5000"], "invalid close code"),
        (["--refuse", "101%"], "from 0% to 100%"), (["--refuse", "50"], "a percentage"),
        (["--refuse", "%"], "from 0% to 100%"),
        (["--refuse", "1e1%"], "from 0% to 100%"), (["--refuse", "nan%"], "from 0% to 100%"),
        (["--freeze-after", "soon"], "a duration"), (["--command", "SENT"], "did you mean SEND?"),
        (["--tls-key", "k.pem"], "needs --tls-cert"), (["--listen", "9000"], "HOST:PORT"),
        (["--login", "me"], "Unknown option"), (["--heart-beat", "0,0"], "Unknown option"),
    ])
    func wrongOptionsAreNamed(options: [String], part: String) {
        do {
            _ = try TapCommand.parse(["ws://h/", "--listen", "127.0.0.1:0"] + options)
            Issue.record("\(options) were taken")
        } catch {
            let message = TapCommand.message(for: error)
            #expect(message.contains(part), "\(message)")
        }
    }

    @Test func overTCPThereAreNoCloseCodes() throws {
        let failure = #expect(throws: Failure.self) {
            try faults("--close-after", "1", "--close-code", "1000", isTCP: true)
        }
        #expect(failure?.status == .usage)
        #expect(try faults("--close-after", "1", isTCP: true).closing == .frames(1))
    }

    @Test(
        arguments: [
            ("127.0.0.1:0", true), ("127.1.2.3:1", true), ("localhost:1", true), ("LOCALHOST:1", true),
            ("[::1]:1", true), ("0.0.0.0:1", false), ("[::]:1", false), ("192.168.0.1:1", false),
            ("127.0.0.1.example.org:1", false), ("127.example.org:1", false), ("127.0.0.256:1", false),
            ("example.org:1", false),
        ] as [(String, Bool)])
    func loopbackIsKnown(listen: String, isLoopback: Bool) throws {
        #expect(try ListenArgument(listen).isLoopback == isLoopback)
    }

    @Test func whatOthersCouldReachIsRefused() async throws {
        let command = try TapCommand.parse(["stomp://127.0.0.1:1", "--listen", "0.0.0.0:0"])
        let failure = await #expect(throws: Failure.self) { try await command.run() }
        #expect(failure?.status == .usage)
        #expect(failure?.line?.contains("--allow-remote") == true)
    }

    @Test func kindsOfServersAreNotMixed() async throws {
        let command = try TapCommand.parse(["stomp://127.0.0.1:1,ws://127.0.0.1:2/ws", "--listen", "127.0.0.1:0"])
        let failure = await #expect(throws: Failure.self) { try await command.run() }
        #expect(failure?.status == .usage)
    }

    @Test(
        arguments: [
            ("ws://example.org/ws?a=1", "127.0.0.1", false, "ws://127.0.0.1:9000/ws?a=1"),
            ("wss://example.org/ws", "127.0.0.1", false, "ws://127.0.0.1:9000/ws"),
            ("ws://example.org", "::1", true, "wss://[::1]:9000/"),
            ("https://u:p@example.org/a/b", "localhost", false, "http://localhost:9000/a/b"),
            ("stomps://example.org", "127.0.0.1", false, "stomp://127.0.0.1:9000"),
            ("stomp://u:p@example.org/%2F", "127.0.0.1", true, "stomps://127.0.0.1:9000/%2F"),
            ("stomp://example.org/a%20b", "127.0.0.1", false, "stomp://127.0.0.1:9000/a%20b"),
        ] as [(String, String, Bool, String)])
    func theAppIsGivenAURL(server: String, host: String, isSecure: Bool, url: String) throws {
        #expect(try Endpoint(server).tapped(host: host, port: 9000, isSecure: isSecure) == url)
    }
}
