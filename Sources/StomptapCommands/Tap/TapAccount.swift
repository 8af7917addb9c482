import NIOCore
import STOMPCore
import STOMPTap
import STOMPTransport

/// Traffic counts of a connection, of a destination, or in total.
struct TapAccount: Sendable {
    /// Bytes and heart-beats in one direction.
    struct Way: Sendable, Equatable {
        var bytes = 0
        var heartBeats = 0
    }

    private(set) var frames: [Command: Int] = [:]
    /// Messages and reads that are not STOMP.
    private(set) var others = 0
    private(set) var toServer = Way()
    private(set) var toApp = Way()
    /// The times from an app's frame with `receipt` to its RECEIPT.
    private(set) var roundTrips: RoundTrips?

    mutating func count(_ events: [TapEvent]) {
        // Adjacent frames mostly have the same command.
        var run = (command: Command.message, count: 0)
        for event in events {
            if case .frame(let frame) = event.content {
                if frame.command != run.command {
                    add(run)
                    run = (frame.command, 0)
                }
                run.count += 1
                update(event.direction) { $0.bytes += frame.bytes.readableBytes }
            } else {
                count(event)
            }
        }
        add(run)
    }

    private mutating func add(_ run: (command: Command, count: Int)) {
        if run.count > 0 { frames[run.command, default: 0] += run.count }
    }

    mutating func count(_ event: TapEvent) {
        switch event.content {
        case .frame(let frame): add((frame.command, 1))
        case .wire(_, .observedHeartBeat, _): update(event.direction) { $0.heartBeats += 1 }
        case .unfinished: others += 1
        case .wire where event.content.isTraffic: others += 1
        case .wire, .opened, .refused, .fault, .note, .ended: return
        }
        update(event.direction) { $0.bytes += event.content.bytes?.readableBytes ?? 0 }
    }

    mutating func count(roundTrip: TimeAmount) {
        if roundTrips == nil { roundTrips = RoundTrips() }
        roundTrips?.record(roundTrip.nanoseconds)
    }

    private mutating func update(_ direction: WireEvent.Direction, _ change: (inout Way) -> Void) {
        if direction == .incoming { change(&toApp) } else { change(&toServer) }
    }
}

/// Counts by name. The number of names is limited; all further names share one account.
struct TapAccounts<Name: Hashable & Comparable & Sendable>: Sendable {
    /// The maximum number of names.
    static var limit: Int { 200 }

    private var named: [Name: TapAccount] = [:]
    private(set) var others: TapAccount?

    /// The accounts with a name, sorted by name.
    var sorted: [(name: Name, account: TapAccount)] {
        named.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    mutating func update(_ name: Name, _ change: (inout TapAccount) -> Void) {
        if named[name] != nil || named.count < Self.limit {
            change(&named[name, default: TapAccount()])
        } else {
            var account = others.take() ?? TapAccount()
            change(&account)
            others = account
        }
    }
}
