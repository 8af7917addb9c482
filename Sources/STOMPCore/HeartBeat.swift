import NIOCore

/// The `heart-beat` header, in milliseconds; 0 is none (STOMP 1.2, "Heart-beating").
public struct HeartBeat: Sendable, Hashable, CustomStringConvertible {
    /// The largest interval taken: about 24 days, the most that a 32-bit count of milliseconds holds.
    public static let longestInterval = Int(Int32.max)

    /// What the sender of the header can promise: at least one byte in each such interval.
    public let outgoing: Int
    /// What the sender of the header would like to get.
    public let incoming: Int

    public static let none = HeartBeat(outgoing: 0, incoming: 0)

    /// What is negative counts as none, and what is above ``longestInterval`` as that.
    public init(outgoing: Int, incoming: Int) {
        self.outgoing = min(max(outgoing, 0), Self.longestInterval)
        self.incoming = min(max(incoming, 0), Self.longestInterval)
    }

    /// Reads a header's value; an absent header is `0,0`.
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

    public var description: String { "\(outgoing),\(incoming)" }

    /// What holds between this side and its peer: what this side will send, and what it may expect.
    public func negotiated(with peer: HeartBeat) -> HeartBeat {
        HeartBeat(
            outgoing: outgoing == 0 || peer.incoming == 0 ? 0 : max(outgoing, peer.incoming),
            incoming: incoming == 0 || peer.outgoing == 0 ? 0 : max(incoming, peer.outgoing))
    }
}

/// When to send a heart-beat, and when a peer has been silent for too long. It knows no clock: the times are told.
public struct HeartBeatMonitor: Sendable {
    /// What is to be done now.
    public struct Due: Sendable, Equatable {
        /// Nothing was sent for an interval: send an EOL.
        public var send = false
        /// Nothing came for the grace time: the peer is gone.
        public var peerIsSilent = false
    }

    /// How many of its own intervals a peer may be silent. Servers send at their interval, not before it, and close
    /// after three themselves.
    public static let graceIntervals = 3

    /// The negotiated intervals, this side's view.
    public let heartBeat: HeartBeat
    private var lastSent: NIODeadline
    private var lastReceived: NIODeadline

    public init(_ heartBeat: HeartBeat, now: NIODeadline) {
        self.heartBeat = heartBeat
        lastSent = now
        lastReceived = now
    }

    /// Bytes of any kind left.
    public mutating func sent(at now: NIODeadline) { lastSent = now }

    /// Bytes of any kind came.
    public mutating func received(at now: NIODeadline) { lastReceived = now }

    /// How long the peer has been silent.
    public func silence(at now: NIODeadline) -> TimeAmount { now - lastReceived }

    /// How long nothing has passed, either way.
    public func quiet(at now: NIODeadline) -> TimeAmount { now - max(lastReceived, lastSent) }

    /// When ``due(at:)`` should be asked next; nil when neither side has promised anything.
    public var nextCheck: NIODeadline? {
        switch (sendTime, silenceTime) {
        case (let send?, let silence?): min(send, silence)
        case (let send, let silence): send ?? silence
        }
    }

    public func due(at now: NIODeadline) -> Due {
        Due(
            send: sendTime.map { $0 <= now } ?? false,
            peerIsSilent: silenceTime.map { $0 <= now } ?? false)
    }

    private var sendTime: NIODeadline? {
        // Early by a tenth, so that what this side promised also holds at the other end of a slow network.
        heartBeat.outgoing == 0 ? nil : lastSent + .microseconds(Int64(heartBeat.outgoing) * 900)
    }

    private var silenceTime: NIODeadline? {
        heartBeat.incoming == 0
            ? nil : lastReceived + .milliseconds(Int64(heartBeat.incoming) * Int64(Self.graceIntervals))
    }
}
