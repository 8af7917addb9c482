/// Who is not read because somebody else does not take what he sends.
///
/// A value: it says who is to be stopped, and who may go on.
struct Congestion {
    /// Whom each publisher waits for.
    private var waits: [ConnectionID: Set<ConnectionID>] = [:]
    /// Who waits for each receiver.
    private var waiters: [ConnectionID: Set<ConnectionID>] = [:]

    /// - Returns: whether `publisher`, who waited for nobody so far, is to be stopped.
    mutating func hold(_ publisher: ConnectionID, for receiver: ConnectionID) -> Bool {
        waiters[receiver, default: []].insert(publisher)
        let isNew = waits[publisher, default: []].insert(receiver).inserted
        return isNew && waits[publisher]?.count == 1
    }

    /// A receiver takes again, or is gone.
    ///
    /// - Returns: who may go on, in the order of their numbers.
    mutating func release(_ receiver: ConnectionID) -> [ConnectionID] {
        let publishers = waiters.removeValue(forKey: receiver) ?? []
        return publishers.sorted().filter { publisher in
            waits[publisher]?.remove(receiver)
            guard waits[publisher]?.isEmpty ?? false else { return false }
            waits[publisher] = nil
            return true
        }
    }

    /// A publisher is gone, and waits no more.
    mutating func forget(_ publisher: ConnectionID) {
        for receiver in waits.removeValue(forKey: publisher) ?? [] {
            waiters[receiver]?.remove(publisher)
        }
    }
}
