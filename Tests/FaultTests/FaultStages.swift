import TestSupport

extension FaultStage {
    static let all =
        proxies + [tls, upgrade, info, streaming, webSocket, connect, subscribe, message, send, disconnect, events]

    private static let limits = ["--connect-timeout", "2s", "--receipt-timeout", "2s"]

    private static func publish(_ url: String, _ options: [String] = []) -> [String] {
        ["publish", url, "/topic/a", "hi"] + limits + options
    }

    private static func subscribe(_ url: String) -> [String] {
        ["subscribe", url, "/topic/a", "-n", "1", "-W", "4s", "-o", "none"] + limits
    }

    // MARK: Below STOMP

    private static let proxies = [
        FaultStage(
            "proxy CONNECT", .usual, drip: "HTTP/1.1 200 OK\r\nX: ",
            flood: ("HTTP/1.1 200 OK\r\n", "X: a\r\n"), lie: "SSH-2.0-OpenSSH_9.2\r\n",
            opening: { _ in [.awaitText("\r\n\r\n")] },
            arguments: { publish("stomp://broker.invalid", ["--proxy", "http://127.0.0.1:\($0)"]) }),
        FaultStage(
            "proxy SOCKS", .usual, drip: [5, 0, 5, 0, 0, 3, 255], flood: ([5, 0, 5, 0, 0, 3, 1, 0x61, 0, 80], [0x61]),
            lie: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), opening: { _ in [.awaitCount(3)] },
            arguments: { publish("stomp://broker.invalid", ["--proxy", "socks5://127.0.0.1:\($0)"]) }),
    ]

    private static let tls = FaultStage(
        // A handshake record that announces 16 KiB.
        "TLS handshake", .usual, drip: [22, 3, 3, 0x40, 0, 2, 0, 0x3F, 0xFC, 3, 3], flood: ([22, 3, 3, 0x40, 0], [0]),
        lie: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), opening: { _ in [.awaitCount(5)] },
        arguments: { publish("stomps://127.0.0.1:\($0)") })

    private static let upgrade = FaultStage(
        "HTTP upgrade", .usual, drip: "HTTP/1.1 101 Switching Protocols\r\nX: ",
        flood: ("HTTP/1.1 101 Switching Protocols\r\n", "X: a\r\n"),
        lie: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", opening: { _ in [.awaitText("\r\n\r\n")] },
        arguments: { publish("ws://127.0.0.1:\($0)/ws") })

    private static let info = FaultStage(
        "SockJS info", .usual, drip: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"",
        flood: ("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n{", " "),
        lie: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<!DO", opening: { _ in [.awaitText("\r\n\r\n")] },
        arguments: { publish("http://127.0.0.1:\($0)/ws", ["--sockjs-transport", "xhr-streaming"]) })

    private static let streaming = FaultStage(
        "SockJS xhr-streaming", .usual, drip: "800\r\n", flood: ("FFFFFFF\r\n", "h"), lie: "6\r\nhello\n\r\n",
        opening: { connection in
            guard connection > 0 else {
                return ScriptedServer.http(
                    "200 OK", headers: ["Content-Type: application/json"], body: #"{"websocket":false}"#)
            }
            return [
                .awaitText("\r\n\r\n"), .sendText("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ]
        },
        arguments: { publish("http://127.0.0.1:\($0)/ws", ["--sockjs-transport", "xhr-streaming"]) })

    private static let webSocket = FaultStage(
        "WebSocket frames", .usual, drip: [0x81, 126, 0x40, 0] + Array("CONNECTED\nx:".utf8),
        // A message that never has a final fragment.
        flood: ([1, 1, 0x61], [0, 126, 0x40, 0] + Array(repeating: 0x61, count: 0x4000)), lie: [0x83, 0],
        opening: { _ in ScriptedServer.webSocket },
        arguments: { publish("ws://127.0.0.1:\($0)/ws", ["--http-header", ScriptedServer.webSocketKey]) })

    // MARK: STOMP

    private static let connected: [Step] = [.awaitText("\0"), .sendText("CONNECTED\nversion:1.2\n\n\0")]

    /// Answers the first frame that asked for a receipt; more frames may have arrived with it.
    private static let receipt = Step.answer { bytes in
        let id = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("receipt:") }
        return Array("RECEIPT\nreceipt-id:\(id?.dropFirst(8) ?? "")\n\n\0".utf8)
    }

    private static func awaiting(_ command: String) -> [Step] { [.awaitText("\(command)\n"), .awaitText("\0")] }

    private static let connect = FaultStage(
        "STOMP CONNECT", .usual, drip: "CONNECTED\nversion:1.2\nx:", flood: ("CONNECTED\nversion:1.2\n", "a:b\n"),
        lie: "RECEIPT\nreceipt-id:1\n\n\0", opening: { _ in [.awaitText("\0")] },
        arguments: { publish("stomp://127.0.0.1:\($0)") })

    private static let subscribe = FaultStage(
        "STOMP SUBSCRIBE", .usual, drip: "RECEIPT\nreceipt-id:", flood: ("MESSAGE\n", "a:b\n"), lie: "HELLO\n\n\0",
        opening: { _ in connected + awaiting("SUBSCRIBE") }, arguments: { subscribe("stomp://127.0.0.1:\($0)") })

    private static let messageHead = "MESSAGE\ndestination:/topic/a\nsubscription:sub-0\nmessage-id:1\n"

    private static let message = FaultStage(
        "STOMP MESSAGE", .usual, drip: messageHead + "\n", flood: (messageHead + "\n", "x"),
        // The body is longer than its content-length.
        lie: messageHead + "content-length:2\n\nhello\0",
        opening: { _ in connected + awaiting("SUBSCRIBE") + [receipt] },
        arguments: { subscribe("stomp://127.0.0.1:\($0)") })

    private static let send = FaultStage(
        // An ERROR is a valid answer and not a protocol violation.
        "STOMP SEND", .usual.with([.lying: 1]), drip: "RECEIPT\nreceipt-id:", flood: ("RECEIPT\n", "a:b\n"),
        lie: "ERROR\nmessage:no\n\n\0", opening: { _ in connected + awaiting("SEND") },
        arguments: { publish("stomp://127.0.0.1:\($0)") })

    private static let disconnect = FaultStage(
        // All messages are already confirmed, so it does not matter how the connection ends.
        "STOMP DISCONNECT", .usual.with([.closed: 0, .reset: 0, .silent: 0, .dripping: 0]),
        drip: "RECEIPT\nreceipt-id:", flood: ("RECEIPT\n", "a:b\n"), lie: "HELLO\n\n\0",
        opening: { _ in connected + awaiting("SEND") + [receipt] + awaiting("DISCONNECT") },
        arguments: { publish("stomp://127.0.0.1:\($0)", ["--receipt", "require"]) })

    private static let events = FaultStage(
        "event stream", .usual, drip: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ",
        flood: ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ", "x"),
        lie: "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", opening: { _ in [.awaitText("\r\n\r\n")] },
        arguments: { ["raw", "--sse", "http://127.0.0.1:\($0)/", "-n", "1", "-W", "4s", "--connect-timeout", "2s"] })
}
