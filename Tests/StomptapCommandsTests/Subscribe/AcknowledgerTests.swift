import STOMPCore
import Testing

@testable import StomptapCommands

struct AcknowledgerTests {
    /// A message is the letter of its subscription and a number; odd numbers are answered with NACK.
    private func answers(_ mode: AckMode, _ messages: [String]) -> [String] {
        let replies = messages.map { message in
            Acknowledger.Reply(
                message: message, answer: ["1", "3", "5"].contains { message.hasSuffix($0) } ? .nack : .ack,
                isCumulative: mode == .client, subscription: message.hasPrefix("a") ? 0 : 1)
        }
        return Acknowledger.fewest(replies).map { ($0.answer == .ack ? "+" : "-") + $0.message }
    }

    @Test func eachMessageIsAnsweredForItself() {
        #expect(answers(.clientIndividual, ["a0", "b1", "a2"]) == ["+a0", "-b1", "+a2"])
    }

    @Test func theLastOfEachSubscriptionAnswersForThoseBeforeIt() {
        #expect(answers(.client, ["a0", "b0", "a2", "b2", "a4"]) == ["+b2", "+a4"])
    }

    @Test func whatWasTakenIsAnsweredForBeforeWhatWasNot() {
        #expect(answers(.client, ["a0", "b0", "a2", "a3", "a4", "b1"]) == ["+a2", "-a3", "+b0", "-b1", "+a4"])
    }

    @Test func nothingIsAnsweredForNothing() {
        #expect(answers(.client, []) == [])
    }
}
