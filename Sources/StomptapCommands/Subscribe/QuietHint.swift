import NIOCore
import STOMPClient

/// Why nothing may be coming on a subscription, as far as the session tells.
struct QuietHint {
    /// How long a tail under `-v` is quiet before it says why that may be.
    static let timeout = TimeAmount.seconds(10)

    var destinations: [String]
    /// Whether the server answers receipts, and so has confirmed the subscription.
    var isConfirmed: Bool
    /// Whether heart-beats of the server were agreed on.
    var hasHeartBeats: Bool
    /// How long ago anything at all came from the server.
    var lastHeard: TimeAmount

    init(destinations: [String], isConfirmed: Bool, hasHeartBeats: Bool, lastHeard: TimeAmount) {
        self.destinations = destinations
        self.isConfirmed = isConfirmed
        self.hasHeartBeats = hasHeartBeats
        self.lastHeard = lastHeard
    }

    init(destinations: [String], connection: STOMPConnection) async {
        await self.init(
            destinations: destinations, isConfirmed: connection.handshake.answersReceipts,
            hasHeartBeats: connection.handshake.heartBeat.incoming > 0, lastHeard: connection.silence)
    }

    var line: String {
        let names = destinations.joined(separator: " ")
        return "STOMP: nothing has come on \(names); \(reason)"
    }

    /// Without what it is about.
    var reason: String {
        var parts: [String] = []
        if isConfirmed {
            parts.append("the server has confirmed the subscription, so nothing was sent there, or it has another name")
        } else {
            parts.append(
                "the server confirms no subscription (Spring does not), and says nothing where a destination is outside "
                    + "its prefixes, usually /topic and /queue, or a handler throws")
            if destinations.contains(where: { $0.hasPrefix("/queue/") }), !destinations.contains(where: isUsers) {
                parts.append("what is sent to one user comes on /user/queue/...")
            }
        }
        parts.append(
            hasHeartBeats
                ? "the server is alive: it was heard \(lastHeard.readable) ago"
                : "no heart-beats were agreed on, so whether the server is alive is not known")
        return parts.joined(separator: "; ")
    }

    private func isUsers(_ destination: String) -> Bool { destination.hasPrefix("/user/") }
}
