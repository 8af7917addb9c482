import StomptapRuntime

/// The accounts of all subscribers.
struct Census: Sendable {
    struct Figures: Sendable {
        var lost: UInt64 = 0
        var duplicated: UInt64 = 0
        var outOfOrder: UInt64 = 0
        var isExact = true
    }

    private let plan: BenchPlan
    /// One for each subscriber; where a message goes to one of them, a single one for all.
    private let accounts: [Shared<Arrivals>]

    init(plan: BenchPlan, subscribers: Int) {
        self.plan = plan
        accounts = (0..<(plan.delivery == .one ? 1 : subscribers)).map { _ in Shared(Arrivals()) }
    }

    func arrivals(of subscriber: Int) -> Shared<Arrivals> { accounts[plan.delivery == .one ? 0 : subscriber] }

    /// How many messages publishers of other processes say that they sent.
    var announced: [StreamKey: UInt64] {
        accounts.reduce(into: [:]) { all, account in all.merge(account.value.announced) { max($0, $1) } }
    }

    /// One above the highest number that came of each stream, to anybody.
    var ends: [StreamKey: UInt64] {
        accounts.reduce(into: [:]) { all, account in all.merge(account.value.ends) { max($0, $1) } }
    }

    /// How many messages are to come when so many are sent to all destinations in turn.
    func expected(ofAll count: Int) -> Int {
        let (each, more) = count.quotientAndRemainder(dividingBy: plan.destinations.count)
        let sent = plan.destinations.indices.map { destination in
            let key = StreamKey(run: 0, publisher: 0, destination: UInt16(destination))
            return (key, UInt64(destination < more ? each + 1 : each))
        }
        return expected(of: Dictionary(uniqueKeysWithValues: sent))
    }

    /// How many messages are to come of these.
    func expected(of sent: [StreamKey: UInt64]) -> Int {
        var perDestination = Array(repeating: UInt64(0), count: plan.destinations.count)
        for (key, count) in sent where Int(key.destination) < perDestination.count {
            perDestination[Int(key.destination)] = perDestination[Int(key.destination)].addingClamped(count)
        }
        let sum = accounts.indices.reduce(UInt64(0)) { sum, account in
            destinations(of: account).reduce(sum) { $0.addingClamped(perDestination[$1]) }
        }
        return Int(clamping: sum)
    }

    /// What of these did not come, and what came that should not have.
    func figures(of sent: [StreamKey: UInt64]) -> Figures {
        var figures = Figures()
        for (index, account) in accounts.enumerated() {
            let arrivals = account.value
            let destinations = Set(destinations(of: index))
            for (key, count) in sent where destinations.contains(Int(key.destination)) {
                figures.lost = figures.lost.addingClamped(arrivals.lost(of: key, sent: count))
            }
            figures.duplicated += arrivals.duplicated
            figures.outOfOrder += arrivals.outOfOrder
            figures.isExact = figures.isExact && arrivals.isExact
        }
        return figures
    }

    private func destinations(of account: Int) -> [Int] {
        plan.delivery == .one ? Array(plan.destinations.indices) : plan.destinations(ofSubscriber: account)
    }
}
