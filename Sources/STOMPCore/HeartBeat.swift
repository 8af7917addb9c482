import NIOCore

/// The `heart-beat` header: milliseconds, as on the wire; 0 means no heart-beats (STOMP 1.2, "Heart-beating").
public struct HeartBeat: Sendable, Hashable, CustomStringConvertible {
    /// The largest interval: about 24 days, the maximum of a signed 32-bit number of milliseconds.
    public static let longestInterval = Int(Int32.max)

    /// The interval that the sender of the header can guarantee, in milliseconds: at least one byte in each interval.
    public let outgoing: Int
    /// The interval at which the sender of the header wants to receive data, in milliseconds.
    public let incoming: Int

    /// No heart-beats in either direction.
    public static let none = HeartBeat(outgoing: 0, incoming: 0)

    /// Creates a value. Negative values become 0, values above ``longestInterval`` become ``longestInterval``.
    public init(outgoing: Int, incoming: Int) {
        self.outgoing = min(max(outgoing, 0), Self.longestInterval)
        self.incoming = min(max(incoming, 0), Self.longestInterval)
    }

    /// Creates a value from durations, in whole milliseconds, rounded up; zero means no heart-beats. Negative values
    /// become 0, values above ``longestInterval`` become ``longestInterval``.
    public init(outgoing: Duration, incoming: Duration) {
        self.init(outgoing: Self.milliseconds(outgoing), incoming: Self.milliseconds(incoming))
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        guard duration > .zero else { return 0 }
        guard duration < .milliseconds(longestInterval) else { return longestInterval }
        let (seconds, attoseconds) = duration.components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// Parses a header's value; a missing header is `0,0`.
    ///
    /// - Throws: ``STOMPProtocolError/Reason/malformedHeartBeat(_:)``.
    public init(header: String?, from party: STOMPProtocolError.Party = .peer) throws(STOMPProtocolError) {
        guard let header else {
            self = .none
            return
        }
        let parts = header.split(separator: ",", omittingEmptySubsequences: false).map { part -> Int? in
            let digits = part.drop { $0 == " " }
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            return Int(digits) ?? Self.longestInterval
        }
        guard parts.count == 2, let outgoing = parts[0], let incoming = parts[1] else {
            throw STOMPProtocolError(party, .malformedHeartBeat(header))
        }
        self.init(outgoing: outgoing, incoming: incoming)
    }

    /// The value of the header: `10000,10000`.
    public var description: String { "\(outgoing),\(incoming)" }

    /// The intervals that result from both headers, from this side's view: how often this side sends, and how often
    /// it can expect data.
    public func negotiated(with peer: HeartBeat) -> HeartBeat {
        HeartBeat(
            outgoing: outgoing == 0 || peer.incoming == 0 ? 0 : max(outgoing, peer.incoming),
            incoming: incoming == 0 || peer.outgoing == 0 ? 0 : max(incoming, peer.outgoing))
    }
}

/// Decides when to send a heart-beat, and when a peer has been silent for too long. It has no clock: the caller
/// passes the time.
public struct HeartBeatMonitor: Sendable {
    /// The actions that are due now.
    public struct Due: Sendable, Equatable {
        /// Nothing was sent for an interval: send an EOL.
        public var send = false
        /// Nothing was received for the grace time: the peer is lost.
        public var peerIsSilent = false
    }

    /// The number of its own intervals that a peer may be silent. Servers send at their interval, not earlier, and
    /// close after three intervals themselves.
    public static let graceIntervals = 3

    /// The negotiated intervals, from this side's view.
    public let heartBeat: HeartBeat
    private var lastSent: NIODeadline
    private var lastReceived: NIODeadline

    /// Starts to watch a connection.
    ///
    /// - Parameters:
    ///   - heartBeat: the negotiated intervals, from this side's view.
    ///   - now: the current time.
    public init(_ heartBeat: HeartBeat, now: NIODeadline) {
        self.heartBeat = heartBeat
        lastSent = now
        lastReceived = now
    }

    /// Bytes of any kind were sent.
    public mutating func sent(at now: NIODeadline) { lastSent = now }

    /// Bytes of any kind were received.
    public mutating func received(at now: NIODeadline) { lastReceived = now }

    /// How long the peer has been silent.
    public func silence(at now: NIODeadline) -> Duration { Duration(now - lastReceived) }

    /// The time since data was last sent or received.
    public func quiet(at now: NIODeadline) -> Duration { Duration(now - max(lastReceived, lastSent)) }

    /// When to call ``due(at:)`` next; nil if neither side sends heart-beats.
    public var nextCheck: NIODeadline? {
        switch (sendTime, silenceTime) {
        case (let send?, let silence?): min(send, silence)
        case (let send, let silence): send ?? silence
        }
    }

    /// The actions that are due at this time.
    public func due(at now: NIODeadline) -> Due {
        Due(
            send: sendTime.map { $0 <= now } ?? false,
            peerIsSilent: silenceTime.map { $0 <= now } ?? false)
    }

    private var sendTime: NIODeadline? {
        // Send 10% early, so that the interval is also kept at the other end of a slow network.
        heartBeat.outgoing == 0 ? nil : lastSent + .microseconds(Int64(heartBeat.outgoing) * 900)
    }

    private var silenceTime: NIODeadline? {
        heartBeat.incoming == 0
            ? nil : lastReceived + .milliseconds(Int64(heartBeat.incoming) * Int64(Self.graceIntervals))
    }
}
