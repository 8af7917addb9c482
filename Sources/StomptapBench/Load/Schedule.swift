/// When each message of an open loop is due: at a rate for all publishers together, risen to from nothing over a ramp.
///
/// Times are nanoseconds since the sending began.
struct Schedule: Sendable, Equatable {
    /// Messages a second, of all publishers together.
    var rate: Double
    /// How long the rate takes to be reached.
    var ramp: Int64 = 0
    /// Which of the publishers this is; they take turns.
    var publisher = 0
    var publishers = 1

    /// When this publisher's message is due.
    ///
    /// - Parameter index: counts this publisher's messages from 0.
    func due(_ index: Int) -> Int64 {
        let number = Double(index * publishers + publisher)
        let inRamp = rate * Double(ramp) / 2e9
        // While the rate rises as t, the count rises as its square.
        guard number >= inRamp else { return Int64((2 * Double(ramp) * number / rate * 1e9).squareRoot()) }
        return ramp + Int64((number - inRamp) / rate * 1e9)
    }
}

/// What a publisher does next, from the first message to the last. A value without a clock.
struct Pacer: Sendable {
    enum Step: Sendable, Equatable {
        /// A message, and when it was due.
        case send(Stamp.Kind, due: Int64)
        /// Nothing is due before this time.
        case wait(until: Int64)
        case done
    }

    /// Nil is as fast as the server takes them: each message is due when it is sent.
    let schedule: Schedule?
    /// How long what is sent does not count.
    let warmUp: Int64
    /// How long what is sent counts after that; nil goes by ``messages``.
    let duration: Int64?
    /// How many messages that count this publisher sends.
    let messages: Int?

    /// All that were sent.
    private var index = 0
    private(set) var measured = 0

    init(schedule: Schedule?, warmUp: Int64 = 0, duration: Int64? = nil, messages: Int? = nil) {
        self.schedule = schedule
        self.warmUp = warmUp
        self.duration = duration
        self.messages = messages
    }

    /// - Parameter now: nanoseconds since the sending began.
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
