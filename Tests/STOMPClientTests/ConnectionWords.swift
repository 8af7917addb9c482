import NIOCore
import STOMPCore
import STOMPTransport

@testable import STOMPClient

// Text forms of the connection state machine's results, for test tables.

extension ConnectionStateMachine<String, String> {
    mutating func connect() throws -> Frame {
        try makeFrames { session throws(STOMPProtocolError) in
            try session.connect(SessionConfiguration(virtualHost: "host"))
        }
    }

    /// Receives the data of one read.
    mutating func receive(_ text: String) -> String {
        var messages = ReceivedMessages()
        let actions = receive(ByteBuffer(string: text), at: .now(), isTraced: false, isMessage: false, into: &messages)
        let runs = messages.runs.map { run in
            "\(run.count) message\(run.count == 1 ? "" : "s") of \(run.subscription ?? "none")"
        }
        return (actions.map { words($0) } + runs).joined(separator: ", ")
    }

    mutating func end(_ error: TransportError? = nil, code: Int? = nil) -> String {
        if let code { streamCloses(TransportClosure(layer: .webSocket, code: code, isClean: true)) }
        return words(close: streamEnded(error))
    }

    mutating func leave() -> String {
        switch disconnect("another disconnect") {
        case .send(let frame): "send \(frame.command)"
        case .wait(let first): "wait with \(first)"
        case .succeed(let outcome): "succeed: \(outcome)"
        case .fail(let error): "fail: \(words(error))"
        }
    }

    mutating func frame(_ make: (inout Session) throws(STOMPProtocolError) -> Frame) -> String {
        do throws(STOMPClientError) {
            return try makeFrames(make).command.rawValue
        } catch {
            return "throws \(words(error))"
        }
    }
}

/// The error that `body` throws; empty if it throws none.
func thrown(_ body: () throws(STOMPClientError) -> Void) -> String {
    do throws(STOMPClientError) {
        try body()
        return ""
    } catch {
        return "throws \(words(error))"
    }
}

func words(_ action: ConnectionStateMachine<String, String>.ReceiveAction) -> String {
    switch action {
    case .trace(.heartBeat): "trace heart-beat"
    case .trace(.frame(let frame)): "trace \(frame.command)"
    case .open(let opening, let handshake): "open \(handshake.version) for \(opening)"
    case .receipt(let id): "receipt \(id)"
    case .close(let close): words(close: close)
    }
}

func words(close: ConnectionStateMachine<String, String>.CloseAction?) -> String {
    guard let close else { return "" }
    let text = "close: \(words(close.reason))"
    return switch (close.waiting, close.reason) {
    case (.opening(let name), _): "\(text); fails \(name)"
    case (.leaving(let name), .left): "\(text); answers \(name)"
    case (.leaving(let name), .failed): "\(text); fails \(name)"
    case (nil, _): text
    }
}

func words(_ reason: ClosedReason) -> String {
    switch reason {
    case .left(let outcome): "left \(outcome)"
    case .failed(let error): words(error)
    }
}

func words(_ error: STOMPClientError) -> String {
    switch error {
    case .transport(let error): "broken \(error.kind)"
    case .refused: "refused"
    case .serverError: "server error"
    case .protocolViolation(let error, .speaks(let foreign)): "violation \(name(of: error.reason)), speaks \(foreign)"
    case .protocolViolation(let error, .countsCharacters): "violation \(name(of: error.reason)), counts characters"
    case .protocolViolation(let error, nil): "violation \(name(of: error.reason))"
    case .closed(let closure, let stage):
        "closed \(closure?.code.map { "with \($0) " } ?? "")\("\(stage)".prefix { $0 != "(" })"
    case .silent: "silent"
    case .aborted: "aborted"
    case .ended: "ended"
    case .timedOut: "timed out"
    case .cannotSend(.afterDisconnect): "after DISCONNECT"
    case .cannotSend(.invalid(let error)):
        if case .cannotSend(let stage) = error.reason { "cannot send \(stage)" } else { name(of: error.reason) }
    default: "\(error)"
    }
}

/// The name of a case, without its associated values.
private func name(of reason: STOMPProtocolError.Reason) -> String {
    String("\(reason)".prefix { $0 != "(" })
}
