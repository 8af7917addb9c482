import NIOCore
import STOMPClient
import STOMPTransport

/// What to do about failures that say little of themselves: the quirks of the servers that people have.
enum Hints {
    static func hint(for error: STOMPClientError, sentence: String) -> String? {
        let text = sentence.lowercased()
        switch error.code {
        case .refused where text.contains("virtual host"):
            return "RabbitMQ wants a virtual host that it has: try --virtual-host /"
        case .refused
        where error.frame != nil
            && ["access refused", "bad connect", "credential", "password", "denied"].contains(where: text.contains):
            return "check --login and the passcode"
        case .refused where ["authoriz", "token", "executorsubscribablechannel"].contains(where: text.contains):
            return "an interceptor of the application may want -C 'Authorization: Bearer ...' in CONNECT"
        case .connectionLost where text.contains("with 1009"):
            return "it takes no WebSocket message so large (Tomcat: \(ServerLimits.tomcatMessage)): "
                + "try --split \(ServerLimits.messageForTomcat)"
        case .connectionLost where text.contains("stomp died"):
            return "RabbitMQ says so after an ERROR that it does not send over WebSocket; try stomp://, or see its log"
        case .connectionLost where text.contains("with 2010"):
            return "does a proxy keep requests open that are over? try --sockjs-transport websocket"
        case .connectionLost where text.contains("before connected"):
            return "is this its port for STOMP? The server's log may say more"
        case .connectionLost where text.contains("connection reset"):
            return "the server, or a proxy before it, has broken it off: its log may say why"
        case .timedOut where text.hasPrefix("no connected from"):
            return "is this its port for STOMP? A server that is slow may need --connect-timeout 30s"
        case .timedOut where text.hasPrefix("no answer to"):
            return "does this port speak HTTP? A server that is slow may need --connect-timeout 30s"
        case .timedOut where error.layer == "TCP" && text.hasPrefix("no answer from"):
            return "a firewall may drop what is sent there: are host and port right?"
        case .timedOut where text.hasPrefix("no receipt came"):
            return "Spring answers none but DISCONNECT's: --receipt auto goes by that"
        case .serverError where text.contains("buffer size limit"):
            return "Spring takes frames of at most 64 KiB, unless the application sets a larger message size limit"
        case .serverError where ["unknown destination", "not a valid destination"].contains(where: text.contains):
            return "RabbitMQ takes /topic/NAME, /queue/NAME, /exchange/NAME and /amq/queue/NAME"
        case .limitExceeded:
            return "raise the limit with --max-message"
        default:
            return nil
        }
    }
}

extension Explanation {
    /// The line, and that it is tried again.
    package func line(tryingAgainIn wait: TimeAmount) -> String {
        Self.line(line, tryingAgainIn: wait)
    }

    /// The line of a failure, and that it is tried again.
    package static func line(_ line: String, tryingAgainIn wait: TimeAmount) -> String {
        line + (line.hasSuffix("?") ? " Trying" : "; trying") + " again in \(wait.readable)"
    }
}
