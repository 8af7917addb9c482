import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// Compares the clocks of two processes through the server, as NTP does: the subscriber sends a question, and the
/// publisher answers with the times when the question arrived and the answer was sent.
///
/// It uses its own connection and destination, so that a server that forbids it does not affect the run.
struct ClockComparison: Sendable {
    /// The comparison with the clock of one publisher.
    struct Result: Sendable, Equatable {
        /// The run id of the publishing process, in hexadecimal.
        var run: String
        /// How far its clock is ahead of ours, in nanoseconds.
        var offset: Int64
        /// The maximum error of ``offset``: half of the round-trip time, in nanoseconds.
        var uncertainty: Int64
        var exchanges: Int
    }

    /// The maximum number of publishers to compare with.
    private static let mostResults = 64
    /// This number of questions is sent quickly; after that one per second.
    private static let quickQuestions = 16

    let reconnection: Reconnection
    let destination: String
    let run: UInt32
    /// The name of this process for the others.
    private var name: String { hexadecimal(run, digits: 8) }

    /// The destination for comparing clocks, derived from `name`; for a queue it is a topic.
    static func destination(for name: String) -> String {
        let start = BenchPlan.Delivery.queues.first { name.hasPrefix($0.queue) }
        return (start.map { $0.topic + name.dropFirst($0.queue.count) } ?? name) + ".clock"
    }

    /// Answers all questions until the task is cancelled.
    func answer() async {
        try? await connected { connection, messages in
            for try await message in messages {
                let words = Self.words(message)
                guard words.count == 3, words[0] == "ask" else { continue }
                let times = "\(message.receivedAt.nanoseconds) \(Timestamp.now().nanoseconds)"
                try await connection.send(text("tell \(words[1]) \(words[2]) \(times) \(name)"))
            }
        }
    }

    /// Asks repeatedly until the task is cancelled.
    func ask(_ results: Shared<[Result]>) async {
        try? await connected { connection, messages in
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for question in 0... {
                        try await connection.send(text("ask \(name) \(Timestamp.now().nanoseconds)"))
                        let wait: UInt64 = question < Self.quickQuestions ? 50_000_000 : 1_000_000_000
                        try await Task.sleep(nanoseconds: wait)
                    }
                }
                group.addTask {
                    for try await message in messages { receive(message, results) }
                }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private func connected(_ work: @Sendable (STOMPConnection, MessageSequence) async throws -> Void) async throws {
        try await reconnection.run { connection in
            let subscription = try await connection.subscribe(to: destination)
            _ = try await connection.confirmation(of: subscription)
            try await work(connection, subscription.messages)
        }
    }

    private func receive(_ message: Message, _ results: Shared<[Result]>) {
        guard
            let comparison = Self.comparison(
                told: Self.words(message), at: message.receivedAt.nanoseconds, to: name)
        else { return }
        results.update { results in
            guard let index = results.firstIndex(where: { $0.run == comparison.run }) else {
                if results.count < Self.mostResults { results.append(comparison) }
                return
            }
            let exchanges = results[index].exchanges + 1
            // The fastest exchange is the most precise one.
            if comparison.uncertainty < results[index].uncertainty { results[index] = comparison }
            results[index].exchanges = exchanges
        }
    }

    /// The result in an answer; nil if the message is not an answer, or is for another process.
    static func comparison(told words: [Substring], at told: Int64, to run: String) -> Result? {
        guard words.count == 6, words[0] == "tell", words[1] == run, words[5].utf8.count == 8,
            words[5].allSatisfy(\.isHexDigit),
            let asked = Int64(words[2]), let came = Int64(words[3]), let left = Int64(words[4])
        else { return nil }
        return compare(asked: asked, came: came, left: left, told: told, run: String(words[5]))
    }

    /// The result of one exchange; nil if the times are not plausible.
    ///
    /// - Parameters:
    ///   - asked: when the question was sent, by our clock, in nanoseconds.
    ///   - came: when the question arrived, by the other clock.
    ///   - left: when the answer was sent, by the other clock.
    ///   - told: when the answer arrived, by our clock.
    ///   - run: the run id of the other process.
    static func compare(asked: Int64, came: Int64, left: Int64, told: Int64, run: String) -> Result? {
        let plausible = Int64(1) << 61
        guard [asked, came, left, told].allSatisfy({ (0..<plausible).contains($0) }) else { return nil }
        let roundTrip = (told - asked) - (left - came)
        guard roundTrip >= 0 else { return nil }
        return Result(run: run, offset: ((came - asked) + (left - told)) / 2, uncertainty: roundTrip / 2, exchanges: 1)
    }

    private func text(_ body: String) -> OutgoingMessage {
        OutgoingMessage(to: destination, body: ByteBuffer(string: "stbc " + body))
    }

    /// The words after the mark `stbc`; empty if the message has no mark.
    private static func words(_ message: Message) -> [Substring] {
        guard message.frame.bodySize < 200 else { return [] }
        let words = String(buffer: message.body).split(separator: " ")
        return words.first == "stbc" ? Array(words.dropFirst()) : []
    }
}
