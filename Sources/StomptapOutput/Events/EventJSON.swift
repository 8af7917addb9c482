import NIOCore
import STOMPTransport

/// Writes events as JSON, one object a line: for `--trace-file`, `raw -o json`, `tap -o json` and `--record`.
///
/// In a trace file:
///
/// | key | is |
/// |---|---|
/// | `time` | when, in UTC with microseconds |
/// | `connection` | which connection of the command, counted from 1 |
/// | `direction` | `in`, `out`, `local` |
/// | `layer` | `tcp`, `tls`, `proxy`, `http`, `ws`, `sockjs`, `stomp` |
/// | `level` | the number of `v` needed to show it: 1, 2, 3 |
/// | `event` | what it is, in a few words |
/// | `size` | the number of bytes; `size` and `data` are left out if there are none |
/// | `data`, `dataEncoding` | those bytes, `utf-8` or `base64`, with an asterisk for each byte of a secret; left out if they are a piece of a message, which may hold a piece of a secret |
///
/// With `raw`, each object has `time`, `direction`, `layer` and `type`. The types are: `open` with `peer`,
/// `subprotocol` and `tls`; `frame` with the keys that `-o json` uses elsewhere; `text`, `binary`, `ping`, `pong`
/// and `bytes` with `body`, `bodyEncoding` and `bodySize`; `heart-beat`; `event` with `event`, `id` and `data`;
/// `retry` with `retry`, in milliseconds; `close` with `code`, `reason` and `clean`.
///
/// With `tap`, each object has `time`, `direction` (`to-server`, `to-app`), `connection` and `app`. Frames add the
/// keys they have elsewhere; other events add `type` and a body. A frame whose end never came has the type that it
/// was relayed as, `text`, `binary` or `octets`, with `unfinished` (true) and without `command`.
package struct EventJSON: Sendable {
    private let mask: SecretMask
    private var time = ISOTime()
    private var frames: JSONMessage

    package init(mask: SecretMask, hasJSONBodies: Bool = false) {
        self.mask = mask
        frames = JSONMessage(mask: mask, hasJSONBodies: hasJSONBodies)
    }

    /// Appends a trace event.
    package mutating func append(_ event: WireEvent, at time: Timestamp, to out: inout OutputBuffer) {
        var json = JSONWriter()
        json.beginObject(&out)
        self.time.advance(to: time)
        json.member("time", plain: self.time.text, &out)
        json.member("connection", event.connection, &out)
        json.member("direction", plain: event.direction.name, &out)
        json.member("layer", plain: event.layer.rawValue, &out)
        json.member("level", event.detail.rawValue, &out)
        json.member("event", mask.masked(summary: event.text), &out)
        if let bytes = event.shownBytes {
            json.member("size", bytes.readableBytes, &out)
            mask.covered(event)?.withUnsafeBytes { json.member("data", encoding: "dataEncoding", $0, &out) }
        }
        json.endObject(&out)
        out.append("\n")
    }

    /// Appends an event of `raw` or `tap`.
    package mutating func append(_ event: TrafficEvent, to out: inout OutputBuffer) {
        var json = JSONWriter()
        json.beginObject(&out)
        time.advance(to: event.time)
        frames.writeStart(event.direction, event.label, time.text, &json, &out)
        if event.label == nil { json.member("layer", plain: event.layer.rawValue, &out) }
        switch event.content {
        case .frame(let frame):
            if event.label == nil { json.member("type", plain: "frame", &out) }
            frames.writeMembers(of: frame, &json, &out)
        case .unfinished(_, let content, let bytes):
            json.member("type", plain: content.type, &out)
            json.member("unfinished", true, &out)
            writeMembers(of: content, bytes, &json, &out)
        case .wire(let content, let bytes):
            json.member("type", plain: content.type, &out)
            writeMembers(of: content, bytes, &json, &out)
        }
        json.endObject(&out)
        out.append("\n")
    }

    private func writeMembers(
        of content: WireEvent.Content, _ bytes: ByteBuffer?, _ json: inout JSONWriter, _ out: inout OutputBuffer
    ) {
        switch content {
        case .opened(let description):
            json.member("peer", mask.masked(summary: description.remoteAddress), &out)
            if let subprotocol = description.subprotocol {
                json.member("subprotocol", mask.masked(summary: subprotocol), &out)
            }
            if let tls = description.tls { json.member("tls", tls, &out) }
        case .serverSentEvent(let event):
            json.member("event", mask.masked(summary: event.event), &out)
            json.member("id", mask.masked(summary: event.id), &out)
            event.data.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { json.member("data", $0, &out) }
        case .retry(let milliseconds): json.member("retry", milliseconds, &out)
        case .ended(let closure):
            if let code = closure.code { json.member("code", code, &out) }
            json.member("reason", mask.masked(summary: closure.reason), &out)
            json.member("clean", closure.isClean, &out)
        case .observedHeartBeat: break
        default:
            // A message that is not valid STOMP may still contain a frame with secrets.
            bytes?.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { frames.writeBody($0, &json, &out) }
        }
    }
}
