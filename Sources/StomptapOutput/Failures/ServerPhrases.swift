import STOMPCore
import STOMPTransport

/// What to do about what servers say: the only place where text is searched for known phrases. It is given the server's
/// own words alone.
enum ServerPhrases {
    /// Of an ERROR that answers CONNECT.
    static func hint(refusal frame: Frame) -> String? {
        hint(
            for: frame,
            in: [
                (["virtual host"], "RabbitMQ wants a virtual host that it has: try --virtual-host /"),
                (springSecurity, authorization),
                (["access refused", "bad connect", "credential", "password"], "check --login and the passcode"),
                (["authoriz", "token", "denied"], authorization),
            ])
    }

    /// Of an ERROR in an open session.
    static func hint(error frame: Frame) -> String? {
        hint(
            for: frame,
            in: [
                (
                    ["buffer size limit"],
                    "Spring takes frames of at most 64 KiB, unless the application sets a larger message size limit"
                ),
                (
                    ["unknown destination", "not a valid destination"],
                    "RabbitMQ takes /topic/NAME, /queue/NAME, /exchange/NAME and /amq/queue/NAME"
                ),
                (springSecurity, authorization),
            ])
    }

    /// What Spring says of a message that an interceptor or Spring Security rejects; Spring 6 names only the channel.
    private static let springSecurity = [
        "executorsubscribablechannel", "accessdenied", "access is denied", "access denied", "authenticationcredentials",
        "credentialsexpired", "badcredentials", "jwt expired",
    ]

    private static let authorization =
        "send credentials: -C 'Authorization: Bearer ...' for an interceptor, "
        + "--http-header or --cookie for Spring Security"

    /// Of a close with a code and a reason.
    static func hint(closure: TransportClosure) -> String? {
        switch closure.code {
        case 1009?:
            return "it takes no WebSocket message so large (Tomcat: \(ServerLimits.tomcatMessage)): "
                + "try --split \(ServerLimits.messageForTomcat)"
        case _ where closure.reason.lowercased().contains("stomp died"):
            return "RabbitMQ says so after an ERROR that it does not send over WebSocket; try stomp://, or see its log"
        case 2010?: return "does a proxy keep requests open that are over? try --sockjs-transport websocket"
        default: return nil
        }
    }

    private static func hint(for frame: Frame, in phrases: [(words: [String], hint: String)]) -> String? {
        let text = "\(frame.headers["message"] ?? "") \(frame.firstLineOfBody)".lowercased()
        return phrases.first { $0.words.contains(where: text.contains) }?.hint
    }
}
