import NIOCore

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

    /// Octets of any kind left.
    public mutating func sent(at now: NIODeadline) { lastSent = now }

    /// Octets of any kind came.
    public mutating func received(at now: NIODeadline) { lastReceived = now }

    /// How long the peer has been silent.
    public func silence(at now: NIODeadline) -> TimeAmount { now - lastReceived }

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
