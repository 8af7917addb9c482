import Foundation
import TestSupport
import Testing

/// Reading from a queue loses no messages: those that were not printed are still in the queue. The tests drain the
/// queue afterwards and count.
@Suite(.spawning, .timeLimit(.minutes(15)))
struct QueueTests {
    private static let count = 3000
    private static let ways = [Way.rabbitMQ, .activeMQ]

    /// A queue with the numbers from 1, and a way to run the program on it.
    private struct FilledQueue {
        let url: String
        let name: String

        init(_ way: Way, count: Int = QueueTests.count) async throws {
            url = try await way.url()
            name = way.destination("queue")
            let lines = (1...count).map { "\($0)\n" }.joined()
            let result = try await Program.stomptap(
                "publish", url, "--virtual-host", "/", name, "-l", input: .text(lines)
            ).run()
            #expect(result.status == .exited(0), "\(result)")
        }

        func subscribe(_ arguments: String...) -> Program {
            // On a busy machine the answer to DISCONNECT may take long.
            var program = Program.stomptap(
                "subscribe", url, "--virtual-host", "/", name, "-o", "body", "--receipt-timeout", "60s")
            program.arguments += arguments
            program.limit = .seconds(120)
            return program
        }

        /// Removes all messages from the queue and returns their numbers, sorted. An extra message marks the end.
        func drain() async throws -> [Int] {
            _ = try await Program.stomptap("publish", url, "--virtual-host", "/", name, "0").run()
            var left: [Int] = []
            // Messages that were sent to a killed session return to the queue after a short delay.
            try await subscribe("--ack", "auto").start { running in
                _ = try await running.wait(otherwise: "does not drain the queue") {
                    left = running.written.lines.compactMap { Int($0) }
                    return left.contains(0) ? true : nil
                }
                running.send(signal: SIGINT)
                left = try await running.result().lines.compactMap { Int($0) }
            }
            return left.filter { $0 != 0 }.sorted()
        }

        /// Drains the queue until this number of different messages has arrived.
        func drain(to count: Int) async throws -> [Int] {
            var left: [Int] = []
            try await subscribe("--ack", "auto").start { running in
                _ = try await running.wait(otherwise: "does not drain the queue") {
                    left = running.written.lines.compactMap { Int($0) }
                    return Set(left).count >= count ? true : nil
                }
            }
            return left.sorted()
        }
    }

    private static let all = Set(1...count)

    @Test(arguments: ways, [1, 250])
    func aCountTakesAsMany(_ way: Way, count: Int) async throws {
        let queue = try await FilledQueue(way)
        let result = try await queue.subscribe("-n", "\(count)").run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.lines == (1...count).map(String.init))
        #expect(result.errors == "")
        #expect(try await queue.drain() == Array((count + 1)...Self.count))
    }

    @Test(arguments: ways)
    func whatIsExpectedIsTakenAlone(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        let result = try await queue.subscribe("--expect", "^2500$").run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.lines.count == 2500 && result.lines.last == "2500")
        #expect(try await queue.drain() == Self.all.subtracting([2500]).sorted())
    }

    @Test(arguments: ways)
    func whatIsSearchedForIsTakenAlone(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        let result = try await queue.subscribe("--grep", "^29.0$", "-n", "3").run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.lines == ["2900", "2910", "2920"])
        #expect(try await queue.drain() == Self.all.subtracting([2900, 2910, 2920]).sorted())
    }

    /// `-o none` without `--record` and `--exec`: counted messages are consumed.
    @Test(arguments: ways)
    func whatIsCountedIsTaken(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        let result = try await queue.subscribe("-o", "none", "-n", "20").run()
        #expect(result.status == .exited(0) && result.output == "", "\(result)")
        #expect(try await queue.drain() == Array(21...Self.count))
    }

    @Test(arguments: ways)
    func aReaderThatGoesAwayTakesNoMoreThanWasWritten(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        var program = queue.subscribe()
        program.output = .firstLine
        let result = try await program.run()
        #expect(result.status == .exited(0), "\(result)")
        let said = result.errors.firstMatch(
            of: /stomptap: (\d+) messages? acknowledged; all others stay in the queue\n/)
        let acknowledged = try #require(said.flatMap { Int($0.output.1) }, "\(result)")
        let left = try await queue.drain()
        #expect(left == Array((acknowledged + 1)...Self.count))
    }

    @Test(arguments: ways, [SIGINT, SIGKILL])
    func aSignalLosesNothing(_ way: Way, signal: Int32) async throws {
        let queue = try await FilledQueue(way)
        let printed = try await queue.subscribe("--exec", "sleep 0.02").start { running in
            try await running.waitFor("\n5\n")
            running.send(signal: signal)
            return try await running.result()
        }
        if signal == SIGINT { #expect(printed.status == .exited(130), "\(printed)") }
        let taken = Set(printed.lines.compactMap { Int($0) })
        #expect(taken.count < 1000)
        let left = try await queue.drain(to: Self.count - taken.count)
        // The message printed last may still be in the queue.
        #expect(taken.union(left) == Self.all)
    }

    @Test(arguments: ways)
    func aFullDiskLosesNothing(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        let subscribe = queue.subscribe()
        let full = Program("/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/full", subscribe.path] + subscribe.arguments)
        let result = try await full.run()
        #expect(result.status == .exited(74), "\(result)")
        #expect(try await queue.drain() == Self.all.sorted())
        let record = try await FilledQueue(way)
        let recorded = try await record.subscribe("--record", "/dev/full").run()
        #expect(recorded.status == .exited(74), "\(recorded)")
        #expect(try await record.drain() == Self.all.sorted())
    }

    /// RabbitMQ redelivers it at once; ActiveMQ moves it to its dead-letter queue.
    @Test(arguments: ways)
    func whatACommandFailsForIsNotTaken(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        let result = try await queue.subscribe(
            "-n", "5", "--exec", "test \"$(cat)\" != 3"
        ).run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(result.errors.contains("exited with 1 for message"), "\(result)")
        let taken = Set(result.lines.compactMap { Int($0) }).subtracting([3])
        var left = Set(try await queue.drain())
        if !way.isRabbitMQ { left.insert(3) }
        #expect(left == Self.all.subtracting(taken))
    }

    @Test(arguments: ways)
    func aPeekTakesNothing(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        let first = try await queue.subscribe("--peek", "-n", "10").run()
        #expect(first.status == .exited(0), "\(first)")
        #expect(first.lines == (1...10).map(String.init))
        #expect(first.errors == "")
        // ActiveMQ sends an end marker after the last message.
        let end = way.isRabbitMQ ? ["-n", "\(Self.count)"] : []
        var whole = queue.subscribe("--peek")
        whole.arguments += end
        let all = try await whole.run()
        #expect(all.status == .exited(0), "\(all)")
        #expect(Set(all.lines.compactMap { Int($0) }) == Self.all)
        var old = queue.subscribe("--peek", "--stomp-version", "1.0", "-n", "\(Self.count)")
        old.arguments += ["--idle-timeout", "30s"]
        let old10 = try await old.run()
        #expect(old10.status == .exited(0), "\(old10)")
        #expect(try await queue.drain() == Self.all.sorted())
    }

    @Test(arguments: ways)
    func aCheckTakesOutWhatItHasSent(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        let result = try await Program.stomptap(
            "check", queue.url, "--virtual-host", "/", "--destination", queue.name, "--receipt-timeout", "60s"
        ).run()
        #expect(result.status == .exited(0), "\(result)")
        #expect(try await queue.drain() == Self.all.sorted())
    }

    @Test(arguments: ways)
    func atStomp10Too(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        let result = try await queue.subscribe("--stomp-version", "1.0", "-n", "3").run()
        #expect(result.status == .exited(0) && result.lines == ["1", "2", "3"], "\(result)")
        let found = try await queue.subscribe("--stomp-version", "1.0", "--grep", "^1000$", "-n", "1").run()
        #expect(found.status == .exited(0) && found.lines == ["1000"], "\(found)")
        #expect(try await queue.drain() == Self.all.subtracting([1, 2, 3, 1000]).sorted())
    }

    @Test func overWebSocketToo() async throws {
        let queue = try await FilledQueue(.rabbitMQWebSocket)
        let result = try await queue.subscribe("-n", "250").run()
        #expect(result.status == .exited(0) && result.lines.count == 250, "\(result)")
        // Over WebSocket RabbitMQ closes instead of sending the receipt; this counts as a clean end.
        #expect(result.errors == "")
        #expect(try await queue.drain() == Array(251...Self.count))
    }

    @Test(arguments: ways)
    func aRequestTakesItsRepliesAlone(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        var program = Program.stomptap(
            "request", queue.url, "--virtual-host", "/", way.destination("queue"), "hi", "--reply", queue.name, "-o",
            "body")
        program.arguments += ["-n", "2", "-W", "30s"]
        let first = try await program.run()
        #expect(first.status == .exited(0) && first.lines == ["1", "2"], "\(first)")
        program.arguments += ["-n", "1", "--expect", "^1500$"]
        let found = try await program.run()
        #expect(found.status == .exited(0) && found.lines == ["1500"], "\(found)")
        #expect(try await queue.drain() == Self.all.subtracting([1, 2, 1500]).sorted())
    }

    /// In a script printed messages are consumed; with `-o none`, those that `wait` or `expect` has counted.
    @Test(arguments: ways)
    func aScriptTakesWhatItPrintsOrCounts(_ way: Way) async throws {
        let queue = try await FilledQueue(way)
        func script(_ lines: String, _ form: String) async throws -> ProgramResult {
            try await Program.stomptap(
                "connect", queue.url, "--virtual-host", "/", "--receipt-timeout", "60s", "-o", form, "-e", lines
            ).run()
        }
        let counted = try await script("sub \(queue.name); wait 5 --timeout 30s", "none")
        #expect(counted.status == .exited(0), "\(counted)")
        let expected = try await script("sub \(queue.name); expect ^50$ --timeout 30s", "none")
        #expect(expected.status == .exited(0), "\(expected)")
        // More than the prefetch window.
        let many = try await script("sub \(queue.name); wait 200 --timeout 30s", "none")
        #expect(many.status == .exited(0), "\(many)")
        let paused = try await script("pause; sub \(queue.name); wait 150 --timeout 30s", "body")
        #expect(paused.status == .exited(0) && paused.output == "", "\(paused)")
        // Nothing is acknowledged automatically if the script specifies an ack mode.
        let own = try await script("sub \(queue.name) --ack client-individual; wait 3 --timeout 30s; ack #1", "none")
        #expect(own.status == .exited(0), "\(own)")
        let printed = try await script("sub \(queue.name); wait 1 --timeout 30s", "body")
        #expect(printed.status == .exited(0), "\(printed)")
        let taken = Set(printed.lines.compactMap { Int($0) })
        let left = Set(try await queue.drain())
        // Messages printed while the session was ending may still be in the queue.
        let missing = Self.all.subtracting(left)
        #expect(missing.isSuperset(of: 1...401))
        #expect(missing.subtracting(1...401).isSubset(of: taken))
        #expect(missing.count > 401)
    }
}
