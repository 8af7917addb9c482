import STOMPClient

/// What to do about failures that say little of themselves: the quirks of the servers that people have.
enum Remedies {
    /// The one line that a failure is told by: layer, cause, and remedy where one is known.
    static func line(for error: STOMPClientError) -> String {
        remedied(error).description
    }

    /// The error with what is known to mend it.
    static func remedied(_ error: STOMPClientError) -> STOMPClientError {
        var error = error
        error.remedy = error.remedy ?? remedy(for: error)
        return error
    }

    private static func remedy(for error: STOMPClientError) -> String? {
        let text = error.message.lowercased()
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
            return "it takes no WebSocket message so large (Tomcat: 16 KiB): try --split 8192"
        case .connectionLost where text.contains("stomp died"):
            return "RabbitMQ says so after an ERROR that it does not send over WebSocket; try stomp://, or see its log"
        case .connectionLost where text.contains("with 2010"):
            return "does a proxy keep requests open that are over? try --sockjs-transport websocket"
        case .timedOut where text.hasPrefix("no receipt came"):
            return "Spring answers none but DISCONNECT's: --receipt auto goes by that"
        case .serverError where text.contains("buffer size limit"):
            return "Spring takes frames of at most 64 KiB, unless the application sets a larger message size limit"
        case .limitExceeded:
            return "raise the limit with --max-message"
        default:
            return nil
        }
    }
}
