import NIOCore
import STOMPClient
import STOMPCore

/// Explains why subscriptions may be receiving nothing, from the state of the session.
package struct QuietHint {
    /// How long nothing must have been received before the hint is printed.
    package static let timeout = TimeAmount.seconds(10)

    /// The message that was sent and should have caused a reply.
    package struct Sent {
        package var destination: String
        package var contentType: String?

        package init(to destination: String, headers: HeaderList) {
            self.destination = destination
            contentType = headers["content-type"]
        }
    }

    package var destinations: [String]
    /// Whether the server has confirmed the subscriptions by receipts.
    package var isConfirmed: Bool
    /// Whether the server agreed to send heart-beats.
    package var hasHeartBeats: Bool
    /// The time since anything was received from the server.
    package var lastHeard: Duration
    /// Whether a subscription has a selector.
    package var hasSelector = false
    /// Whether the server is the embedded broker.
    package var isStomptap = false
    package var sent: Sent?

    package init(destinations: [String], isConfirmed: Bool, hasHeartBeats: Bool, lastHeard: Duration) {
        self.destinations = destinations
        self.isConfirmed = isConfirmed
        self.hasHeartBeats = hasHeartBeats
        self.lastHeard = lastHeard
    }

    /// Nil if the session shows another reason: a message for an unknown subscription was received, or a frame is
    /// incomplete.
    package init?(
        destinations: [String], isConfirmed: Bool, hasSelector: Bool, sent: Sent? = nil, connection: STOMPConnection
    ) async {
        guard await connection.unfinishedFrame == nil, await connection.strayMessages == 0 else { return nil }
        await self.init(
            destinations: destinations, isConfirmed: isConfirmed,
            hasHeartBeats: connection.handshake.heartBeat.incoming > 0, lastHeard: connection.silence)
        self.hasSelector = hasSelector
        self.sent = sent
        isStomptap = connection.handshake.server?.hasPrefix("stomptap/") ?? false
    }

    package var line: String {
        let names = destinations.joined(separator: " ")
        return "STOMP: no messages received on \(names); \(reason)"
    }

    /// The hint without the destinations.
    package var reason: String {
        (subscriptionReasons + sendingReasons + [heartBeatReason]).joined(separator: "; ")
    }

    private var subscriptionReasons: [String] {
        var parts: [String] = []
        if isConfirmed {
            parts.append(
                "the server confirmed the subscription, so nothing was sent there, or the destination is wrong")
        } else {
            parts.append(
                "this server does not confirm subscriptions (Spring does not), and sends no error if a destination is "
                    + "outside its prefixes (usually /topic and /queue) or a handler throws")
            if let name = destinations.first(where: { !$0.hasPrefix("/") }) {
                parts.append("Spring destinations start with a slash, but \(name) does not")
            }
            if destinations.contains(where: { $0.hasPrefix("/queue/") }), !destinations.contains(where: isUsers) {
                parts.append("messages for a single user arrive on /user/queue/...")
            }
        }
        if hasSelector {
            parts.append("only messages that match the selector are delivered (Spring 6.1 and later ignore selectors)")
        }
        return parts
    }

    private var sendingReasons: [String] {
        guard let sent else { return [] }
        if isStomptap {
            return sent.destination.hasPrefix("/app/")
                ? ["'serve' answers messages to \(sent.destination) only with --route"] : []
        }
        guard !isConfirmed, let type = sent.contentType, !type.hasPrefix("text/plain") else { return [] }
        return [
            "the message was sent as \(type); a handler with a String parameter needs text/plain or no content-type "
                + "(-t '')"
        ]
    }

    private var heartBeatReason: String {
        hasHeartBeats
            ? "the server is alive: last data received \(lastHeard.readable) ago"
            : "no heart-beats were negotiated, so it is not known whether the server is alive"
    }

    private func isUsers(_ destination: String) -> Bool { destination.hasPrefix("/user/") }
}
