import NIOCore
import STOMPTransport

/// Writes events as JSON, an object a line: those of `--trace-file`, of `raw -o json`, of `tap -o json` and `--record`.
///
/// In a trace file:
///
/// | key | is |
/// |---|---|
/// | `time` | when, in UTC with microseconds |
/// | `connection` | which connection of the command, counted from 1 |
/// | `direction` | `in`, `out`, `local` |
/// | `layer` | `tcp`, `tls`, `proxy`, `http`, `ws`, `sockjs`, `stomp` |
/// | `level` | how many `v` show it: 1, 2, 3 |
/// | `event` | what it is, in a few words |
/// | `size` | how many bytes it is about; `size` and `data` are left out if it is about none |
/// | `data`, `dataEncoding` | those bytes, `utf-8` or `base64`, with an asterisk for each byte of a secret; left out if they are a piece of a message, which may hold a piece of a secret |
///
/// Of `raw`, each object has `time`, `direction`, `layer` and `type`. The types: `open` with `peer`, `subprotocol` and
/// `tls`; `frame` with what `-o json` has of frames elsewhere; `text`, `binary`, `ping`, `pong` and `bytes` with `body`,
/// `bodyEncoding` and `bodySize`; `heart-beat`; `event` with `event`, `id` and `data`; `retry` with `retry`, in
/// milliseconds; `close` with `code`, `reason` and `clean`.
///
/// Of `tap`, each has `time`, `direction` (`to-server`, `to-app`), `connection` and `app`, then what frames have
/// elsewhere, or `type` and a body. A frame whose end has not come is what it passed as, `text`, `binary` or `octets`,
/// with `unfinished` (true), its `command` left out.
package struct EventJSON: Sendable {
    private let mask: SecretMask
    private var time = ISOTime()
    private var frames: JSONMessage

    package init(mask: SecretMask, hasJSONBodies: Bool = false) {
        self.mask = mask
        frames = JSONMessage(mask: mask, hasJSONBodies: hasJSONBodies)
    }

    /// Appends an event of a trace.
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

    /// Appends what `raw` or `tap` shows.
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
            // A message without STOMP may still hold a frame with secrets.
            bytes?.withUnsafeReadableBytes { mask.covered($0) }.withUnsafeBytes { frames.writeBody($0, &json, &out) }
        }
    }
}
