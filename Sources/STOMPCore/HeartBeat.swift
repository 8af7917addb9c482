/// The `heart-beat` header, in milliseconds; 0 is none (STOMP 1.2, "Heart-beating").
public struct HeartBeat: Sendable, Hashable, CustomStringConvertible {
    /// The largest interval taken: about 24 days, the most that a 32-bit count of milliseconds holds.
    public static let longestInterval = Int(Int32.max)

    /// What the sender of the header can promise: at least one octet in each such interval.
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
