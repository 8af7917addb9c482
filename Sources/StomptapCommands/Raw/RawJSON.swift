import NIOCore
import STOMPTransport
import StomptapOutput

/// Writes what came and went as JSON, an object a line.
///
/// Each has `time`, `direction` (`in`, `out`, `local`), `layer` and `type`. The types: `open` with `peer`, `subprotocol`
/// and `tls`; `frame` with what `-o json` has of frames elsewhere; `text`, `binary`, `ping`, `pong` and `octets` with
/// `body`, `bodyEncoding` and `bodySize`; `heart-beat`; `event` with `event`, `id` and `data`; `retry` with `retry`, in milliseconds; `close` with `code`,
/// `reason` and `clean`.
struct RawJSON {
    private let mask: SecretMask
    private var time = ISOTime()
    private var frames: JSONMessage

    init(mask: SecretMask) {
        self.mask = mask
        frames = JSONMessage(mask: mask)
    }

    mutating func write(_ event: RawEvent, to out: inout OutputBuffer) {
        time.advance(to: event.time)
        out.append(literal: "{\"time\":\"")
        out.append(time.text)
        out.append(literal: "\",\"direction\":\"")
        out.append(event.direction.name)
        out.append(literal: "\",\"layer\":\"")
        out.append(event.layer.rawValue)
        out.append(literal: "\",\"type\":\"")
        switch event.content {
        case .opened(let description):
            out.append(literal: "open\"")
            write("peer", description.remoteAddress, to: &out)
            if let subprotocol = description.subprotocol { write("subprotocol", subprotocol, to: &out) }
            if let tls = description.tls { write("tls", tls, to: &out) }
        case .frame(let frame):
            out.append(literal: "frame\",")
            frames.writeMembers(of: frame, to: &out)
        case .heartBeat: out.append(literal: "heart-beat\"")
        case .octets(let octets): write("octets", octets, to: &out)
        case .message(let kind, let octets): write(kind == .binary ? "binary" : "text", octets, to: &out)
        case .ping(let octets): write("ping", octets, to: &out)
        case .pong(let octets): write("pong", octets, to: &out)
        case .event(let event):
            out.append(literal: "event\"")
            write("event", event.event, to: &out)
            write("id", event.id, to: &out)
            out.append(literal: ",\"data\":")
            event.data.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { out.append(jsonString: $0) }
        case .retry(let milliseconds):
            out.append(literal: "retry\",\"retry\":")
            out.append(milliseconds)
        case .closed(let closure):
            out.append(literal: "close\"")
            if let code = closure.code {
                out.append(literal: ",\"code\":")
                out.append(code)
            }
            write("reason", closure.reason, to: &out)
            out.append(closure.isClean ? ",\"clean\":true" : ",\"clean\":false")
        }
        out.append(literal: "}\n")
    }

    /// Who takes STOMP for plain messages shall not see its secrets either.
    private func write(_ type: String, _ octets: ByteBuffer, to out: inout OutputBuffer) {
        out.append("\(type)\",")
        octets.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { frames.writeBody($0, to: &out) }
    }

    private func write(_ name: StaticString, _ value: String, to out: inout OutputBuffer) {
        out.append(literal: ",\"")
        out.append(literal: name)
        out.append(literal: "\":")
        out.append(jsonString: mask.masked(summary: value))
    }
}
