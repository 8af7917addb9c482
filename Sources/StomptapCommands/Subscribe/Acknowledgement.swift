import STOMPClient
import STOMPCore

/// Tells the server what became of messages, in their order.
struct Acknowledgement {
    enum Answer: Equatable, Sendable {
        case ack, nack
    }

    let mode: AckMode
    let nackMatch: BodyPattern?

    /// - Parameter areTaken: whether they may be acknowledged, as far as nothing else is against it.
    func tell(_ messages: ArraySlice<Message>, areTaken: Bool, on connection: STOMPConnection) async throws {
        let answers = answers(messages, of: \.subscription) {
            !areTaken || nackMatch?.matches($0.frame) ?? false ? .nack : .ack
        }
        var acknowledged: [Message] = []
        for (message, answer) in answers {
            switch answer {
            case .ack:
                acknowledged.append(message)
            case .nack:
                try await connection.ack(acknowledged)
                acknowledged = []
                try await connection.nack(message)
            }
        }
        try await connection.ack(acknowledged)
    }

    /// The fewest answers that say it all: with ``AckMode/client`` one answers for all messages of its subscription
    /// before it, so that only the last ones before another answer are needed.
    func answers<Element>(
        _ messages: ArraySlice<Element>, of subscription: (Element) -> String?, _ answer: (Element) -> Answer
    ) -> [(message: Element, answer: Answer)] {
        guard mode == .client else { return messages.map { ($0, answer($0)) } }
        var answers: [(message: Element, answer: Answer)] = []
        /// The place in `messages` of what is taken and not yet answered for.
        var taken: [String?: Int] = [:]
        for index in messages.indices {
            let message = messages[index]
            let name = subscription(message)
            switch answer(message) {
            case .ack:
                taken[name] = index
            case .nack:
                if let before = taken.removeValue(forKey: name) { answers.append((messages[before], .ack)) }
                answers.append((message, .nack))
            }
        }
        return answers + taken.values.sorted().map { (messages[$0], .ack) }
    }
}
