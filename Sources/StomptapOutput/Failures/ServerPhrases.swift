import STOMPClient
import STOMPCore
import STOMPTransport

/// Hints from the text that servers send. This is the only place that searches text for known phrases, and it gets
/// only the server's own words.
enum ServerPhrases {
    /// The hint for an ERROR that answers CONNECT.
    static func hint(refusal frame: Frame, sent: SentCredentials) -> String? {
        let login = sent.hasLogin ? "check --login and the passcode" : "the server requires a login; use --login"
        let authorization = sent.refusalHint ?? giveAuthorization
        return hint(
            for: frame,
            in: [
                (["virtual host"], "the virtual host must exist in RabbitMQ; try --virtual-host /"),
                (springSecurity, authorization),
                (["access refused", "bad connect", "credential", "password"], login),
                (["authoriz", "token", "denied"], authorization),
            ])
    }

    /// The hint for an ERROR in an open session.
    static func hint(error frame: Frame, sent: SentCredentials) -> String? {
        hint(
            for: frame,
            in: [
                (
                    ["buffer size limit"],
                    "Spring accepts frames of at most 64 KiB, unless the application sets a larger message size limit"
                ),
                (
                    ["unknown destination", "not a valid destination"],
                    "RabbitMQ accepts /topic/NAME, /queue/NAME, /exchange/NAME and /amq/queue/NAME"
                ),
                (springSecurity, sent.refusalHint ?? giveAuthorization),
            ])
    }

    /// Phrases of Spring for a message that an interceptor or Spring Security rejects; Spring 6 names only the
    /// channel.
    private static let springSecurity = [
        "executorsubscribablechannel", "accessdenied", "access is denied", "access denied", "authenticationcredentials",
        "credentialsexpired", "credentials have expired", "badcredentials", "bad credentials", "jwt expired",
        "full authentication is required", "authentication object was not found",
    ]

    private static let giveAuthorization =
        "send credentials: -C 'Authorization: Bearer ...' for an interceptor, "
        + "--http-header or --cookie for Spring Security"

    /// The hint for a close with a code and a reason.
    static func hint(closure: TransportClosure) -> String? {
        switch closure.code {
        case 1009?: return tooLarge(limit: lastNumber(in: closure.reason))
        case 1002? where closure.layer == .sockJS:
            return "Spring does this after a body that is not UTF-8, which SockJS cannot carry; send text, or use "
                + "ws:// with /websocket at the end of the path"
        case 3000? where closure.layer == .sockJS:
            return "the session had ended on the server, or this client read too slowly"
        case 4500? where closure.layer == .sockJS:
            return "Spring does this if a client reads too slowly or sends no CONNECT within 60 s"
        case _ where closure.reason.lowercased().contains("stomp died"):
            return "RabbitMQ does this after an ERROR that it does not send over WebSocket; try stomp://, or see its "
                + "log"
        case 2010?: return "perhaps a proxy keeps finished requests open; try --sockjs-transport websocket"
        default: return nil
        }
    }

    /// Whether a redirect leads to a login page.
    static func isLoginPage(location: String) -> Bool {
        let place = location.prefix { $0 != "?" }.lowercased()
        return ["login", "logon", "/signin", "/sign-in", "/sign_in", "oauth", "openid", "saml", "/sso"]
            .contains(where: place.contains)
    }

    /// Whether a refusal says that the request's headers are too large, in the phrases of nginx, Tomcat or Jetty.
    static func saysHeadersAreTooLarge(_ refusal: HTTPRefusal) -> Bool {
        let text = "\(refusal.reason) \(refusal.body)".lowercased()
        return ["header or cookie too large", "header is too large", "header fields too large", "header too large"]
            .contains(where: text.contains)
    }

    /// - Parameter limit: the largest message that the server accepts, if it says so, in bytes.
    private static func tooLarge(limit: Int?) -> String {
        guard let limit else {
            return "the WebSocket message is too large for the server (limit of Tomcat: "
                + "\(ServerLimits.tomcatMessage)); try --split \(ServerLimits.messageForTomcat)"
        }
        let fact = "the server accepts WebSocket messages of at most \(limit) bytes"
        // Spring's limit for a whole frame is the same, so splitting does not help.
        return limit < ServerLimits.springFrame ? "\(fact); try --split \(limit)" : fact
    }

    /// The last number in a text, such as 65536 in Jetty's `Text message too large: (actual) 70000 > (configured max
    /// text message size) 65536`.
    private static func lastNumber(in text: String) -> Int? {
        text.split { !$0.isASCII || !$0.isNumber }.last.flatMap { Int($0) }.flatMap { $0 >= 128 ? $0 : nil }
    }

    private static func hint(for frame: Frame, in phrases: [(words: [String], hint: String)]) -> String? {
        let text = "\(frame.headers["message"] ?? "") \(frame.firstLineOfBody)".lowercased()
        return phrases.first { $0.words.contains(where: text.contains) }?.hint
    }
}
