/// The due times of messages in an open loop: at a fixed total rate of all publishers, after a linear rise from
/// zero.
///
/// Times are nanoseconds since sending started.
struct Schedule: Sendable, Equatable {
    /// Messages per second of all publishers together.
    var rate: Double
    /// The time until the full rate is reached.
    var ramp: Int64 = 0
    /// The index of this publisher; the publishers take turns.
    var publisher = 0
    var publishers = 1

    /// The due time of a message of this publisher.
    ///
    /// - Parameter index: the index of the message among those of this publisher, from 0.
    func due(_ index: Int) -> Int64 {
        let number = Double(index * publishers + publisher)
        let inRamp = rate * Double(ramp) / 2e9
        // The rate rises linearly, so the count rises as the square of the time.
        guard number >= inRamp else { return Int64((2 * Double(ramp) * number / rate * 1e9).squareRoot()) }
        return ramp + Int64((number - inRamp) / rate * 1e9)
    }
}

/// Decides what a publisher does next, from the first message to the last. A value without a clock.
struct Pacer: Sendable {
    enum Step: Sendable, Equatable {
        /// Send a message that was due at this time.
        case send(Stamp.Kind, due: Int64)
        /// Wait: nothing is due before this time.
        case wait(until: Int64)
        case done
    }

    /// Nil means as fast as the server accepts messages: each one is due when it is sent.
    let schedule: Schedule?
    /// The time at the start in which messages are not measured.
    let warmUp: Int64
    /// The time after that in which messages are measured; nil means that ``messages`` sets the end.
    let duration: Int64?
    /// The number of measured messages of this publisher.
    let messages: Int?

    /// The number of messages sent.
    private var index = 0
    private(set) var measured = 0

    init(schedule: Schedule?, warmUp: Int64 = 0, duration: Int64? = nil, messages: Int? = nil) {
        self.schedule = schedule
        self.warmUp = warmUp
        self.duration = duration
        self.messages = messages
    }

    /// - Parameter now: nanoseconds since sending started.
    mutating func next(at now: Int64) -> Step {
        let due = schedule?.due(index) ?? now
        if let messages, measured >= messages { return .done }
        if let duration, due >= warmUp + duration { return .done }
        guard due <= now else { return .wait(until: due) }
        index += 1
        guard due >= warmUp else { return .send(.warmUp, due: due) }
        measured += 1
        return .send(.measured, due: due)
    }
}
